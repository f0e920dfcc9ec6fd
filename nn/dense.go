package nn

import (
	"fmt"
	"slices"

	"baregrad/autograd"
)

// Dense is a fully connected layer: y = activation(x·kernel + bias) for x [batch, In],
// kernel [In, Units] and bias [Units]; y is [batch, Units]. Of an input of more axes it
// takes the last, as Keras's does: [batch, time, In] gives [batch, time, Units].
type Dense struct {
	Units      int            // how many numbers come out for an example; at least 1
	Activation ActivationFunc // applied to the output; Linear, which is none, where empty
	NoBias     bool           // leave the bias out
	KernelInit Initializer    `json:"-"` // GlorotUniform where nil
	BiasInit   Initializer    `json:"-"` // Zeros where nil

	KernelRegularizer Regularizer `json:",omitzero"` // what the kernel adds to the loss, such as L2(0.01); nothing where not given

	Name       string // made from the kind where empty: dense, dense_1, …
	InputShape []int  // of one example, without the batch; needed of the first layer only
	Frozen     bool   // kernel and bias are not trained

	kernel, bias *autograd.Var
	next         Layer // the one after this in its model, or nil
	place        claim // where in which model it was built: a layer can stand in one place only
}

// Kind is "Dense".
func (*Dense) Kind() string { return "Dense" }

// Options are the settings that every layer has.
func (l *Dense) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, l.Frozen} }

// Build makes kernel and bias. The input must have an axis beside the batch. A softmax over
// one unit is refused.
func (l *Dense) Build(b *Builder, in []int) ([]int, error) {
	if err := firstError(b.claim(&l.place), l.Activation.checkOver([]int{l.Units}), l.KernelRegularizer.check()); err != nil {
		return nil, err
	}
	if l.Units < 1 {
		return nil, fmt.Errorf("units is %d, must be at least 1", l.Units)
	}
	if len(in) == 0 {
		return nil, fmt.Errorf("the input is %s, must have an axis beside the batch", shapeString(in))
	}
	last := len(in) - 1
	l.kernel = b.regularized("kernel", l.KernelRegularizer, orElse(l.KernelInit, GlorotUniform{}), in[last], l.Units)
	l.bias, l.next = nil, b.next
	if !l.NoBias {
		l.bias = b.Param("bias", orElse(l.BiasInit, Zeros{}), l.Units)
	}
	return append(slices.Clone(in[:last]), l.Units), nil
}

// Forward records product, bias and activation. A ReLU that is a layer of its own after
// this one is computed here, with the product: nothing else reads what is before it.
func (l *Dense) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	if a, ok := l.next.(*Activation); ok && a.Function == ReLU && (l.Activation == "" || l.Activation == Linear) {
		return p.Tape.Dense(x, l.kernel, l.bias, true) // the tape knows that another ReLU does nothing
	}
	y, rest := l.forwardLogits(p, x)
	return rest.record(p.Tape, y)
}

// forwardLogits leaves out the activation and says which it is. A ReLU is not
// left out: the product does it on the way.
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
