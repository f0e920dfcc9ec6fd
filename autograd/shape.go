package autograd

import "baregrad/kernels"

// Reshape is x with another shape of the same number of elements; one size may be −1.
// It costs nothing and records no step, because value and gradient share x's memory.
func (t *Tape) Reshape(x *Var, shape ...int) *Var {
	y := &Var{Value: x.Value.Reshape(shape...), pass: x.pass, from: x.from, tape: x.tape}
	y.inheritGate(x)
	if t.wants(x) {
		y.wanted = true
		if x.Grad != nil {
			y.Grad = x.Grad.Reshape(shape...)
		}
	}
	if x.from != nil {
		t.memory.views = append(t.memory.views, y)
	}
	t.targets[y] = y.wanted
	return y
}

// Transpose permutes the axes into the given order, as NumPy's transpose does: axis i
// of the result is axis order[i] of x.
func (t *Tape) Transpose(x *Var, order ...int) *Var {
	shape, s, err := kernels.Permute(x.Shape(), order)
	if err != nil {
		kernels.Panicf("transpose", "%v", err)
	}
	y := t.output(shape, x)
	y.inheritGate(x)
	t.record("transpose", y, nil,
		func() { t.device.Transpose(y.data(), x.data(), s) },
		func() { // each element's gradient goes back to where it came from
			dx, mode := t.into(x)
			t.device.TransposeGrad(dx, y.grad(), s, mode)
		})
	return y
}
