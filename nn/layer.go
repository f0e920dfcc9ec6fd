package nn

import (
	"errors"
	"fmt"
	"slices"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A Layer is one step of a Sequential model. The layers of this package are structs
// whose zero fields are Keras's defaults. A model can contain any other implementation
// of Layer, too. A layer can be used at only one place in one model.
type Layer interface {
	// Kind is the layer's class name, which Summary shows: "Dense".
	Kind() string
	// Options are the settings that every layer has.
	Options() LayerOptions
	// Build checks that the layer can follow an output of shape in (without the batch),
	// makes its parameters, and returns the shape of its own output.
	Build(b *Builder, in []int) (out []int, err error)
	// Forward records the layer on the pass's tape. x is [batch, in…]. During training,
	// the memory of a value is reused as soon as the step no longer needs the value. A
	// layer that wants to read one afterwards calls p.Tape.Keep.
	Forward(p *Pass, x *autograd.Var) *autograd.Var
}

// LayerOptions are the settings that every layer has.
type LayerOptions struct {
	Name       string // unique in its model; made from Kind if empty
	InputShape []int  // of one example; only needed for the first layer
	Frozen     bool   // the parameters are not trained
}

// A Param is a parameter of a layer. Fit may use its Grad as working memory: after a step it
// need not hold the gradient (see autograd.Tape.Update).
type Param struct {
	Name string // layer and role: "dense_1/kernel"
	*autograd.Var

	shape []int
	state bool // it was made by Builder.State

	regularizer Regularizer
	constraint  Constraint
}

// A Builder makes a layer's parameters.
type Builder struct {
	device kernels.Device
	random *Random
	layer  string
	number uint32
	frozen bool
	dry    bool // only names and shapes are needed
	model  *Sequential
	next   Layer    // the layer after this one, or nil
	kept   []*Param // the layer's parameters in an earlier build of the model
	params []*Param
}

// Param makes a parameter of the layer that is being built, with initial values
// from init. Its name is the layer's name and the role: dense_1/kernel.
func (b *Builder) Param(role string, init Initializer, shape ...int) *autograd.Var {
	p := &Param{Name: b.layer + "/" + role, shape: shape}
	b.params = append(b.params, p)
	if b.dry {
		return nil
	}
	if i := len(b.params) - 1; i < len(b.kept) && b.kept[i].Name == p.Name && slices.Equal(b.kept[i].shape, shape) {
		p.Var = b.kept[i].Var
		return p.Var
	}
	p.Var = autograd.NewParam(tensor.New(b.device, shape...)) // first, because a shape that is too large fails here
	values := make([]float32, tensor.Size(shape))
	init.Fill(b.random, values, shape)
	tensor.Set(p.Value, values)
	p.SetTrainable(!b.frozen)
	return p.Var
}

// kernel is Param for a kernel with a penalty in the loss and a constraint.
func (b *Builder) kernel(r Regularizer, c Constraint, init Initializer, shape ...int) *autograd.Var {
	v := b.Param("kernel", init, shape...)
	p := b.params[len(b.params)-1]
	p.regularizer, p.constraint = r, c
	return v
}

// State makes a parameter that is not learnt, but updated by the layer's own Forward, such
// as a moving average. It is saved in the model's file like the others. Optimizers and
// SetTrainable do not affect it.
func (b *Builder) State(role string, init Initializer, shape ...int) *autograd.Var {
	v := b.Param(role, init, shape...)
	b.params[len(b.params)-1].state = true
	if v != nil {
		v.SetTrainable(false)
	}
	return v
}

// Number is different for each layer of a model. Pass.Dropout needs it.
func (b *Builder) Number() uint32 { return b.number }

// A claim is the place in a model of a layer that keeps something from its Build. Built
// for a second place, it would keep something else, and the first place would silently
// compute with that.
type claim struct {
	model  *Sequential
	number uint32
}

// claim refuses a layer that is already used elsewhere.
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
	Tape     *autograd.Tape // the tape to record on
	Training bool           // false for evaluation and prediction, where dropout does nothing

	step       *autograd.Var // int32: the number of the training step
	seed       uint64
	imagesLast bool // see layout.go
	frozen     bool // the layer being recorded is not trained
}

// Dropout records a dropout for the layer with the given number (Builder.Number): the share
// rate of x, of any shape, becomes zero, and the rest is scaled by 1/(1−rate). A layer calls
// it only if Training is set.
func (p *Pass) Dropout(x *autograd.Var, rate float32, number uint32) *autograd.Var {
	return p.Tape.Dropout(x, p.step, kernels.DropoutSpec{Rate: rate, Seed: p.seed, Layer: number})
}

// A LayerError reports a layer that does not fit at its place in the model.
type LayerError struct {
	Layer string // its name
	Kind  string // what it is, such as Dense
	Err   error  // what does not fit
}

// Error names the layer and its kind.
func (e *LayerError) Error() string { return fmt.Sprintf("layer %s (%s): %v", e.Layer, e.Kind, e.Err) }

// Unwrap returns what does not fit.
func (e *LayerError) Unwrap() error { return e.Err }
