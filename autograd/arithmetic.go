package autograd

import "baregrad/kernels"

// Elementwise arithmetic broadcasts by NumPy's rules: shapes are aligned at their
// last axis, and an axis of size 1 is repeated. The gradient of a repeated operand
// is the sum over the repetitions.
//
// The two gradients are computed one after the other, so that if both operands are
// the same variable, the second share is added to the first.

// Add is y = a + b, with NumPy's broadcasting: shapes are aligned at their last axis,
// and an axis of size 1 is repeated. So do Sub, Mul and Div.
func (t *Tape) Add(a, b *Var) *Var {
	y, s := t.broadcast("add", a, b)
	t.record("add", y, nil,
		func() { t.device.Add(y.data(), a.data(), b.data(), s) },
		func() { // da = dy, db = dy
			if da, mode := t.into(a); da != nil {
				t.device.AddGrad(da, nil, y.grad(), s, mode, mode)
			}
			if db, mode := t.into(b); db != nil {
				t.device.AddGrad(nil, db, y.grad(), s, mode, mode)
			}
		})
	return y
}

// Sub is y = a − b, with broadcasting like Add.
func (t *Tape) Sub(a, b *Var) *Var {
	y, s := t.broadcast("sub", a, b)
	t.record("sub", y, nil,
		func() { t.device.Sub(y.data(), a.data(), b.data(), s) },
		func() { // da = dy, db = −dy
			if da, mode := t.into(a); da != nil {
				t.device.SubGrad(da, nil, y.grad(), s, mode, mode)
			}
			if db, mode := t.into(b); db != nil {
				t.device.SubGrad(nil, db, y.grad(), s, mode, mode)
			}
		})
	return y
}

// Mul is y = a·b, element by element, with broadcasting like Add.
func (t *Tape) Mul(a, b *Var) *Var {
	y, s := t.broadcast("mul", a, b)
	t.record("mul", y, []*Var{a, b},
		func() { t.device.Mul(y.data(), a.data(), b.data(), s) },
		func() { // da = dy·b, db = dy·a
			if da, mode := t.into(a); da != nil {
				t.device.MulGrad(da, nil, y.grad(), a.data(), b.data(), s, mode, mode)
			}
			if db, mode := t.into(b); db != nil {
				t.device.MulGrad(nil, db, y.grad(), a.data(), b.data(), s, mode, mode)
			}
		})
	return y
}

// Div is y = a/b, with broadcasting like Add.
func (t *Tape) Div(a, b *Var) *Var {
	y, s := t.broadcast("div", a, b)
	t.record("div", y, []*Var{a, b},
		func() { t.device.Div(y.data(), a.data(), b.data(), s) },
		func() { // da = dy/b, db = −dy·a/b²
			if da, mode := t.into(a); da != nil {
				t.device.DivGrad(da, nil, y.grad(), a.data(), b.data(), s, mode, mode)
			}
			if db, mode := t.into(b); db != nil {
				t.device.DivGrad(nil, db, y.grad(), a.data(), b.data(), s, mode, mode)
			}
		})
	return y
}

// Affine is y = scale·x + shift, with x's shape.
func (t *Tape) Affine(x *Var, scale, shift float32) *Var {
	y := t.outputLike(x)
	t.record("affine", y, nil,
		func() { t.device.Affine(y.data(), x.data(), scale, shift) },
		func() { // dx = scale·dy
			dx, mode := t.into(x)
			t.device.AffineGrad(dx, y.grad(), scale, mode)
		})
	return y
}

func (t *Tape) broadcast(op string, a, b *Var) (*Var, kernels.BroadcastSpec) {
	shape, s, err := kernels.Broadcast(a.Shape(), b.Shape())
	if err != nil {
		kernels.Panicf(op, "%v", err)
	}
	return t.output(shape, a, b), s
}
