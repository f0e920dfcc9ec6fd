package kerneltest

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// lengths are every length past two vectors of 16 floats, and some around
// larger blocks.
func lengths() []int {
	list := []int{}
	for n := range 36 {
		list = append(list, n)
	}
	return append(list, 63, 64, 65, 127, 129, 1000)
}

// A function is an activation with what its gradient kernel takes.
type function struct {
	method   string
	f        func(x, at float64) float64 // x's side of a kink is taken from at
	inputs   func(g generator, n int) []float32
	forward  func(d kernels.Device, y, x kernels.Buffer)
	gradient func(d kernels.Device, dx, dy, y, x kernels.Buffer, m kernels.Mode)
	tol      tolerance
	gradTol  tolerance
}

func activations() []function {
	signed := generator.signed
	return []function{
		{"ReLU", func(x, at float64) float64 {
			if at <= 0 {
				return 0
			}
			return x
		}, signed, kernels.Device.ReLU,
			func(d kernels.Device, dx, dy, y, _ kernels.Buffer, m kernels.Mode) { d.ReLUGrad(dx, dy, y, m) },
			exact, rounding(1)}, // rounding where it accumulates
		// A fast exponential is good to a few epsilons, and what follows it adds
		// as many. Gradients are products of such values.
		{"Sigmoid", func(x, _ float64) float64 { return 1 / (1 + math.Exp(-x)) }, signed, kernels.Device.Sigmoid,
			func(d kernels.Device, dx, dy, y, _ kernels.Buffer, m kernels.Mode) { d.SigmoidGrad(dx, dy, y, m) },
			rounding(4), rounding(8)},
		{"Tanh", func(x, _ float64) float64 { return math.Tanh(x) }, signed, kernels.Device.Tanh,
			func(d kernels.Device, dx, dy, y, _ kernels.Buffer, m kernels.Mode) { d.TanhGrad(dx, dy, y, m) },
			rounding(4), rounding(8)},
		// Its slope is the difference of two numbers up to 1, and dy may be 2.
		{"GELU", gelu, signed, kernels.Device.GELU,
			func(d kernels.Device, dx, dy, _, x kernels.Buffer, m kernels.Mode) { d.GELUGrad(dx, dy, x, m) },
			rounding(4), rounding(8)},
		{"Exp", func(x, _ float64) float64 { return math.Exp(x) }, signed, kernels.Device.Exp,
			func(d kernels.Device, dx, dy, y, _ kernels.Buffer, m kernels.Mode) { d.ExpGrad(dx, dy, y, m) },
			tolerance{relative: 4 * epsilon, absolute: smallestNormal}, rounding(8)},
		// The logarithm of 0 and its slope there are infinite: see testSpecialValues.
		{"Log", func(x, _ float64) float64 { return math.Log(x) },
			func(g generator, n int) []float32 { return g.between(n, 0.25, 4) }, kernels.Device.Log,
			func(d kernels.Device, dx, dy, _, x kernels.Buffer, m kernels.Mode) { d.LogGrad(dx, dy, x, m) },
			rounding(4), rounding(4)},
	}
}

// gelu is x·Φ(x), and its limit at −∞.
func gelu(x, _ float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return x * math.Erfc(-x/math.Sqrt2) / 2
}

// smallestNormal is the smallest positive float32 with full precision. Below it
// devices may round to zero.
const smallestNormal = 0x1p-126

// The activations: y[i] = f(x[i]).
func activationCases() (cases []operation) {
	for _, f := range activations() {
		for _, n := range lengths() {
			op := operation{method: f.method, detail: fmt.Sprint(n), elementwise: true, tol: f.tol, gradTol: f.gradTol}
			op.in = []array{floats(f.inputs(newGenerator(f.method+op.detail), n))}
			op.out = []array{outputs(n)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { f.forward(d, out[0], in[0]) }
			op.oracle = func(x, at [][]float64) [][]float64 {
				y := make([]float64, n)
				for i := range y {
					y[i] = f.f(x[0][i], at[0][i])
				}
				return [][]float64{y}
			}
			op.wrt = []int{0}
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, in []kernels.Buffer, m []kernels.Mode) {
				f.gradient(d, din[0], dy, out[0], in[0], m[0])
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// Affine: y = scale·x + shift. AddScaled: y += scale·x.
func affineCases() (cases []operation) {
	const scale, shift = -1.75, 0.3
	for _, n := range lengths() {
		op := operation{method: "Affine", detail: fmt.Sprint(n), elementwise: true, tol: rounding(3), gradTol: rounding(3)}
		op.in = []array{floats(newGenerator(op.detail).signed(n))}
		op.out = []array{outputs(n)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Affine(out[0], in[0], scale, shift) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			return [][]float64{mapped(x[0], func(v float64) float64 { return v*scale + float64(float32(shift)) })}
		}
		op.wrt = []int{0}
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, _ []kernels.Buffer, m []kernels.Mode) {
			d.AffineGrad(din[0], dy, scale, m[0])
		}
		cases = append(cases, op)
	}
	for _, n := range lengths() {
		op := operation{method: "AddScaled", detail: fmt.Sprint(n), tol: rounding(3)}
		g := newGenerator(op.detail)
		op.in = []array{floats(g.signed(n))}
		op.out = []array{floats(g.signed(n))}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.AddScaled(out[0], in[0], scale) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			y := op.out[0].values()
			for i, v := range x[0] {
				y[i] += scale * v
			}
			return [][]float64{y}
		}
		cases = append(cases, op)
	}
	return cases
}

// Equal: y = 1 where a = b. Greater: y = 1 where x > threshold.
func comparisonCases() (cases []operation) {
	for _, n := range lengths() {
		op := operation{method: "Equal", detail: fmt.Sprint(n)}
		g := newGenerator(op.detail)
		op.in = []array{ints(g.below(n, 3)), ints(g.below(n, 3))}
		op.out = []array{outputs(n)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Equal(out[0], in[0], in[1]) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			y := make([]float64, n)
			for i := range y {
				if x[0][i] == x[1][i] {
					y[i] = 1
				}
			}
			return [][]float64{y}
		}
		cases = append(cases, op)
	}
	for _, n := range lengths() {
		op := operation{method: "Greater", detail: fmt.Sprint(n)}
		op.in = []array{floats(newGenerator(op.detail).coarse(n))}
		op.out = []array{intOutputs(n)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Greater(out[0], in[0], 0.5) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			return [][]float64{mapped(x[0], func(v float64) float64 {
				if v > 0.5 { // false for NaN
					return 1
				}
				return 0
			})}
		}
		cases = append(cases, op)
	}
	return cases
}
