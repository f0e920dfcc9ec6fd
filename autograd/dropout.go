package autograd

import "baregrad/kernels"

// Dropout sets a share of x to zero, drawn anew for each training step, and
// scales the rest by 1/(1−rate) so that the expected sum stays. step, one int32,
// holds the number of the training step: with the seed it says which elements
// are dropped.
func (t *Tape) Dropout(x, step *Var, s kernels.DropoutSpec) *Var {
	if !(s.Rate >= 0 && s.Rate <= 1) {
		kernels.Panicf("dropout", "rate %v, must be from 0 to 1", s.Rate)
	}
	y := t.outputLike(x)
	y.inheritGate(x) // what is kept has x's sign, and of what is not kept the gradient is 0
	t.record("dropout", y, []*Var{step},
		func() { t.device.Dropout(y.data(), x.data(), step.data(), s) },
		func() { // the same mask, drawn again
			dx, mode := t.into(x)
			t.device.DropoutGrad(dx, y.grad(), step.data(), s, mode)
		})
	return y
}
