package cuda_test

import (
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// The kernels have 16 multiply-adds per tile of four outputs, where the formula has 36. Most of
// their instructions are multiply-adds, and there are no bank conflicts in shared memory. The shape
// is that of mnist-cnn's second convolution with fewer images.
func TestWinogradCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	s := threeByThree(kernels.ConvSpec{N: 2, H: 26, W: 26, C: 32, Out: 64})
	c := newWinogradCase(s)
	products := uint64(s.Rows() * s.Out * s.Cols() / 32) // multiply-adds of the formula, in warp instructions
	forward := func() { c.forward(d, true) }
	byInput := func() { c.byInput(d, nil) }
	for _, pass := range []struct {
		name   string
		run    func()
		dense  cuda.ConvForm // the form it is compared with
		tiles  int           // in whole blocks of 32
		terms  int           // of the formula, including the zeros around dy
		blocks map[cuda.ConvForm]int
		most   map[cuda.ConvForm]float64 // instructions per multiply-add of the formula, as a share of those of conv_async
	}{
		{"forward", forward, cuda.ConvAsyncLarge, 288, s.Rows() * s.Out * s.Cols(), map[cuda.ConvForm]int{cuda.ConvWinograd: 9, cuda.ConvWinogradNarrow: 18},
			map[cuda.ConvForm]float64{cuda.ConvWinograd: 0.54, cuda.ConvWinogradNarrow: 0.59}},
		{"by input", byInput, cuda.ConvAsync, 352, s.N * s.H * s.W * s.C * 9 * s.Out, map[cuda.ConvForm]int{cuda.ConvWinogradNarrow: 11},
			map[cuda.ConvForm]float64{cuda.ConvWinogradNarrow: 0.54}},
	} {
		instructions := map[cuda.ConvForm]float64{}
		for _, form := range []cuda.ConvForm{pass.dense, cuda.ConvWinograd, cuda.ConvWinogradNarrow} {
			blocks, ok := pass.blocks[form]
			if !ok && form != pass.dense {
				continue
			}
			machine.ResetCounters()
			d.ConvForm = form
			pass.run()
			var all, multiplied, shared, conflicts uint64
			for _, l := range machine.Counters().Lines {
				all += l.WarpInstructions
				conflicts += l.BankConflicts
				shared += l.SharedBytes
				if strings.HasPrefix(l.Instr, "fma") {
					multiplied += l.WarpInstructions
				}
			}
			want := uint64(pass.terms / 32)
			if ok {
				warps := uint64(8)
				if form == cuda.ConvWinogradNarrow {
					warps = 4
				}
				multiplied -= 32 * warps * uint64(blocks) // those that check whether all is finite
				want = uint64(pass.tiles * 16 * s.C * s.Out / 32)
			} else if pass.tiles == 352 {
				want = multiplied // rows are filled up to whole blocks
			}
			instructions[form] = float64(all) / float64(products)
			t.Logf("%s, form %v: %.3f instructions and %.3f multiply-adds for one of the formula, %.3f of them multiply-adds; %.2f bytes of shared memory; %d conflicts; %d instructions",
				pass.name, form, instructions[form], float64(multiplied)/float64(products), float64(multiplied)/float64(all), float64(shared)/float64(32*products), conflicts, all)
			if conflicts != 0 {
				t.Errorf("%s, form %v: %d bank conflicts, want none", pass.name, form, conflicts)
			}
			if multiplied != want {
				t.Errorf("%s, form %v: %d multiply-adds, want %d", pass.name, form, multiplied, want)
			}
			if most := pass.most[form]; ok && !(instructions[form] <= most*instructions[pass.dense]) {
				t.Errorf("%s, form %v: %.3f instructions for a multiply-add of the formula, want at most %v of %.3f", pass.name, form, instructions[form], most, instructions[pass.dense])
			}
		}
	}
}
