package kerneltest

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// LayerNorm: y = gamma·(x−mean)·inverse + beta, with the mean of each row and
// inverse = 1/√(variance+epsilon).
func layerNormCases() (cases []operation) {
	for _, c := range []struct {
		rows, cols      int
		noScale, noBeta bool
		offset          float32 // of x's rows
		spare           bool
	}{
		{rows: 3, cols: 5}, {rows: 4, cols: 1}, {rows: 1, cols: 2}, {rows: 3, cols: 33}, {rows: 6, cols: 5, noScale: true}, {rows: 6, cols: 5, noBeta: true},
		{rows: 5, cols: 16, noScale: true, noBeta: true}, {rows: 0, cols: 4}, {rows: 65, cols: 10}, {rows: 5, cols: 300, offset: 100},
		{rows: 64, cols: 1031}, {rows: 1100, cols: 3}, {rows: 20_011, cols: 3, spare: true}, {rows: 131, cols: 130}, {rows: 2, cols: 5000}, {rows: 700, cols: 17},
		{rows: 9, cols: 256}, {rows: 2, cols: 512}, {rows: 3, cols: 600, offset: 100}, {rows: 1, cols: 16384}, {rows: 2, cols: 16_411}, {rows: 2, cols: 33_001, spare: true},
	} {
		rows, cols := c.rows, c.cols
		const epsilon = 0.0625 // so that the inverse is 4 at most
		op := operation{method: "LayerNorm", detail: fmt.Sprintf("%d×%d", rows, cols), large: rows*cols > 150, spare: c.spare, optional: []int{1, 2}}
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
		op.out = []array{outputs(rows * cols), outputs(rows), outputs(rows)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
			d.LayerNorm(out[0], out[1], out[2], in[0], in[1], in[2], rows, cols, epsilon)
		}
		op.oracle = func(x, _ [][]float64) [][]float64 {
			y, mean, inverse := make([]float64, rows*cols), make([]float64, rows), make([]float64, rows)
			for r := range rows {
				row, variance := x[0][r*cols:(r+1)*cols], 0.0
				for _, v := range row {
					mean[r] += v
				}
				mean[r] /= float64(cols) // at last, so that equal values have exactly that mean
				for _, v := range row {
					variance += (v - mean[r]) * (v - mean[r]) / float64(cols)
				}
				inverse[r] = 1 / math.Sqrt(variance+epsilon)
				for c, v := range row {
					n := (v - mean[r]) * inverse[r]
					if len(x[1]) > 0 {
						n *= x[1][c]
					}
					if len(x[2]) > 0 {
						n += x[2][c]
					}
					y[r*cols+c] = n
				}
			}
			return [][]float64{y, mean, inverse}
		}
		// The mean is off by a few epsilons of itself, be it added up in float32 or rounded once;
		// y has that times gamma·inverse, up to 8.
		op.tol = rounding(64 * (1 + float64(c.offset)))
		op.gradTol = tolerance{absolute: 8 * (1 + float64(c.offset)/8) * summing(max(rows, cols)).absolute, relative: 16.0 / (1 << 23)}
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, in []kernels.Buffer, m []kernels.Mode) {
			var of [3]kernels.Buffer
			var modes [3]kernels.Mode
			for k, which := range op.wrt {
				of[which], modes[which] = din[k], m[k]
			}
			d.LayerNormGrad(of[0], of[1], of[2], dy, in[0], out[1], out[2], in[1], rows, cols, modes[0], modes[1], modes[2])
		}
		cases = append(cases, op)
	}
	return cases
}
