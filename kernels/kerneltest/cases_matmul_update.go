package kerneltest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"baregrad/kernels"
)

// MatMulUpdate: g[i,j] = Σ over k of op(A)[i,k]·op(B)[k,j], and an optimizer's step by it.
// in is A, B and the rates; out is g, and then the optimizer's outputs: w, and what it keeps.
// The bits are those of MatMul followed by the step.
func matMulUpdateCases() (cases []operation) {
	for i, size := range [][3]int{
		{2, 3, 5}, {1, 1, 1}, {7, 11, 13}, {1, 17, 9}, {17, 1, 9}, {0, 3, 5}, {3, 0, 5}, {3, 5, 0}, {13, 33, 7},
		// Past the block sizes of a fast device: square, thin, of few columns, with a K that is
		// shared out, with rows of no whole register.
		{196, 128, 48}, {500, 10, 64}, {130, 1, 300}, {40, 33, 2000}, {300, 200, 32}, {65, 131, 97},
	} {
		for variant := range 4 {
			for which := range optimizerSteps {
				m, n, k := size[0], size[1], size[2]
				s := kernels.MatMulSpec{M: m, N: n, K: k, TransA: variant&1 == 0, TransB: variant&2 != 0}
				large := m*n*k > 10000
				if large && (i+variant+which)%3 != 0 {
					continue
				}
				for _, zeros := range []bool{false, true} {
					c := matMulUpdateCase(s, optimizerSteps[which](m*n), zeros)
					c.large, c.spare = large, large
					cases = append(cases, c)
				}
			}
		}
	}
	return cases
}

// An optimizerStep is a case of an optimizer and the update that does the same: on is the
// update on the case's outputs, by its rates.
type optimizerStep struct {
	operation
	on func(out []kernels.Buffer, rate kernels.Buffer) kernels.Update
}

// optimizerSteps makes one of each kind, for n weights. An update is made once, so that
// calls allocate nothing.
var optimizerSteps = []func(n int) optimizerStep{
	sgdStep(kernels.SGDSpec{}), sgdStep(kernels.SGDSpec{Momentum: 0.9}), sgdStep(kernels.SGDSpec{Momentum: 0.9, Nesterov: true}),
	rmspropStep(kernels.RMSpropSpec{Rho: 0.9, Epsilon: 1e-7}),
	rmspropStep(kernels.RMSpropSpec{Rho: 0.9, Momentum: 0.8, Epsilon: 0.1, Centered: true}),
	adamStep(kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}),
	adamStep(kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 0.1, WeightDecay: 0.004}),
}

func sgdStep(s kernels.SGDSpec) func(n int) optimizerStep {
	return func(n int) optimizerStep {
		u := &kernels.SGDUpdate{Spec: s}
		return optimizerStep{sgdCase(s, n), func(out []kernels.Buffer, rate kernels.Buffer) kernels.Update {
			u.W, u.V, u.Rate = out[0], out[1], rate
			return u
		}}
	}
}

func rmspropStep(s kernels.RMSpropSpec) func(n int) optimizerStep {
	return func(n int) optimizerStep {
		u := &kernels.RMSpropUpdate{Spec: s}
		return optimizerStep{rmspropCase(s, n), func(out []kernels.Buffer, rate kernels.Buffer) kernels.Update {
			u.W, u.V, u.Mean, u.Moment, u.Rate = out[0], out[1], out[2], out[3], rate
			return u
		}}
	}
}

func adamStep(s kernels.AdamSpec) func(n int) optimizerStep {
	return func(n int) optimizerStep {
		u := &kernels.AdamUpdate{Spec: s}
		return optimizerStep{adamCase(s, n), func(out []kernels.Buffer, rate kernels.Buffer) kernels.Update {
			u.W, u.M, u.V, u.Rate = out[0], out[1], out[2], rate
			return u
		}}
	}
}

func matMulUpdateCase(s kernels.MatMulSpec, step optimizerStep, zeros bool) operation {
	op := operation{method: "MatMulUpdate", loose: []int{2}, keepFinite: []int{2},
		detail: fmt.Sprintf("%d×%d×%d transA=%t transB=%t zeros=%t, %s %s", s.M, s.N, s.K, s.TransA, s.TransB, zeros, step.method, step.detail)}
	r := newGenerator(op.detail)
	a := r.signed(s.M * s.K)
	for i := range a {
		a[i] /= float32(math.Sqrt(float64(s.K + 1))) // for gradients of about 1
		if zeros && r.IntN(4) != 0 {
			a[i] = 0
		}
	}
	op.in = []array{floats(a), floats(r.signed(s.K * s.N)), step.in[1]}
	op.out = append([]array{outputs(s.M * s.N)}, step.out...)
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
		if u := step.on(out[1:], in[2]); !d.MatMulUpdate(u, out[0], in[0], in[1], s) {
			u.Apply(d, out[0])
		}
		d.Fill(out[0], 0) // what it holds is left to the device
	}
	op.apart = func(d kernels.Device, out, in []kernels.Buffer) {
		d.MatMul(out[0], in[0], in[1], nil, s)
		step.on(out[1:], in[2]).Apply(d, out[0])
		d.Fill(out[0], 0)
	}
	product := matMulCase(s.M, s.N, s.K, variantOf(s), true).oracle
	op.oracle = func(x, at [][]float64) [][]float64 {
		g := product(append(x[:2:2], nil), nil)[0]
		return append([][]float64{make([]float64, len(g))}, step.oracle([][]float64{g, x[2]}, at)...)
	}
	// The sum's error and what the step adds to it. In g², of which a tenth counts at most,
	// that of the sum counts up to 12 times.
	sum := summing(s.K)
	op.tol = tolerance{absolute: optimizerTolerance.absolute + 2*sum.absolute, relative: optimizerTolerance.relative + 2*sum.relative}
	return op
}

// variantOf is the number of matMulCase's options that s has.
func variantOf(s kernels.MatMulSpec) (variant int) {
	if s.TransA {
		variant |= 1
	}
	if s.TransB {
		variant |= 2
	}
	return variant
}

// otherUpdate is an update that no device knows: w −= g. It remembers whom it asked.
type otherUpdate struct {
	w     kernels.Buffer
	asked []string
}

func (u *otherUpdate) Apply(d kernels.Device, g kernels.Buffer) {
	u.asked = append(u.asked, d.Name())
	d.AddScaled(u.w, g, -1)
}

// testOtherUpdate: an update of whatever kind is applied once, with the whole gradient, and
// to the device that was asked for it.
func (s *suite) testOtherUpdate(t *testing.T) {
	u := &otherUpdate{}
	calls := 0
	product := kernels.MatMulSpec{M: 2, N: 2, K: 1, TransA: true}
	s.pin(t, "w", exact, []array{numbers(1, 2, 3, 4)}, []array{numbers(1, 10), numbers(2, 3)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			u.w = out[0]
			g := d.Alloc(kernels.Float32, 4)
			if !d.MatMulUpdate(u, g, in[0], in[1], product) {
				u.Apply(d, g)
			}
			g.Free()
			calls++
		}, []float64{-1, -1, -17, -26})
	if want := slices.Repeat([]string{s.device.Name()}, calls); !slices.Equal(u.asked, want) {
		t.Errorf("%d calls asked %v, want %v", calls, u.asked, want)
	}
}
