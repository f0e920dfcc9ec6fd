package nn

import (
	"math"

	"baregrad/autograd"
)

// geluTanh is x·(1+tanh v)/2 with v = √(2/π)·(x + 0.044715·x³), the approximation by
// GELU's authors (Hendrycks and Gimpel, "Gaussian error linear units", 2016).
// (1+tanh v)/2 is computed as sigmoid 2v, which stays accurate for v far below 0.
func geluTanh(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	slope := 2 * math.Sqrt(2/math.Pi)
	cube := t.Mul(t.Mul(x, x), x)
	v := t.Add(t.Affine(x, float32(slope), 0), t.Affine(cube, float32(0.044715*slope), 0))
	return t.Mul(x, t.Sigmoid(v))
}
