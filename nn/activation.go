package nn

import (
	"slices"

	"baregrad/autograd"
)

// ActivationFunc is the name of a function that is applied to a layer's output.
type ActivationFunc string

// The activation functions, by Keras's names.
const (
	Linear  ActivationFunc = "linear"  // y = x; the same as ""
	ReLU    ActivationFunc = "relu"    // y = max(x, 0)
	Sigmoid ActivationFunc = "sigmoid" // y = 1/(1+e⁻ˣ)
	Tanh    ActivationFunc = "tanh"    // y = tanh x
	Softmax ActivationFunc = "softmax" // y = eˣ/Σeˣ over the last axis
	Exp     ActivationFunc = "exponential"
)

var activations = []string{"linear", "relu", "sigmoid", "tanh", "softmax", "exponential"}

func (a ActivationFunc) check() error {
	if a == "" || slices.Contains(activations, string(a)) {
		return nil
	}
	return Unknown("activation", string(a), activations)
}

func (a ActivationFunc) record(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	switch a {
	case ReLU:
		return t.ReLU(x)
	case Sigmoid:
		return t.Sigmoid(x)
	case Tanh:
		return t.Tanh(x)
	case Softmax:
		return t.Softmax(x)
	case Exp:
		return t.Exp(x)
	}
	return x
}

// Activation applies a function to each element of its input.
type Activation struct {
	Function   ActivationFunc
	Name       string
	InputShape []int
}

func (*Activation) Kind() string            { return "Activation" }
func (l *Activation) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

func (l *Activation) Build(_ *Builder, in []int) ([]int, error) {
	return in, l.Function.check()
}

func (l *Activation) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return l.Function.record(p.Tape, x)
}

func (l *Activation) forwardLogits(p *Pass, x *autograd.Var) (*autograd.Var, ActivationFunc) {
	return x, l.Function
}
