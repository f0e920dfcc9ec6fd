package nn

import (
	"fmt"
	"slices"

	"baregrad/autograd"
)

// Dense is a fully connected layer: y = activation(x·kernel + bias) for x [batch, In],
// kernel [In, Units] and bias [Units]; y is [batch, Units]. With more axes it works on the
// last one, as in Keras: [batch, time, In] gives [batch, time, Units].
type Dense struct {
	Units      int            // the number of outputs for each example, at least 1
	Activation ActivationFunc // applied to the output; Linear (none) if empty
	NoBias     bool           // no bias
	KernelInit Initializer    `json:"-"` // GlorotUniform if nil
	BiasInit   Initializer    `json:"-"` // Zeros if nil

	KernelRegularizer Regularizer `json:",omitzero"` // the kernel's penalty in the loss, such as L2(0.01); none by default
	KernelConstraint  Constraint  `json:",omitzero"` // such as MaxNorm(3); none by default

	Name       string // default: dense, dense_1, …
	InputShape []int  // of one example, without the batch; only needed for the first layer
	Frozen     bool   // kernel and bias are not trained

	kernel, bias *autograd.Var
	next         Layer // the following layer in the model, or nil
	place        claim // where the layer is used; it can be used only once
}

// Kind is "Dense".
func (*Dense) Kind() string { return "Dense" }

// Options are the settings that every layer has.
func (l *Dense) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, l.Frozen} }

// Build makes kernel and bias. The input must have an axis besides the batch. A softmax over
// one unit is refused.
func (l *Dense) Build(b *Builder, in []int) ([]int, error) {
	if err := firstError(b.claim(&l.place), l.Activation.checkOver([]int{l.Units}), l.KernelRegularizer.check(), l.KernelConstraint.check()); err != nil {
		return nil, err
	}
	if l.Units < 1 {
		return nil, fmt.Errorf("units is %d, must be at least 1", l.Units)
	}
	if len(in) == 0 {
		return nil, fmt.Errorf("the input is %s, must have an axis beside the batch", shapeString(in))
	}
	last := len(in) - 1
	l.kernel = b.kernel(l.KernelRegularizer, l.KernelConstraint, orElse(l.KernelInit, GlorotUniform{}), in[last], l.Units)
	l.bias, l.next = nil, b.next
	if !l.NoBias {
		l.bias = b.Param("bias", orElse(l.BiasInit, Zeros{}), l.Units)
	}
	return append(slices.Clone(in[:last]), l.Units), nil
}

// Forward records product, bias and activation. If the next layer is just a ReLU, it is
// computed here, fused with the product, because nothing else reads the ReLU's input.
func (l *Dense) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	if a, ok := l.next.(*Activation); ok && a.Function == ReLU && (l.Activation == "" || l.Activation == Linear) {
		return p.Tape.Dense(x, l.kernel, l.bias, true) // the tape skips the second ReLU
	}
	y, rest := l.forwardLogits(p, x)
	return rest.record(p.Tape, y)
}

// forwardLogits records the layer without its activation, which it returns. A ReLU is
// included, because it is fused with the product.
func (l *Dense) forwardLogits(p *Pass, x *autograd.Var) (*autograd.Var, ActivationFunc) {
	if l.Activation == ReLU {
		return p.Tape.Dense(x, l.kernel, l.bias, true), Linear
	}
	return p.Tape.Dense(x, l.kernel, l.bias, false), l.Activation
}

func orElse(i, fallback Initializer) Initializer {
	if i == nil {
		return fallback
	}
	return i
}
