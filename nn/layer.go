package nn

import (
	"errors"
	"fmt"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A Layer is one step of a Sequential model. The layers of this package are
// structs whose zero fields are Keras's defaults; anything else that implements
// Layer can stand in a model too. A layer stands in one place of one model.
type Layer interface {
	// Kind is the layer's class name, as Summary shows it: "Dense".
	Kind() string
	// Options are the settings that every layer has.
	Options() LayerOptions
	// Build checks that the layer can follow an output of shape in (without the
	// batch), makes its parameters, and gives the shape of its own output.
	Build(b *Builder, in []int) (out []int, err error)
	// Forward records the layer on the pass's tape. x is [batch, in…]. While training,
	// the memory of values is used for something else as soon as the step needs them
	// no more; a layer that wants to look at one afterwards calls p.Tape.Keep.
	Forward(p *Pass, x *autograd.Var) *autograd.Var
}

// LayerOptions are the settings that every layer has.
type LayerOptions struct {
	Name       string // unique in its model; made from Kind where empty
	InputShape []int  // of one example, needed by the first layer only
	Frozen     bool   // the parameters are not trained
}

// A Param is a parameter of a layer. Its Grad belongs to the training: after a step of Fit
// it need not hold the gradient (see autograd.Tape.Update).
type Param struct {
	Name string // layer and role: "dense_1/kernel"
	*autograd.Var

	shape []int
	state bool // made by Builder.State

	regularizer Regularizer
}

// A Builder makes a layer's parameters.
type Builder struct {
	device kernels.Device
	random *Random
	layer  string
	number uint32
	frozen bool
	dry    bool // only the names and shapes are wanted
	model  *Sequential
	next   Layer // the layer after this one, or nil
	params []*Param
}

// Param makes a parameter of the layer that is being built, with first values
// from init. Its name is the layer's and the role: dense_1/kernel.
func (b *Builder) Param(role string, init Initializer, shape ...int) *autograd.Var {
	p := &Param{Name: b.layer + "/" + role, shape: shape}
	b.params = append(b.params, p)
	if b.dry {
		return nil
	}
	p.Var = autograd.NewParam(tensor.New(b.device, shape...)) // first: what is too large fails here
	values := make([]float32, tensor.Size(shape))
	init.Fill(b.random, values, shape)
	tensor.Set(p.Value, values)
	p.SetTrainable(!b.frozen)
	return p.Var
}

// regularized is Param for a kernel whose penalty is a part of the loss.
func (b *Builder) regularized(role string, r Regularizer, init Initializer, shape ...int) *autograd.Var {
	v := b.Param(role, init, shape...)
	b.params[len(b.params)-1].regularizer = r
	return v
}

// State makes a parameter that is not learnt but kept by the layer's own Forward, such as a
// moving average. It goes into the model's file with the others; no optimizer touches it, and
// SetTrainable leaves it as it is.
func (b *Builder) State(role string, init Initializer, shape ...int) *autograd.Var {
	v := b.Param(role, init, shape...)
	b.params[len(b.params)-1].state = true
	if v != nil {
		v.SetTrainable(false)
	}
	return v
}

// Number is different for each layer of a model: what Pass.Dropout wants to be told.
func (b *Builder) Number() uint32 { return b.number }

// A claim is the place of a layer that keeps something from its Build. In a
// second place it would keep something else, and the first would silently
// compute with that.
type claim struct {
	model  *Sequential
	number uint32
}

// claim refuses a layer that stands elsewhere already.
func (b *Builder) claim(c *claim) error {
	place := claim{b.model, b.number}
	if c.model != nil && *c != place {
		return errors.New("it already stands in a model; make a layer for each place")
	}
	if !b.dry {
		*c = place
	}
	return nil
}

// A Pass is one recording of a model on a tape.
type Pass struct {
	Tape     *autograd.Tape // that layers record on
	Training bool           // dropout drops; off while evaluating and predicting

	step       *autograd.Var // int32: the number of the training step
	seed       uint64
	imagesLast bool // see layout.go
	frozen     bool // the layer that is being recorded is not trained
}

// Dropout records a dropout for the layer of the given number (Builder.Number): the share
// rate of x, of any shape, becomes zero, the rest is scaled by 1/(1−rate). A layer asks for
// it only where Training is set.
func (p *Pass) Dropout(x *autograd.Var, rate float32, number uint32) *autograd.Var {
	return p.Tape.Dropout(x, p.step, kernels.DropoutSpec{Rate: rate, Seed: p.seed, Layer: number})
}

// A LayerError is a layer that does not fit where it stands in its model.
type LayerError struct {
	Layer string // its name
	Kind  string // what it is, such as Dense
	Err   error  // what does not fit
}

// Error names the layer and its kind.
func (e *LayerError) Error() string { return fmt.Sprintf("layer %s (%s): %v", e.Layer, e.Kind, e.Err) }

// Unwrap is what does not fit.
func (e *LayerError) Unwrap() error { return e.Err }
