package cuda_test

import (
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// The convolutions fed by asynchronous copies meet no conflict between banks of shared
// memory, and nearly all that they do are multiply-adds: more than by the implicit
// product without such copies. The shape is that of mnist-cnn's second convolution, of
// fewer images.
func TestConvCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	s := kernels.ConvSpec{N: 1, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, OH: 24, OW: 24,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	sizeX, sizeW, sizeY := s.N*s.H*s.W*s.C, s.Cols()*s.Out, s.Rows()*s.Out
	x, w, y := d.Alloc(kernels.Float32, sizeX), d.Alloc(kernels.Float32, sizeW), d.Alloc(kernels.Float32, sizeY)
	for name, pass := range map[string]struct {
		run   func()
		share float64 // of the multiply-adds among the instructions, at least
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
						continue // the splits of the gradient by the filter are added up
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
