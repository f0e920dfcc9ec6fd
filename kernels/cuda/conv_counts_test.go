package cuda_test

import (
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// The convolutions fed by asynchronous copies have no bank conflicts in shared memory, and most of
// their instructions are multiply-adds: a larger share than in the implicit product without such
// copies. The shape is that of mnist-cnn's second convolution with fewer images.
func TestConvCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	s := kernels.ConvSpec{N: 1, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, OH: 24, OW: 24,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	sizeX, sizeW, sizeY := s.N*s.H*s.W*s.C, s.Cols()*s.Out, s.Rows()*s.Out
	x, w, y := d.Alloc(kernels.Float32, sizeX), d.Alloc(kernels.Float32, sizeW), d.Alloc(kernels.Float32, sizeY)
	for name, pass := range map[string]struct {
		run   func()
		share float64 // of multiply-adds among the instructions, at least
	}{
		"conv_async_fwd":        {func() { d.Conv2D(y, x, w, nil, s) }, 0.84},
		"conv_async_bwd_input":  {func() { d.Conv2DGradInput(x, y, w, s, kernels.Overwrite) }, 0.84},
		"conv_async_bwd_filter": {func() { d.Conv2DGradFilter(w, y, x, s, kernels.Overwrite) }, 0.81},
	} {
		t.Run(name, func(t *testing.T) {
			shares := map[cuda.ConvForm]float64{}
			for _, form := range []cuda.ConvForm{cuda.ConvImplicit, cuda.ConvByShape} {
				d.ConvForm = form
				machine.ResetCounters()
				pass.run()
				multiplied, all, conflicts := uint64(0), uint64(0), uint64(0)
				for _, l := range machine.Counters().Lines {
					if form == cuda.ConvByShape && !strings.HasPrefix(l.Kernel, name) {
						continue // adds up the parts of the gradient by the filter
					}
					all += l.WarpInstructions
					conflicts += l.BankConflicts
					if strings.HasPrefix(l.Instr, "fma") {
						multiplied += l.WarpInstructions
					}
				}
				if all == 0 {
					t.Fatalf("no kernel's name begins with %s", name)
				}
				if form == cuda.ConvByShape && conflicts != 0 {
					t.Errorf("%d bank conflicts, want none", conflicts)
				}
				shares[form] = float64(multiplied) / float64(all)
			}
			t.Logf("multiply-adds among the instructions: %.3f, %.3f without asynchronous copies", shares[cuda.ConvByShape], shares[cuda.ConvImplicit])
			if !(shares[cuda.ConvByShape] >= pass.share) || !(shares[cuda.ConvByShape] > shares[cuda.ConvImplicit]) {
				t.Errorf("%.3f of the instructions are multiply-adds, want %g at least, and more than %.3f",
					shares[cuda.ConvByShape], pass.share, shares[cuda.ConvImplicit])
			}
		})
	}
}

// The gradient by few filters fills the tiles of conv_async, but not those of the implicit product,
// which are 128×32. The test counts all launches, including the sum of the parts, for a 3×3
// convolution with as many channels as filters.
func TestFewFiltersCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	for _, c := range []struct {
		channels int
		part     float64 // of the implicit product's instructions, at most
	}{{16, 0.4}, {32, 0.7}} {
		s := kernels.ConvSpec{N: 4, H: 32, W: 32, C: c.channels, KH: 3, KW: 3, Out: c.channels, OH: 32, OW: 32, PadTop: 1, PadLeft: 1,
			StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
		x, w, y := d.Alloc(kernels.Float32, s.N*s.H*s.W*s.C), d.Alloc(kernels.Float32, s.Cols()*s.Out), d.Alloc(kernels.Float32, s.Rows()*s.Out)
		counted := func(form cuda.ConvForm) float64 {
			d.ConvForm = form
			machine.ResetCounters()
			d.Conv2DGradFilter(w, y, x, s, kernels.Overwrite)
			all, conflicts := uint64(0), uint64(0)
			for _, l := range machine.Counters().Lines {
				all += l.WarpInstructions
				if strings.HasPrefix(l.Kernel, "conv_async") {
					conflicts += l.BankConflicts
				}
			}
			if conflicts != 0 {
				t.Errorf("%d channels: %d bank conflicts, want none", s.C, conflicts)
			}
			return float64(all) / (float64(s.Rows()) * float64(s.Cols()) * float64(s.Out) / 32)
		}
		before, after := counted(cuda.ConvImplicit), counted(cuda.ConvByShape)
		t.Logf("%d channels and filters: %.2f instructions for a multiply-add, %.2f by the implicit product", s.C, after, before)
		if !(after <= c.part*before) {
			t.Errorf("%d channels and filters: %.2f instructions for a multiply-add, want %g of the implicit product's %.2f at most", s.C, after, c.part, before)
		}
	}
}

// The first convolution of mnist-cnn has few instructions per element of y, and its gradient by the
// filter reads dy once for each row of the filter: from conv_direct.ptx they took 114 and 56
// instructions, and the gradient read dy nine times.
func TestOneChannelCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	s := kernels.ConvSpec{N: 2, H: 28, W: 28, C: 1, KH: 3, KW: 3, Out: 32, OH: 26, OW: 26,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, ReLU: true}
	sizeX, sizeW, sizeY := s.N*s.H*s.W, s.Cols()*s.Out, s.Rows()*s.Out
	x, w, y, bias := d.Alloc(kernels.Float32, sizeX), d.Alloc(kernels.Float32, sizeW), d.Alloc(kernels.Float32, sizeY), d.Alloc(kernels.Float32, s.Out)
	for kernel, pass := range map[string]struct {
		run                 func()
		instructions, bytes float64 // at most, per element of y
	}{
		"conv_one_fwd_3_f32":        {func() { d.Conv2D(y, x, w, bias, s) }, 30, 10},
		"conv_one_bwd_filter_3_f32": {func() { d.Conv2DGradFilter(w, y, x, s, kernels.Overwrite) }, 22, 10},
	} {
		machine.ResetCounters()
		pass.run()
		instructions, sectors := uint64(0), uint64(0)
		for _, l := range machine.Counters().Lines {
			if l.Kernel == kernel { // not the sum of the gradient's parts
				instructions += l.MachineInstructions
				sectors += l.Sectors
			}
		}
		per, bytes := 32*float64(instructions)/float64(sizeY), 32*float64(sectors)/float64(sizeY)
		t.Logf("%s: %.1f machine instructions and %.1f bytes in sectors per element of y", kernel, per, bytes)
		if !(per > 0 && per <= pass.instructions) || !(bytes > 0 && bytes <= pass.bytes) {
			t.Errorf("%s: %.1f machine instructions and %.1f bytes per element of y, want %g and %g at most", kernel, per, bytes, pass.instructions, pass.bytes)
		}
	}
}
