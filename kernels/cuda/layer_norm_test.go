package cuda_test

import (
	"math"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// A NaN or an infinity in a row reaches its mean, its inverse and its y as in the reference, and
// no other row, wherever in the row it stands.
func TestLayerNormKeepsNaNAndInf(t *testing.T) {
	d := checked(t)
	defer d.Close()
	host := reference.New()
	for _, cols := range []int{40, 200, 300, 600, 17_000} {
		const rows = 3
		for _, c := range []int{0, cols / 2, cols - 1} {
			for _, v := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
				x := make([]float32, rows*cols)
				for i := range x {
					x[i] = float32(i * 7919 % 1009)
				}
				x[cols+c] = v
				got, want := layerNormOf(d, x, rows, cols), layerNormOf(host, x, rows, cols)
				for i := range want {
					a, b := float64(got[i]), float64(want[i])
					if same := a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-5*(1+math.Abs(b)); !same {
						t.Fatalf("%v in column %d of %d: output %d is %v, want %v", v, c, cols, i, a, b)
					}
				}
			}
		}
	}
}

// layerNormOf gives y, the means and the inverses, one after the other.
func layerNormOf(d kernels.Device, values []float32, rows, cols int) []float32 {
	x, all := d.Alloc(kernels.Float32, len(values)), d.Alloc(kernels.Float32, len(values)+2*rows)
	defer x.Free()
	defer all.Free()
	kernels.Upload(d, x, values)
	y, mean, inverse := all.Slice(0, len(values)), all.Slice(len(values), len(values)+rows), all.Slice(len(values)+rows, all.Len())
	d.LayerNorm(y, mean, inverse, x, nil, nil, rows, cols, 1e-3)
	got := make([]float32, all.Len())
	kernels.Download(d, got, all)
	return got
}

// By row, x is read once and y written once, and for dx dy and x are read once and dx written once,
// besides gamma, beta and two numbers per row. Only rows of more than 16384 columns are read again:
// three times forward and twice for dx.
func TestLayerNormCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	for _, c := range []struct {
		rows, cols        int
		forward, backward float64 // instructions per element, at most
	}{
		{256, 32, 42, 38}, {512, 64, 43, 39}, {256, 128, 45, 41}, {128, 256, 33, 31},
		{64, 512, 27, 26}, {32, 1024, 30, 29}, {4, 16384, 30, 29}, {2, 32768, 34, 37},
	} {
		n := c.rows * c.cols
		x, y, dy := d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n)
		mean, inverse := d.Alloc(kernels.Float32, c.rows), d.Alloc(kernels.Float32, c.rows)
		gamma, beta := d.Alloc(kernels.Float32, c.cols), d.Alloc(kernels.Float32, c.cols)
		check := func(direction string, matrices, vectors, most float64, run func()) {
			machine.ResetCounters()
			run()
			total := machine.Counters().Total
			moved, each := 32*float64(total.Sectors)/float64(n), 32*float64(total.WarpInstructions)/float64(n)
			t.Logf("%d×%d %s: %.2f bytes and %.1f instructions per element", c.rows, c.cols, direction, moved, each)
			// gamma and beta are 4 bytes per element each, from the cache; the two numbers of the row are a
			// sector each, at most once for each warp of 512 columns.
			if want := 4*(matrices+vectors) + 64/float64(min(c.cols, 512)); !(moved <= want) {
				t.Errorf("%d×%d %s: %.2f bytes per element, want %.2f", c.rows, c.cols, direction, moved, want)
			}
			if total.BankConflicts != 0 {
				t.Errorf("%d×%d %s: %d bank conflicts, want none", c.rows, c.cols, direction, total.BankConflicts)
			}
			if !(each <= most) {
				t.Errorf("%d×%d %s: %.1f instructions per element, want %g at most", c.rows, c.cols, direction, each, most)
			}
		}
		more := 0.0
		if c.cols > 16384 {
			more = 1
		}
		check("forward", 2+2*more, 2, c.forward, func() { d.LayerNorm(y, mean, inverse, x, gamma, beta, c.rows, c.cols, 1e-3) })
		check("backward", 3+2*more, 1+more, c.backward, func() {
			const o = kernels.Overwrite
			d.LayerNormGrad(y, nil, nil, dy, x, mean, inverse, gamma, c.rows, c.cols, o, o, o)
		})
		for _, b := range []kernels.Buffer{x, y, dy, mean, inverse, gamma, beta} {
			b.Free()
		}
	}
}

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
