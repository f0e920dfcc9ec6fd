package nn

import (
	"fmt"

	"baregrad/autograd"
)

// A Regularizer adds L1·Σ|w| + L2·Σw² of a layer's kernel to the loss. It makes weights of
// little use small, or, with L1, zero. As in Keras, the loss shown by Fit and Evaluate
// includes it, metrics do not, and sample weights do not scale it. Frozen layers add nothing.
// (AdamW's weight decay is different: it is not part of the loss.)
type Regularizer struct {
	L1 float64 `json:",omitempty"` // the factor of Σ|w|; 0 for none
	L2 float64 `json:",omitempty"` // the factor of Σw²; 0 for none
}

// L1 is Keras's L1(factor), whose default is 0.01: factor·Σ|w|.
func L1(factor float64) Regularizer { return Regularizer{L1: factor} }

// L2 is Keras's L2(factor), whose default is 0.01: factor·Σw².
func L2(factor float64) Regularizer { return Regularizer{L2: factor} }

func (r Regularizer) check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"L1", r.L1}, {"L2", r.L2}} {
		if !(f.value >= 0 && f.value <= 1e30) {
			return fmt.Errorf("the kernel's regularizer has %s %v, must be from 0 to 1e+30", f.name, f.value)
		}
	}
	return nil
}

// record records the penalty for w: one number.
func (r Regularizer) record(t *autograd.Tape, w *autograd.Var) *autograd.Var {
	w = t.Reshape(w, -1)
	var values *autograd.Var
	if r.L2 != 0 {
		values = t.Affine(t.Mul(w, w), float32(r.L2), 0)
	}
	if r.L1 != 0 {
		size := t.Affine(absolute(t, w), float32(r.L1), 0)
		if values == nil {
			values = size
		} else {
			values = t.Add(values, size)
		}
	}
	return t.Sum(values, 0, 0)
}

// Penalty records the sum that the layers' regularizers add to the loss, one number. Use it
// in your own training loop around Forward; Fit adds it itself. It is nil if no trainable
// layer has a regularizer.
func (m *Sequential) Penalty(t *autograd.Tape) *autograd.Var {
	var sum *autograd.Var
	for _, p := range m.params {
		switch {
		case p.regularizer == Regularizer{} || !p.Trainable():
		case sum == nil:
			sum = p.regularizer.record(t, p.Var)
		default:
			sum = t.Add(sum, p.regularizer.record(t, p.Var))
		}
	}
	return sum
}
