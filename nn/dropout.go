package nn

import (
	"fmt"

	"baregrad/autograd"
)

// Dropout sets a share of its input to zero, drawn again for each training step, and
// scales the rest by 1/(1−Rate), so that the expected sum stays the same (Srivastava
// et al., "Dropout", 2014). Rate 1 gives zeros. Outside training it does nothing.
type Dropout struct {
	Rate       float64 // from 0 to 1
	Name       string  // default: dropout, dropout_1, …
	InputShape []int   // of one example, without the batch; only needed for the first layer

	number uint32
	place  claim
}

// Kind is "Dropout".
func (*Dropout) Kind() string { return "Dropout" }

// Options are the settings that every layer has.
func (l *Dropout) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses a rate that is not from 0 to 1.
func (l *Dropout) Build(b *Builder, in []int) ([]int, error) {
	if !(l.Rate >= 0 && l.Rate <= 1) {
		return nil, fmt.Errorf("rate is %v, must be from 0 to 1", l.Rate)
	}
	l.number = b.Number()
	return in, b.claim(&l.place)
}

// Forward records the dropout in training, and nothing otherwise.
func (l *Dropout) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	if !p.Training || l.Rate == 0 {
		return x
	}
	return p.Dropout(x, float32(l.Rate), l.number)
}

func (l *Dropout) anyLayout() bool { return true }
