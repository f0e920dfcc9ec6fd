package kerneltest

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// BatchNorm: y = gamma·(x−mean)/√(variance+epsilon) + beta, with the mean and the variance of
// each column.
func batchNormCases() (cases []operation) {
	for _, c := range []struct {
		rows, cols      int
		noScale, noBeta bool
		offset          float32 // of x's columns
	}{
		{rows: 5, cols: 3}, {rows: 1, cols: 4}, {rows: 2, cols: 1}, {rows: 7, cols: 33}, {rows: 6, cols: 5, noScale: true}, {rows: 6, cols: 5, noBeta: true},
		{rows: 9, cols: 16, noScale: true, noBeta: true}, {rows: 4, cols: 0}, {rows: 65, cols: 10}, {rows: 300, cols: 5, offset: 100},
		{rows: 1031, cols: 64}, {rows: 20_011, cols: 3}, {rows: 130, cols: 131},
	} {
		rows, cols := c.rows, c.cols
		const epsilon = 0.0625 // so that 1/√(variance+epsilon) is 4 at most
		op := operation{method: "BatchNorm", detail: fmt.Sprintf("%d×%d", rows, cols), large: rows*cols > 150, optional: []int{1, 2}}
		g := newGenerator(op.detail)
		x := g.signed(rows * cols)
		for i := range x {
			x[i] += c.offset
		}
		op.in = []array{floats(x), floats(g.signed(cols)), floats(g.signed(cols))}
		op.wrt = []int{0}
		if c.noScale {
			op.in[1] = absent
			op.detail += " without gamma"
		} else {
			op.wrt = append(op.wrt, 1)
		}
		if c.noBeta {
			op.in[2] = absent
			op.detail += " without beta"
		} else {
			op.wrt = append(op.wrt, 2)
		}
		op.out = []array{outputs(rows * cols), outputs(cols), outputs(cols)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
			d.BatchNorm(out[0], out[1], out[2], in[0], in[1], in[2], rows, cols, epsilon)
		}
		op.oracle = func(x, _ [][]float64) [][]float64 {
			y, mean, variance := make([]float64, rows*cols), make([]float64, cols), make([]float64, cols)
			for i, v := range x[0] {
				mean[i%cols] += v
			}
			for c := range mean {
				mean[c] /= float64(rows) // at last, so that equal values have exactly that mean
			}
			for i, v := range x[0] {
				variance[i%cols] += (v - mean[i%cols]) * (v - mean[i%cols]) / float64(rows)
			}
			for i, v := range x[0] {
				y[i] = (v - mean[i%cols]) / math.Sqrt(variance[i%cols]+epsilon)
				if len(x[1]) > 0 {
					y[i] *= x[1][i%cols]
				}
				if len(x[2]) > 0 {
					y[i] += x[2][i%cols]
				}
			}
			return [][]float64{y, mean, variance}
		}
		// The mean is off by a few epsilons of itself, be it added up in float32 or rounded once;
		// y has that times gamma/√(variance+epsilon), up to 8.
		op.tol = rounding(64 * (1 + float64(c.offset)))
		op.gradTol = tolerance{absolute: 8 * (1 + float64(c.offset)/8) * summing(rows).absolute, relative: 16.0 / (1 << 23)}
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, in []kernels.Buffer, m []kernels.Mode) {
			var of [3]kernels.Buffer
			var modes [3]kernels.Mode
			for k, which := range op.wrt {
				of[which], modes[which] = din[k], m[k]
			}
			d.BatchNormGrad(of[0], of[1], of[2], dy, in[0], out[1], out[2], in[1], rows, cols, epsilon, modes[0], modes[1], modes[2])
		}
		cases = append(cases, op)
	}
	return cases
}
