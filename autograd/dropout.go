package autograd

import "baregrad/kernels"

// Dropout sets a share of x to zero, drawn again for each training step, and scales
// the rest by 1/(1−rate), so that the expected sum stays the same. step, one int32, is
// the number of the training step. Together with the seed it determines which elements
// are dropped.
func (t *Tape) Dropout(x, step *Var, s kernels.DropoutSpec) *Var {
	if !(s.Rate >= 0 && s.Rate <= 1) {
		kernels.Panicf("dropout", "rate %v, must be from 0 to 1", s.Rate)
	}
	y := t.outputLike(x)
	y.inheritGate(x) // kept elements have x's sign; the others have gradient 0
	t.record("dropout", y, []*Var{step},
		func() { t.device.Dropout(y.data(), x.data(), step.data(), s) },
		func() { // the same mask, drawn again
			dx, mode := t.into(x)
			t.device.DropoutGrad(dx, y.grad(), step.data(), s, mode)
		})
	return y
}
