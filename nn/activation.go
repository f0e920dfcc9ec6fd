package nn

import (
	"fmt"
	"slices"

	"baregrad/autograd"
)

// ActivationFunc is the name of a function that is applied to a layer's output.
// The empty name is Linear.
type ActivationFunc string

// The activation functions, by Keras's names. The first group has kernels of its own.
// The others are composed from kernels, below.
const (
	Linear  ActivationFunc = "linear"      // y = x
	ReLU    ActivationFunc = "relu"        // y = max(x, 0)
	Sigmoid ActivationFunc = "sigmoid"     // y = 1/(1+e⁻ˣ)
	Tanh    ActivationFunc = "tanh"        // y = tanh x
	Softmax ActivationFunc = "softmax"     // y = eˣ/Σeˣ over the last axis
	Exp     ActivationFunc = "exponential" // y = eˣ
	GELU    ActivationFunc = "gelu"        // y = x·Φ(x), Φ the normal distribution

	LogSoftmax  ActivationFunc = "log_softmax"  // y = x − ln Σeˣ over the last axis
	CELU        ActivationFunc = "celu"         // y = x if x > 0, otherwise eˣ−1: the same as ELU for α = 1
	ELU         ActivationFunc = "elu"          // y = x if x > 0, otherwise eˣ−1
	GELUTanh    ActivationFunc = "gelu_tanh"    // y = x·(1+tanh(√(2/π)·(x+0.044715·x³)))/2: Keras's gelu(approximate=True)
	HardSigmoid ActivationFunc = "hard_sigmoid" // y = x/6 + 1/2, clipped to [0,1]
	HardSiLU    ActivationFunc = "hard_silu"    // y = x·hard_sigmoid x; also "hard_swish"
	HardTanh    ActivationFunc = "hard_tanh"    // y = x clipped to [−1,1]
	LeakyReLU   ActivationFunc = "leaky_relu"   // y = x if x > 0, otherwise 0.2·x
	LogSigmoid  ActivationFunc = "log_sigmoid"  // y = −ln(1+e⁻ˣ)
	Mish        ActivationFunc = "mish"         // y = x·tanh(softplus x)
	ReLU6       ActivationFunc = "relu6"        // y = x clipped to [0,6]
	SELU        ActivationFunc = "selu"         // y = 1.0507·(x if x > 0, otherwise 1.6733·(eˣ−1))
	SiLU        ActivationFunc = "silu"         // y = x·sigmoid x; also "swish"
	SoftShrink  ActivationFunc = "soft_shrink"  // y = x∓1/2 where ±x > 1/2, otherwise 0
	Softplus    ActivationFunc = "softplus"     // y = ln(1+eˣ)
	Softsign    ActivationFunc = "softsign"     // y = x/(1+|x|)
	SparsePlus  ActivationFunc = "sparse_plus"  // y = 0 up to −1, x from 1, (x+1)²/4 between
	Squareplus  ActivationFunc = "squareplus"   // y = (x+√(x²+4))/2
	TanhShrink  ActivationFunc = "tanh_shrink"  // y = x − tanh x

	SparseSigmoid ActivationFunc = "sparse_sigmoid" // y = (x+1)/2, clipped to [0,1]
)

// activationAliases are Keras's alternative names.
var activationAliases = map[ActivationFunc]ActivationFunc{"swish": SiLU, "hard_swish": HardSiLU}

// ActivationNames lists the names of all activation functions.
func ActivationNames() []string {
	names := []string{}
	for _, a := range []ActivationFunc{Linear, ReLU, Sigmoid, Tanh, Softmax, Exp, LogSoftmax, CELU, ELU, GELU, GELUTanh,
		HardSigmoid, HardSiLU, HardTanh, LeakyReLU, LogSigmoid, Mish, ReLU6, SELU, SiLU, SoftShrink, Softplus, Softsign,
		SparsePlus, SparseSigmoid, Squareplus, TanhShrink, "swish", "hard_swish"} {
		names = append(names, string(a))
	}
	slices.Sort(names)
	return names
}

func (a ActivationFunc) check() error {
	if a == "" || slices.Contains(ActivationNames(), string(a)) {
		return nil
	}
	return Unknown("activation", string(a), ActivationNames())
}

// checkOver is check for an output of the given shape. A softmax over a single value is
// always 1, so nothing before it could be learned.
func (a ActivationFunc) checkOver(shape []int) error {
	if !a.elementwise() && len(shape) > 0 && shape[len(shape)-1] == 1 {
		return fmt.Errorf("%s over one value gives the same for all examples; for one output use sigmoid, with the loss binary_crossentropy", a)
	}
	return a.check()
}

// elementwise reports whether each element of the result depends on only one element of x.
func (a ActivationFunc) elementwise() bool { return a != Softmax && a != LogSoftmax }

func (a ActivationFunc) record(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	if other, ok := activationAliases[a]; ok {
		a = other
	}
	switch a {
	case ReLU:
		return t.ReLU(x)
	case Sigmoid:
		return t.Sigmoid(x)
	case Tanh:
		return t.Tanh(x)
	case Softmax:
		return t.Softmax(x)
	case LogSoftmax:
		return t.LogSoftmax(x)
	case Exp:
		return t.Exp(x)
	case ELU, CELU:
		return elu(t, x, 1)
	case SELU: // Klambauer et al., "Self-normalizing neural networks", 2017
		return t.Affine(elu(t, x, 1.6732632423543772), 1.0507009873554805, 0)
	case GELU:
		return t.GELU(x)
	case GELUTanh:
		return geluTanh(t, x)
	case ReLU6:
		return relu6(t, x)
	case HardSigmoid:
		return hardSigmoid(t, x)
	case HardSiLU:
		return t.Mul(x, hardSigmoid(t, x))
	case HardTanh:
		return hardTanh(t, x)
	case SparseSigmoid:
		return t.Affine(hardTanh(t, x), 0.5, 0.5)
	case SparsePlus: // the integral of SparseSigmoid
		s := t.Affine(hardTanh(t, x), 0.5, 0.5)
		return t.Add(t.Mul(s, s), t.ReLU(t.Affine(x, 1, -1)))
	case LeakyReLU: // 0.2·x + 0.8·max(x, 0)
		return t.Add(t.Affine(x, 0.2, 0), t.Affine(t.ReLU(x), 0.8, 0))
	case SiLU:
		return t.Mul(x, t.Sigmoid(x))
	case Softplus:
		return softplus(t, x)
	case LogSigmoid:
		return t.Affine(softplus(t, t.Affine(x, -1, 0)), -1, 0)
	case Mish:
		return t.Mul(x, t.Tanh(softplus(t, x)))
	case Softsign:
		return t.Div(x, t.Affine(absolute(t, x), 1, 1))
	case SoftShrink:
		return t.Sub(t.ReLU(t.Affine(x, 1, -0.5)), t.ReLU(t.Affine(x, -1, -0.5)))
	case Squareplus:
		return squareplus(t, x)
	case TanhShrink:
		return t.Sub(x, t.Tanh(x))
	}
	return x
}

// absolute is |x| = max(x, 0) + max(−x, 0); its derivative at 0 is 0.
func absolute(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	return t.Add(t.ReLU(x), t.ReLU(t.Affine(x, -1, 0)))
}

// elu is x if x > 0, otherwise α·(eˣ−1). It is computed as (x+r) + α·(e⁻ʳ−1) with
// r = max(−x, 0): this never takes the exponential of a large number, x+r is exactly
// max(x, 0), and the derivative at 0 is 1.
func elu(t *autograd.Tape, x *autograd.Var, alpha float32) *autograd.Var {
	r := t.ReLU(t.Affine(x, -1, 0))
	return t.Add(t.Add(x, r), t.Affine(t.Exp(t.Affine(r, -1, 0)), alpha, -alpha))
}

// relu6 is x clipped to [0,6].
func relu6(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	return t.Sub(t.ReLU(x), t.ReLU(t.Affine(x, 1, -6)))
}

// hardSigmoid is x/6 + 1/2, clipped to [0,1].
func hardSigmoid(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	return t.Affine(relu6(t, t.Affine(x, 1, 3)), 1.0/6, 0)
}

// hardTanh is x clipped to [−1,1].
func hardTanh(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	return t.Affine(t.Sub(t.ReLU(t.Affine(x, 1, 1)), t.ReLU(t.Affine(x, 1, -1))), 1, -1)
}

// squareplus is (x+√(x²+4))/2 = max(x, 0) + 2/(√(x²+4)+|x|). The second form avoids
// cancellation. √v is computed as e^(ln(v)/2), and max(x, 0) as (x+|x|)/2, whose
// derivative at 0 is 1/2.
func squareplus(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	size := absolute(t, x)
	root := t.Exp(t.Affine(t.Log(t.Affine(t.Mul(x, x), 1, 4)), 0.5, 0))
	two := t.Affine(t.Input(1), 1, 2)
	return t.Add(t.Affine(t.Add(x, size), 0.5, 0), t.Div(two, t.Add(root, size)))
}

// softplus is ln(1+eˣ). That is also the binary cross-entropy of the logit x with
// target 0, whose kernel computes it without overflow.
func softplus(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	column := t.Reshape(x, -1, 1)
	zeros := t.Input(column.Shape()...)
	return t.Reshape(t.SigmoidBinaryCrossEntropy(column, zeros), x.Shape()...)
}

// Activation applies a function to its input.
type Activation struct {
	Function   ActivationFunc // the function; Linear (none) if empty
	Name       string         // default: activation, activation_1, …
	InputShape []int          // of one example, without the batch; only needed for the first layer
}

// Kind is "Activation".
func (*Activation) Kind() string { return "Activation" }

// Options are the settings that every layer has.
func (l *Activation) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses an unknown function, and a softmax over one value.
func (l *Activation) Build(_ *Builder, in []int) ([]int, error) { return in, l.Function.checkOver(in) }

// Forward records the function.
func (l *Activation) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return l.Function.record(p.Tape, x)
}

func (l *Activation) forwardLogits(p *Pass, x *autograd.Var) (*autograd.Var, ActivationFunc) {
	return x, l.Function
}

func (l *Activation) anyLayout() bool { return l.Function.elementwise() }
