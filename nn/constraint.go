package nn

import (
	"errors"
	"fmt"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A Constraint is what a layer's kernel is brought back to after each training step of Fit. Norms are
// those of each unit's or filter's weights: Keras's axis=0 of a Dense layer and axis=[0, 1, 2] of a
// convolution. Only one field may be set. (Forward on your own tape knows nothing of constraints.)
type Constraint struct {
	MaxNorm     float64 `json:",omitempty"` // a larger norm is reduced to this; 0 for any
	UnitNorm    bool    `json:",omitempty"` // every norm becomes 1
	NonNegative bool    `json:",omitempty"` // negative weights become 0
}

// MaxNorm is Keras's MaxNorm(most), whose default is 2.
func MaxNorm(most float64) Constraint { return Constraint{MaxNorm: most} }

// Keras's constraints without settings.
var (
	UnitNorm = Constraint{UnitNorm: true}    // every norm becomes 1
	NonNeg   = Constraint{NonNegative: true} // negative weights become 0
)

func (c Constraint) check() error {
	if !(c.MaxNorm >= 0 && c.MaxNorm <= 1e30) {
		return fmt.Errorf("the kernel's constraint has MaxNorm %v, must be from 0 to 1e+30", c.MaxNorm)
	}
	if c.MaxNorm > 0 && c.UnitNorm || c.MaxNorm > 0 && c.NonNegative || c.UnitNorm && c.NonNegative {
		return errors.New("the kernel's constraint has several of MaxNorm, UnitNorm and NonNegative, must have one")
	}
	return nil
}

// prepare returns what brings the weights w [rows, cols] back to the constraint, and the memory that
// it needs. As in Keras, norms are increased by 1e-7 before the division.
func (c Constraint) prepare(d kernels.Device, w kernels.Buffer, rows, cols int) (work func(), memory []*tensor.Tensor) {
	if c.NonNegative {
		return func() { d.ReLU(w, w) }, nil
	}
	memory = []*tensor.Tensor{tensor.New(d, rows, cols), tensor.New(d, cols), tensor.New(d, cols)}
	squares, norm, divisor := memory[0].Buffer(), memory[1].Buffer(), memory[2].Buffer()
	_, all, _ := kernels.Broadcast([]int{rows, cols}, []int{rows, cols})
	_, columns, _ := kernels.Broadcast([]int{rows, cols}, []int{cols})
	_, one, _ := kernels.Broadcast([]int{cols}, []int{cols})
	return func() {
		d.Mul(squares, w, w, all)
		d.Sum(norm, squares, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, kernels.Overwrite)
		d.Affine(norm, norm, 1, 1e-30) // the root is e^(ln(norm)/2), also of 0
		d.Log(norm, norm)
		d.Affine(norm, norm, 0.5, 0)
		d.Exp(norm, norm)
		d.Affine(divisor, norm, 1, epsilon)
		if c.UnitNorm {
			d.Div(w, w, divisor, columns)
			return
		}
		most := float32(c.MaxNorm) // min(norm, most) = most − max(most−norm, 0)
		d.Affine(norm, norm, -1, most)
		d.ReLU(norm, norm)
		d.Affine(norm, norm, -1, most)
		d.Div(norm, norm, divisor, one)
		d.Mul(w, w, norm, columns)
	}, memory
}

// constrain records that constrained kernels are brought back after the update of each step.
func (s *session) constrain(t *autograd.Tape) {
	for _, p := range s.model.params {
		if p.constraint == (Constraint{}) || !p.Trainable() {
			continue
		}
		cols := p.Value.Dim(-1)
		work, memory := p.constraint.prepare(s.model.device, p.Value.Buffer(), p.Value.Len()/cols, cols)
		s.constraints = append(s.constraints, memory...)
		t.After(work)
	}
}
