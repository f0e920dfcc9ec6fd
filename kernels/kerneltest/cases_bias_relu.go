package kerneltest

import (
	"fmt"

	"baregrad/kernels"
)

// The gradients of what a bias and a ReLU were put to at once. Their forward
// passes are put together here from the single kernels.

// BiasReLUGrad: y[r,c] = ReLU(x[r,c] + bias[c]).
func biasReLUCases() (cases []operation) {
	for _, size := range [][2]int{{1, 1}, {3, 5}, {2, 16}, {7, 33}, {64, 10}, {0, 4}, {4, 0}, {1031, 64}, {40000, 3}} {
		rows, cols := size[0], size[1]
		op := operation{method: "ReLU of a sum with a bias", composed: true, gradientName: "BiasReLUGrad",
			detail: fmt.Sprintf("%d×%d", rows, cols), large: rows > 1000, elementwise: rows > 1}
		g := newGenerator(op.detail)
		op.in = []array{floats(g.coarse(rows * cols)), floats(g.coarse(cols))}
		op.out = []array{outputs(rows * cols)}
		s := biased(rows, cols)
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
			d.Add(out[0], in[0], in[1], s)
			d.ReLU(out[0], out[0])
		}
		op.oracle = func(x, at [][]float64) [][]float64 { return [][]float64{biasReLU(x, at, cols)} }
		op.tol = exact // coarse numbers add up exactly
		op.wrt = []int{0, 1}
		op.gradTol = summing(rows)
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, _ []kernels.Buffer, m []kernels.Mode) {
			overwriting(d, din[0], rows*cols, m[0], func(dx kernels.Buffer) {
				d.BiasReLUGrad(dx, din[1], dy, out[0], rows, cols, m[1])
			})
		}
		cases = append(cases, op)
	}
	return cases
}

// BiasReLUMaxPoolGrad: y = the maximum of ReLU(x + bias) over each window.
func biasReLUMaxPoolCases() (cases []operation) {
	for _, s := range append(windows(), poolOf(conv(5, 24, 24, 64, 2, 2, 1, 2, 2, 1, 1, false))) {
		pixels, n := s.N*s.H*s.W, s.N*s.OH*s.OW*s.C
		op := operation{method: "MaxPool of a ReLU of a sum with a bias", composed: true, gradientName: "BiasReLUMaxPoolGrad",
			detail: poolDetail(s), large: pixels*s.C > 1000}
		g := newGenerator(op.detail)
		op.in = []array{floats(g.coarse(pixels * s.C)), floats(g.coarse(s.C))}
		op.out = []array{outputs(n), intOutputs(n), outputs(pixels * s.C)}
		add := biased(pixels, s.C)
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
			d.Add(out[2], in[0], in[1], add)
			d.ReLU(out[2], out[2])
			d.MaxPool(out[0], out[1], out[2], s)
		}
		op.oracle = func(x, at [][]float64) [][]float64 {
			y, arg := make([]float64, n), make([]float64, n)
			values, places := biasReLU(x, at, s.C), biasReLU(at, at, s.C)
			for i := range y {
				window := windowOf(s, i)
				best := window[firstMaximum(places, window)]
				y[i], arg[i] = values[best], float64(best)
			}
			return [][]float64{y, arg, values}
		}
		op.tol = exact // coarse numbers add up exactly, and the rest is choosing
		op.wrt = []int{0, 1}
		op.gradTol = summing(max(s.KH*s.KW, s.N*s.OH*s.OW))
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, _ []kernels.Buffer, m []kernels.Mode) {
			overwriting(d, din[0], pixels*s.C, m[0], func(dx kernels.Buffer) {
				d.BiasReLUMaxPoolGrad(dx, din[1], dy, out[0], out[1], s, m[1])
			})
		}
		cases = append(cases, op)
	}
	return cases
}

// biasReLU is ReLU(x + bias), where at tells on which side of 0 a sum lies.
func biasReLU(x, at [][]float64, cols int) []float64 {
	y := make([]float64, len(x[0]))
	for i := range y {
		if !(at[0][i]+at[1][i%cols] <= 0) {
			y[i] = x[0][i] + x[1][i%cols]
		}
	}
	return y
}

func biased(rows, cols int) kernels.BroadcastSpec {
	_, s, err := kernels.Broadcast([]int{rows, cols}, []int{cols})
	if err != nil {
		panic(err)
	}
	return s
}

// overwriting calls a gradient kernel that always overwrites and always needs dx.
// Where dx is to be added to, or is not wanted, the kernel gets a buffer of n.
func overwriting(d kernels.Device, dx kernels.Buffer, n int, m kernels.Mode, run func(dx kernels.Buffer)) {
	if dx != nil && m == kernels.Overwrite {
		run(dx)
		return
	}
	spare := d.Alloc(kernels.Float32, n)
	defer spare.Free()
	run(spare)
	if dx != nil {
		d.AddScaled(dx, spare, 1)
	}
}
