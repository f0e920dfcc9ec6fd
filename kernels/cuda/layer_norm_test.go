package cuda_test

import (
	"strings"
	"testing"

	"baregrad/kernels"
)

// The sums over rows of layer normalization read x and dy once. Few columns cost no more
// instructions per element than many, except where they are no power of two.
func TestLayerNormSumCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	for _, c := range []struct {
		rows, cols int
		most       float64 // instructions per element
	}{{1 << 13, 64, 34}, {1 << 14, 32, 34}, {1 << 15, 16, 35}, {1 << 17, 4, 36}, {50_000, 10, 43}} {
		n := c.rows * c.cols
		x, dy := d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n)
		mean, inverse := d.Alloc(kernels.Float32, c.rows), d.Alloc(kernels.Float32, c.rows)
		dgamma, dbeta := d.Alloc(kernels.Float32, c.cols), d.Alloc(kernels.Float32, c.cols)
		machine.ResetCounters()
		d.LayerNormGrad(nil, dgamma, dbeta, dy, x, mean, inverse, nil, c.rows, c.cols, kernels.Overwrite, kernels.Overwrite, kernels.Overwrite)
		matrices, instructions := 0.0, 0.0
		for _, l := range machine.Counters().Lines {
			instructions += float64(l.WarpInstructions)
			if strings.HasPrefix(l.Instr, "ld.global") {
				matrices += float64(l.Sectors)
			}
			if l.BankConflicts != 0 {
				t.Errorf("%d×%d: %d bank conflicts in %s, want none", c.rows, c.cols, l.BankConflicts, l.Instr)
			}
		}
		moved, each := 32*matrices/float64(n), 32*instructions/float64(n)
		t.Logf("%d×%d: %.2f bytes and %.1f instructions per element", c.rows, c.cols, moved, each)
		if !(each <= c.most) {
			t.Errorf("%d×%d: %.1f instructions per element, want %g at most", c.rows, c.cols, each, c.most)
		}
		for _, b := range []kernels.Buffer{x, dy, mean, inverse, dgamma, dbeta} {
			b.Free()
		}
	}
}
