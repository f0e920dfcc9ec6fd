package kerneltest

import (
	"fmt"

	"baregrad/kernels"
)

// A pair is two shapes that can be broadcast.
type pair struct{ a, b []int }

func pairs() []pair {
	list := []pair{
		{[]int{3, 5}, []int{3, 5}},
		{[]int{7, 5}, []int{5}},    // a bias: b is repeated
		{[]int{5}, []int{7, 5}},    // a is
		{[]int{3, 1}, []int{1, 4}}, // both are
		{[]int{7, 5}, []int{7, 1}}, // a column
		{[]int{1}, []int{5}},
		{[]int{5}, []int{1}},
		{[]int{}, []int{3, 4}}, // a scalar
		{[]int{}, []int{}},
		{[]int{2, 3, 4}, []int{3, 1}},
		{[]int{2, 1, 3, 1, 2}, []int{1, 4, 1, 5, 1}}, // no two axes can be merged
		{[]int{2, 1, 2, 1, 2, 1}, []int{1, 2, 1, 3, 1, 2}},
		{[]int{0, 3}, []int{3}},
		{[]int{1}, []int{0}},
		{[]int{2, 1, 2}, []int{2, 0, 2}},
		{[]int{6, 33}, []int{33}},
		{[]int{33, 7}, []int{33, 1}},
		{[]int{40}, []int{}},
		// Fours of neighbours, of both operands or of one, and the same one for all four.
		{[]int{3, 4, 8}, []int{3, 1, 8}},
		{[]int{4, 1, 8}, []int{5, 8}},
		{[]int{3, 4, 8}, []int{4, 1}},
		{[]int{4, 1}, []int{3, 4, 8}},
		{[]int{3, 2, 1}, []int{3, 1, 4}},
		{[]int{3, 4, 6}, []int{3, 1, 6}}, // no fours
	}
	for n := range 36 {
		list = append(list, pair{[]int{n}, []int{n}})
	}
	return append(list, pair{[]int{37, 29}, []int{37, 29}}, pair{[]int{37, 29}, []int{29}})
}

// operandIndex is the element of an operand of the given shape that NumPy's
// rules repeat to element at of the output.
func operandIndex(operand, output []int, at int) int {
	index, step := 0, 1
	for i := 1; i <= len(output); i++ {
		coordinate := at % output[len(output)-i]
		at /= output[len(output)-i]
		if i > len(operand) {
			continue
		}
		size := operand[len(operand)-i]
		if size != 1 {
			index += coordinate * step
		}
		step *= size
	}
	return index
}

// Add, Sub, Mul and Div with broadcasting.
func arithmeticCases() (cases []operation) {
	type arithmetic struct {
		method   string
		f        func(a, b float64) float64
		forward  func(d kernels.Device, y, a, b kernels.Buffer, s kernels.BroadcastSpec)
		gradient func(d kernels.Device, da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode)
	}
	for _, f := range []arithmetic{
		{"Add", func(a, b float64) float64 { return a + b }, kernels.Device.Add,
			func(d kernels.Device, da, db, dy, _, _ kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
				d.AddGrad(da, db, dy, s, ma, mb)
			}},
		{"Sub", func(a, b float64) float64 { return a - b }, kernels.Device.Sub,
			func(d kernels.Device, da, db, dy, _, _ kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
				d.SubGrad(da, db, dy, s, ma, mb)
			}},
		{"Mul", func(a, b float64) float64 { return a * b }, kernels.Device.Mul, kernels.Device.MulGrad},
		{"Div", func(a, b float64) float64 { return a / b }, kernels.Device.Div, kernels.Device.DivGrad},
	} {
		for _, p := range pairs() {
			shape, s, err := kernels.Broadcast(p.a, p.b)
			if err != nil {
				panic(err)
			}
			n := volume(shape)
			op := operation{method: f.method, detail: fmt.Sprintf("%v and %v", p.a, p.b), elementwise: true,
				large: n > 200, tol: rounding(1)}
			g := newGenerator(f.method + op.detail)
			a, b := g.signed(volume(p.a)), g.signed(volume(p.b))
			if f.method == "Div" { // division by 0: see testSpecialValues
				b = g.awayFromZero(volume(p.b))
			}
			op.in = []array{floats(a), floats(b)}
			op.out = []array{outputs(n)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { f.forward(d, out[0], in[0], in[1], s) }
			op.oracle = func(x, _ [][]float64) [][]float64 {
				y := make([]float64, n)
				for i := range y {
					y[i] = f.f(x[0][operandIndex(p.a, shape, i)], x[1][operandIndex(p.b, shape, i)])
				}
				return [][]float64{y}
			}
			op.wrt = []int{0, 1}
			// Sums over the repetitions, of values up to 2·2/½² with three roundings each.
			op.gradTol = summing(4*n/max(1, min(len(a), len(b))) + 8)
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, in []kernels.Buffer, m []kernels.Mode) {
				f.gradient(d, din[0], din[1], dy, in[0], in[1], s, m[0], m[1])
			}
			cases = append(cases, op)
		}
	}
	return cases
}

func volume(shape []int) int {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return n
}

// Transpose: y[i,j,…] is x with its axes in another order.
func transposeCases() (cases []operation) {
	for _, c := range []struct{ shape, order []int }{
		{[]int{3, 5}, []int{1, 0}},
		{[]int{}, []int{}},
		{[]int{4}, []int{0}},
		{[]int{1, 7}, []int{1, 0}},
		{[]int{2, 3, 4}, []int{2, 0, 1}},
		{[]int{2, 3, 4}, []int{0, 1, 2}},
		{[]int{2, 3, 4, 5}, []int{0, 3, 1, 2}}, // NHWC to NCHW
		{[]int{2, 5, 3, 4}, []int{0, 2, 3, 1}}, // and back
		{[]int{0, 3}, []int{1, 0}},
		{[]int{2, 1, 3, 2, 1, 2}, []int{5, 3, 1, 0, 2, 4}},
		{[]int{2, 3, 5, 8}, []int{0, 2, 1, 3}}, // fours of neighbours stay together
		{[]int{3, 2, 4}, []int{1, 0, 2}},
		{[]int{3, 2, 6}, []int{1, 0, 2}}, // these do not
		{[]int{17, 33}, []int{1, 0}},
		{[]int{65, 40}, []int{1, 0}},
	} {
		shape, s, err := kernels.Permute(c.shape, c.order)
		if err != nil {
			panic(err)
		}
		n := volume(shape)
		op := operation{method: "Transpose", detail: fmt.Sprintf("%v to %v", c.shape, c.order), large: n > 600,
			tol: exact, gradTol: rounding(1)} // it copies; rounding where it accumulates
		op.in = []array{floats(newGenerator(op.detail).signed(n))}
		op.out = []array{outputs(n)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Transpose(out[0], in[0], s) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			y := make([]float64, n)
			index := make([]int, len(shape)) // of x
			for at := range y {
				rest := at
				for i := len(shape) - 1; i >= 0; i-- {
					index[c.order[i]] = rest % shape[i]
					rest /= shape[i]
				}
				from := 0
				for axis, size := range c.shape {
					from = from*size + index[axis]
				}
				y[at] = x[0][from]
			}
			return [][]float64{y}
		}
		op.wrt = []int{0}
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, _ []kernels.Buffer, m []kernels.Mode) {
			d.TransposeGrad(din[0], dy, s, m[0])
		}
		cases = append(cases, op)
	}
	return cases
}
