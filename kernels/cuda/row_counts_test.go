package cuda_test

import (
	"testing"

	"baregrad/kernels"
)

// By row, softmax, its logarithm and their gradients touch each element once, in sectors, and take
// few instructions per element, counted in the 32 lanes of each warp: rows of few columns share a
// warp. Only rows of more than 16384 columns are read again.
func TestSoftmaxCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	type limit struct{ bytes, instructions float64 } // per element, at most
	for _, c := range []struct {
		rows, cols                                     int
		softmax, softmaxGrad, logarithm, logarithmGrad limit
	}{
		{1000, 10, limit{22.5, 81}, limit{33.7, 39}, limit{22.5, 89}, limit{33.7, 83}},
		{512, 16, limit{16, 50}, limit{24, 24}, limit{16, 55}, limit{24, 51}},
		{256, 32, limit{8, 51}, limit{12, 25}, limit{8, 56}, limit{12, 52}},
		{128, 64, limit{8, 52}, limit{12, 25}, limit{8, 57}, limit{12, 52}},
		{64, 100, limit{9.4, 67}, limit{14, 33}, limit{9.4, 74}, limit{14, 67}},
		{32, 256, limit{8, 46}, limit{12, 20}, limit{8, 47}, limit{12, 47}},
		{16, 512, limit{8, 43}, limit{12, 17}, limit{8, 42}, limit{12, 44}},
		{16, 1000, limit{8, 46}, limit{12, 19}, limit{8, 45}, limit{12, 47}},
		{16, 1024, limit{8, 45}, limit{12, 18}, limit{8, 44}, limit{12, 45}},
		{4, 10_000, limit{8, 46}, limit{12, 19}, limit{8, 45}, limit{12, 47}},
		{4, 10_001, limit{9.6, 46}, limit{14.4, 19}, limit{9.6, 45}, limit{14.4, 47}},
		{1, 100_003, limit{16.1, 82}, limit{20.1, 25}, limit{16.1, 50}, limit{20.1, 53}},
	} {
		n := c.rows * c.cols
		x, y, dy := d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n)
		check := func(name string, most limit, run func()) {
			machine.ResetCounters()
			run()
			total := machine.Counters().Total
			bytes, instructions := 32*float64(total.Sectors)/float64(n), 32*float64(total.WarpInstructions)/float64(n)
			t.Logf("%d×%d %s: %.1f bytes and %.1f instructions per element", c.rows, c.cols, name, bytes, instructions)
			if !(bytes <= most.bytes) || !(instructions <= most.instructions) {
				t.Errorf("%d×%d %s: %.1f bytes and %.1f instructions per element, want %v and %v at most",
					c.rows, c.cols, name, bytes, instructions, most.bytes, most.instructions)
			}
			if total.BankConflicts != 0 {
				t.Errorf("%d×%d %s: %d bank conflicts, want none", c.rows, c.cols, name, total.BankConflicts)
			}
		}
		check("softmax", c.softmax, func() { d.Softmax(y, x, c.rows, c.cols) })
		check("softmax gradient", c.softmaxGrad, func() { d.SoftmaxGrad(x, dy, y, c.rows, c.cols, kernels.Overwrite) })
		check("log-softmax", c.logarithm, func() { d.LogSoftmax(y, x, c.rows, c.cols) })
		check("log-softmax gradient", c.logarithmGrad, func() { d.LogSoftmaxGrad(x, dy, y, c.rows, c.cols, kernels.Overwrite) })
		for _, b := range []kernels.Buffer{x, y, dy} {
			b.Free()
		}
	}
}
