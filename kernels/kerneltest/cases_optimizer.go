package kerneltest

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// The optimizers update their outputs: out[0] is w, the others what they carry
// from step to step. in[0] is the gradient, in[1] the rates.
func optimizerCases() (cases []operation) {
	for _, s := range []kernels.SGDSpec{{Momentum: 0.9}, {Momentum: 0.9, Nesterov: true}, {}} {
		for _, n := range lengths() {
			cases = append(cases, sgdCase(s, n))
		}
	}
	// With an epsilon as large as 0.1 it shows whether it stands under the root.
	for _, s := range []kernels.RMSpropSpec{
		{Rho: 0.9, Momentum: 0.8, Epsilon: 0.1, Centered: true},
		{Rho: 0.9, Epsilon: 1e-7}, {Rho: 0.9, Epsilon: 0.1, Centered: true}, {Rho: 0.9, Momentum: 0.8, Epsilon: 1e-7},
	} {
		for _, n := range lengths() {
			cases = append(cases, rmspropCase(s, n))
		}
	}
	for _, s := range []kernels.AdamSpec{
		{Beta1: 0.9, Beta2: 0.999, Epsilon: 0.1}, {Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.004},
	} {
		for _, n := range lengths() {
			cases = append(cases, adamCase(s, n))
		}
	}
	return cases
}

// An optimizer's w can be off by the roundings of the step, which is at most
// about 1 here, and of w itself.
var optimizerTolerance = rounding(8)

func sgdCase(s kernels.SGDSpec, n int) operation {
	op := operation{method: "SGD", detail: fmt.Sprintf("%d %+v", n, s), tol: optimizerTolerance,
		loose: []int{1}, keepFinite: []int{1}}
	g := newGenerator(op.detail)
	op.in = []array{floats(g.signed(n)), scalar(0.3)}
	op.out = []array{floats(g.signed(n)), floats(g.signed(n))}
	if s.Momentum == 0 {
		op.out[1] = absent
	}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.SGD(out[0], in[0], out[1], in[1], s) }
	op.oracle = func(x, _ [][]float64) [][]float64 {
		w, v := op.out[0].values(), op.out[1].values()
		for i, g := range x[0] {
			switch {
			case s.Momentum == 0:
				w[i] -= x[1][0] * g
			default:
				v[i] = float64(s.Momentum)*v[i] - x[1][0]*g
				if s.Nesterov {
					w[i] += float64(s.Momentum)*v[i] - x[1][0]*g
				} else {
					w[i] += v[i]
				}
			}
		}
		return [][]float64{w, v}
	}
	return op
}

func rmspropCase(s kernels.RMSpropSpec, n int) operation {
	op := operation{method: "RMSprop", detail: fmt.Sprintf("%d %+v", n, s), tol: optimizerTolerance,
		loose: []int{1}, keepFinite: []int{1}}
	g := newGenerator(op.detail)
	// v stays well above the square of the mean gradient: their difference, taken
	// in float32, would otherwise be mostly rounding.
	op.in = []array{floats(g.signed(n)), scalar(0.1)}
	op.out = []array{floats(g.signed(n)), floats(g.between(n, 1, 2)), floats(g.between(n, -0.25, 0.25)), floats(g.signed(n))}
	if !s.Centered {
		op.out[2] = absent
	}
	if s.Momentum == 0 {
		op.out[3] = absent
	}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
		d.RMSprop(out[0], in[0], out[1], out[2], out[3], in[1], s)
	}
	op.oracle = func(x, _ [][]float64) [][]float64 {
		w, v, mean, moment := op.out[0].values(), op.out[1].values(), op.out[2].values(), op.out[3].values()
		rho := float64(s.Rho)
		for i, g := range x[0] {
			v[i] = rho*v[i] + (1-rho)*g*g
			under := v[i] + float64(s.Epsilon)
			if s.Centered {
				mean[i] = rho*mean[i] + (1-rho)*g
				under -= mean[i] * mean[i]
			}
			step := x[1][0] * g / math.Sqrt(under)
			if s.Momentum != 0 {
				moment[i] = float64(s.Momentum)*moment[i] + step
				step = moment[i]
			}
			w[i] -= step
		}
		return [][]float64{w, v, mean, moment}
	}
	return op
}

func adamCase(s kernels.AdamSpec, n int) operation {
	op := operation{method: "Adam", detail: fmt.Sprintf("%d %+v", n, s), tol: optimizerTolerance,
		loose: []int{1}, keepFinite: []int{1}}
	g := newGenerator(op.detail)
	op.in = []array{floats(g.signed(n)), floats([]float32{0.3, 0.1})}
	op.out = []array{floats(g.signed(n)), floats(g.signed(n)), floats(g.between(n, 0.1, 2))}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
		d.Adam(out[0], in[0], out[1], out[2], in[1], s)
	}
	op.oracle = func(x, _ [][]float64) [][]float64 {
		w, m, v := op.out[0].values(), op.out[1].values(), op.out[2].values()
		for i, g := range x[0] {
			w[i] -= w[i] * float64(s.WeightDecay) * x[1][0]
			m[i] += (g - m[i]) * (1 - float64(s.Beta1))
			v[i] += (g*g - v[i]) * (1 - float64(s.Beta2))
			w[i] -= x[1][1] * m[i] / (math.Sqrt(v[i]) + float64(s.Epsilon))
		}
		return [][]float64{w, m, v}
	}
	return op
}

// Clipping: AddSquares is total += Σ x², ClipByNorm x *= limit/√total where
// √total > limit, ClipByValue x = min(max(x, −limit), limit).
func clipCases() (cases []operation) {
	for _, n := range lengths() {
		// Squares are positive, and so their sum has a small relative error.
		op := operation{method: "AddSquares", detail: fmt.Sprint(n), tol: summing(n), loose: []int{0}}
		op.in = []array{floats(newGenerator(op.detail).signed(n))}
		op.out = []array{scalar(0.75)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.AddSquares(out[0], in[0]) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			total := 0.75
			for _, v := range x[0] {
				total += v * v
			}
			return [][]float64{{total}}
		}
		cases = append(cases, op)
	}
	const limit = 1.5
	for _, total := range []float32{9, 1, 0} { // too long, short enough, none
		for _, n := range lengths() {
			op := operation{method: "ClipByNorm", detail: fmt.Sprintf("%d of %v", n, total), tol: rounding(4), loose: []int{1}}
			op.in = []array{scalar(total)}
			op.out = []array{floats(newGenerator(op.detail).signed(n))}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.ClipByNorm(out[0], in[0], limit) }
			op.oracle = func(x, _ [][]float64) [][]float64 {
				factor := limit / math.Sqrt(x[0][0])
				if factor >= 1 {
					factor = 1
				}
				return [][]float64{mapped(op.out[0].values(), func(v float64) float64 { return v * factor })}
			}
			cases = append(cases, op)
		}
	}
	for _, n := range lengths() {
		op := operation{method: "ClipByValue", detail: fmt.Sprint(n), loose: []int{0}}
		g := newGenerator(op.detail)
		op.out = []array{g.withNonFinite(floats(g.signed(n)))}
		op.forward = func(d kernels.Device, out, _ []kernels.Buffer) { d.ClipByValue(out[0], limit) }
		op.oracle = func(_, _ [][]float64) [][]float64 {
			return [][]float64{mapped(op.out[0].values(), func(v float64) float64 {
				return math.Min(math.Max(v, -limit), limit) // NaN stays NaN
			})}
		}
		cases = append(cases, op)
	}
	return cases
}
