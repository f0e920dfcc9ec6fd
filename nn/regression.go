package nn

import (
	"math"

	"baregrad/autograd"
	"baregrad/tensor"
)

// The losses below are composed from kernels. Each is a mean over the outputs x of an
// example. Targets t are float32 with the shape of the model's output. Vectors and one-hot
// rows are along the last axis.

// A composed loss is a formula over the model's output and the targets.
type composed struct {
	name   string
	values func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var // of rows [n, outputs]
	sum    bool                                                           // sum over the outputs instead of the mean
}

func (l composed) Name() string { return l.name }

func (l composed) Check(output []int, labels *tensor.Tensor) error {
	return checkTargets(output, labels)
}

func (l composed) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (l composed) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	values := l.values(t, byPosition(t, out.Value(t)), byPosition(t, labels))
	if l.sum {
		return t.Sum(values, 1, 1)
	}
	return t.Mean(values, 1, 1)
}

// Losses without settings. They are variables, not types: nn.Huber, unlike
// nn.MeanSquaredError{}.
var (
	// MeanAbsoluteError is the mean of |x−t|.
	MeanAbsoluteError Loss = composed{name: "mean_absolute_error", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		return absolute(t, t.Sub(x, targets))
	}}

	// MeanAbsolutePercentageError is 100 times the mean of |x−t|/|t|, with |t| at least
	// 1e-7.
	MeanAbsolutePercentageError Loss = composed{name: "mean_absolute_percentage_error", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		size := atLeast(t, absolute(t, targets), epsilon)
		return t.Affine(t.Div(absolute(t, t.Sub(x, targets)), size), 100, 0)
	}}

	// MeanSquaredLogarithmicError is the mean of (ln(1+x) − ln(1+t))², with x and t at
	// least 1e-7.
	MeanSquaredLogarithmicError Loss = composed{name: "mean_squared_logarithmic_error", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		difference := t.Sub(t.Log(t.Affine(atLeast(t, x, epsilon), 1, 1)), t.Log(t.Affine(atLeast(t, targets, epsilon), 1, 1)))
		return t.Mul(difference, difference)
	}}

	// Huber is the mean of e²/2 if |e| ≤ 1, otherwise |e|−1/2, for e = x−t.
	Huber Loss = composed{name: "huber", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		e := absolute(t, t.Sub(x, targets))
		beyond := t.ReLU(t.Affine(e, 1, -1)) // |e| − min(|e|, 1)
		inner := t.Sub(e, beyond)
		return t.Add(t.Affine(t.Mul(inner, inner), 0.5, 0), beyond)
	}}

	// LogCosh is the mean of ln cosh e = e + softplus(−2e) − ln 2, for e = x−t.
	LogCosh Loss = composed{name: "log_cosh", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		e := t.Sub(x, targets)
		return t.Affine(t.Add(e, softplus(t, t.Affine(e, -2, 0))), 1, -math.Ln2)
	}}

	// Poisson is the mean of x − t·ln(x + 1e-7).
	Poisson Loss = composed{name: "poisson", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		return t.Sub(x, t.Mul(targets, t.Log(t.Affine(x, 1, epsilon))))
	}}

	// KLDivergence is the sum of t·ln(t/x), with both clipped to [1e-7, 1].
	KLDivergence Loss = composed{name: "kl_divergence", sum: true, values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		// min(ln x, 0), not ln min(x, 1): 1 − (1−x) has lost most digits of a small x. The same for t.
		lnX, lnT := atMost(t, t.Log(atLeast(t, x, epsilon)), 0), atMost(t, t.Log(atLeast(t, targets, epsilon)), 0)
		return t.Mul(t.Exp(lnT), t.Sub(lnT, lnX))
	}}

	// CosineSimilarity is −cos of the angle between x and t: −1 if they have the same
	// direction. Vectors shorter than 1e-7 are not scaled to length 1.
	CosineSimilarity Loss = composed{name: "cosine_similarity", sum: true, values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		return t.Affine(t.Mul(unit(t, x), unit(t, targets)), -1, 0)
	}}

	// CategoricalHinge is max(1 + max((1−t)·x) − Σ t·x, 0) for one-hot targets: the
	// right output should exceed all others by 1.
	CategoricalHinge Loss = composed{name: "categorical_hinge", sum: true, values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		right := t.Sum(t.Mul(targets, x), 1, 1)
		wrong := t.Max(t.Mul(t.Affine(targets, -1, 1), x), 1, 1)
		return t.Reshape(t.ReLU(t.Affine(t.Sub(wrong, right), 1, 1)), -1, 1)
	}}

	// Hinge is the mean of max(1 − t·x, 0) for targets t of −1 and 1. A target of 0
	// stands for −1, as in Keras, so labels may also be 0 and 1.
	Hinge Loss = composed{name: "hinge", values: hinge}

	// SquaredHinge is the mean of max(1 − t·x, 0)², for the targets of Hinge.
	SquaredHinge Loss = composed{name: "squared_hinge", values: func(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
		h := hinge(t, x, targets)
		return t.Mul(h, h)
	}}
)

// epsilon is Keras's fuzz factor.
const epsilon = 1e-7

func hinge(t *autograd.Tape, x, targets *autograd.Var) *autograd.Var {
	// A target is 0 if it is neither positive nor negative. above compares with one half.
	zero := equal(t, above(t, t.Affine(targets, 1e30, 0)), above(t, t.Affine(targets, -1e30, 0)))
	targets = t.Sub(targets, t.Reshape(zero, targets.Shape()...))
	return t.ReLU(t.Affine(t.Mul(targets, x), -1, 1))
}

// unit divides the rows of x by their lengths: x·e^(−ln(Σx²)/2). A sum below 1e-14
// is replaced by 1e-14.
func unit(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	squares := t.Reshape(t.Sum(t.Mul(x, x), 1, 1), -1, 1)
	return t.Mul(x, t.Exp(t.Affine(t.Log(atLeast(t, squares, epsilon*epsilon)), -0.5, 0)))
}

// atLeast is max(x, low).
func atLeast(t *autograd.Tape, x *autograd.Var, low float32) *autograd.Var {
	return t.Affine(t.ReLU(t.Affine(x, 1, -low)), 1, low)
}

// atMost is min(x, high).
func atMost(t *autograd.Tape, x *autograd.Var, high float32) *autograd.Var {
	return t.Affine(t.ReLU(t.Affine(x, -1, high)), -1, high)
}
