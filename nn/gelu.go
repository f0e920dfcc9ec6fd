package nn

import (
	"math"

	"baregrad/autograd"
)

// GELU is y = x·Φ(x), where Φ is the normal distribution: the share of a normal
// variable that lies below x (Hendrycks and Gimpel, "Gaussian error linear units",
// 2016). No device has a kernel for Φ; it is put together from those that they
// have. With z = |x|/√2,
//
//	x·Φ(x) = max(x, 0) − |x|·erfc(z)/2
//	erfc z ≈ (a₁t + a₂t² + … + a₅t⁵)·e^(−z²), t = 1/(1+pz)
//
// which is off by at most 1.5e-7 of erfc's range (Abramowitz and Stegun, "Handbook
// of mathematical functions", 1964, formula 7.1.26, after Hastings), about what
// float32 rounds away.

// erfcP and erfcA are p and a₁ to a₅.
const erfcP = 0.3275911

var erfcA = [...]float32{0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429}

func gelu(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	size := absolute(t, x)
	z := t.Affine(size, math.Sqrt2/2, 0)
	one := t.Affine(t.Input(1), 1, 1) // an input is 0
	u := t.Div(one, t.Affine(z, erfcP, 1))
	sum := t.Affine(u, erfcA[4], erfcA[3]) // Horner's scheme
	for i := 2; i >= 0; i-- {
		sum = t.Affine(t.Mul(sum, u), 1, erfcA[i])
	}
	tail := t.Mul(t.Mul(sum, u), t.Exp(t.Affine(t.Mul(z, z), -1, 0))) // erfc z
	// max(x, 0) as (x+|x|)/2, which is exact too, and whose derivative at 0 is 1/2,
	// as GELU's is.
	positive := t.Affine(t.Add(x, size), 0.5, 0)
	return t.Sub(positive, t.Affine(t.Mul(size, tail), 0.5, 0))
}

// geluTanh is x·(1+tanh v)/2 with v = √(2/π)·(x + 0.044715·x³). (1+tanh v)/2 is
// sigmoid 2v, which loses nothing where v is far below 0.
func geluTanh(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	slope := 2 * math.Sqrt(2/math.Pi)
	cube := t.Mul(t.Mul(x, x), x)
	v := t.Add(t.Affine(x, float32(slope), 0), t.Affine(cube, float32(0.044715*slope), 0))
	return t.Mul(x, t.Sigmoid(v))
}
