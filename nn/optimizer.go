package nn

import (
	"fmt"
	"math"

	"baregrad/kernels"
	"baregrad/tensor"
)

// An Optimizer says how weights follow their gradients. The optimizers of this package
// are plain values. A field left at 0 stands for Keras's default, so SGD{}, RMSprop{},
// Adam{} and AdamW{} can be used as they are.
type Optimizer interface {
	// Name is Keras's name of the optimizer.
	Name() string
	// Check returns an error if the settings are wrong.
	Check() error
	// Rate is the learning rate for a step, counted from 0.
	Rate(step int) float64
	// Clipping gives the limits for gradients.
	Clipping() Clipping
	// Prepare allocates the optimizer's state for each parameter.
	Prepare(d kernels.Device, params []*Param) Updater
}

// An Updater is an optimizer working on one model.
type Updater interface {
	// Rates returns the two numbers that the kernels read at a step, counted from 0, for
	// the given learning rate: the rate itself, and the rate corrected for the step, if the
	// optimizer has one. They depend only on these two arguments.
	Rates(rate float64, step int) [2]float32
	// Update returns the step for parameter i. Its Apply gets a gradient and uses the rates
	// that the buffer then holds: float32 [2], the result of Rates. Update is called once for
	// each recorded training step, and Apply in each one. Apply reads the gradient from g
	// only, because the parameter's Grad need not hold it (see autograd.Tape.Update).
	Update(i int, rates kernels.Buffer) kernels.Update
	// State is the optimizer's state, by name.
	State() []NamedTensor
}

// A NamedTensor is a tensor with the name under which it is saved.
type NamedTensor struct {
	Name   string         // such as dense/kernel/velocity
	Tensor *tensor.Tensor // the values
}

// A Schedule gives the learning rate of each training step.
type Schedule interface {
	// At is the learning rate of a step, counted from 0.
	At(step int) float64
}

// OneCycle raises the learning rate to Peak and lowers it again to almost 0, along half
// cosines (Smith and Topin, "Super-convergence", 2017; the shape and the defaults are
// those of PyTorch's OneCycleLR).
type OneCycle struct {
	Peak  float64 // the largest learning rate
	Steps int     // of the whole training
	Rise  float64 // the share of the steps during which it rises; 0.3 if 0
	Start float64 // the first rate is Peak/Start; 25 if 0
	End   float64 // the last rate is Peak/Start/End; 10000 if 0
}

// Name is "one_cycle".
func (OneCycle) Name() string { return "one_cycle" }

// Check refuses settings out of range.
func (c OneCycle) Check() error {
	return firstError(within(c.Name(), "peak", c.Peak, 0, 1e6), positiveSteps(c.Name(), c.Steps),
		within(c.Name(), "rise", c.Rise, 0, 1), within(c.Name(), "start", c.Start, 0, 1e30), within(c.Name(), "end", c.End, 0, 1e30))
}

// At is the learning rate of a step, counted from 0.
func (c OneCycle) At(step int) float64 {
	start := c.Peak / or(c.Start, 25)
	end := start / or(c.End, 1e4)
	top := float64(or(c.Rise, 0.3)*float64(c.Steps)) - 1
	last := float64(c.Steps - 1)
	at := math.Min(float64(step), last)
	if at < top {
		return halfCosine(start, c.Peak, at/top)
	}
	return halfCosine(c.Peak, end, (at-top)/math.Max(1, last-top))
}

// halfCosine goes from a to b as x goes from 0 to 1, with slope 0 at both ends.
func halfCosine(a, b, x float64) float64 { return b + float64((a-b)*(1+math.Cos(math.Pi*x))/2) }

// or is x, or fallback if x is 0.
func or(x, fallback float64) float64 {
	if x == 0 {
		return fallback
	}
	return x
}

func rateAt(rate, fallback float64, s Schedule, step int) float64 {
	if s != nil {
		return s.At(step)
	}
	return or(rate, fallback)
}

// within checks that a setting is between two values.
func within(optimizer, setting string, value, low, high float64) error {
	if !(value >= low && value <= high) {
		return fmt.Errorf("%s: %s is %v, must be from %v to %v", optimizer, setting, value, low, high)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// slots makes one zeroed tensor for each parameter.
func slots(d kernels.Device, params []*Param) []*tensor.Tensor {
	made := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		made[i] = tensor.New(d, p.Shape()...)
	}
	return made
}

// named gives slots the names under which they are saved.
func named(role string, params []*Param, slots []*tensor.Tensor) []NamedTensor {
	list := make([]NamedTensor, 0, len(slots))
	for i, s := range slots {
		list = append(list, NamedTensor{params[i].Name + "/" + role, s})
	}
	return list
}

// at is the memory of slot i, or nil if the optimizer has no such slots.
func at(slots []*tensor.Tensor, i int) kernels.Buffer {
	if slots == nil {
		return nil
	}
	return slots[i].Buffer()
}

var optimizers = map[string]Optimizer{"sgd": SGD{}, "rmsprop": RMSprop{}, "adam": Adam{}, "adamw": AdamW{}}

// OptimizerByName returns the optimizer with that name in Keras, with default settings,
// or the one registered under it, or a *NameError.
func OptimizerByName(name string) (Optimizer, error) { return byName("optimizer", name, optimizers) }
