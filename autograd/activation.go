package autograd

import "baregrad/kernels"

// The activations take an x of any shape and return a y of the same shape. Except for
// Softmax and LogSoftmax, they work on each element separately.

// ReLU is y = max(x, 0); its derivative at 0 is taken as 0. If x is the output of a
// fused ReLU, y is x itself.
func (t *Tape) ReLU(x *Var) *Var {
	if x.isRectified() {
		return x
	}
	y := t.outputLike(x)
	y.gate = y
	t.record("relu", y, []*Var{y},
		func() { t.device.ReLU(y.data(), x.data()) },
		func() { // dx = dy where y > 0
			dx, mode := t.into(x)
			t.device.ReLUGrad(dx, y.grad(), y.data(), mode)
		})
	return y
}

// Sigmoid is y = 1/(1+e⁻ˣ).
func (t *Tape) Sigmoid(x *Var) *Var {
	y := t.outputLike(x)
	t.record("sigmoid", y, []*Var{y},
		func() { t.device.Sigmoid(y.data(), x.data()) },
		func() { // dx = dy·y·(1−y)
			dx, mode := t.into(x)
			t.device.SigmoidGrad(dx, y.grad(), y.data(), mode)
		})
	return y
}

// Tanh is y = tanh x.
func (t *Tape) Tanh(x *Var) *Var {
	y := t.outputLike(x)
	t.record("tanh", y, []*Var{y},
		func() { t.device.Tanh(y.data(), x.data()) },
		func() { // dx = dy·(1−y²)
			dx, mode := t.into(x)
			t.device.TanhGrad(dx, y.grad(), y.data(), mode)
		})
	return y
}

// GELU is y = x·Φ(x), where Φ is the normal distribution (Hendrycks and Gimpel, "Gaussian
// error linear units", 2016).
func (t *Tape) GELU(x *Var) *Var {
	y := t.outputLike(x)
	t.record("gelu", y, []*Var{x},
		func() { t.device.GELU(y.data(), x.data()) },
		func() { // dx = dy·(Φ(x) + x·φ(x))
			dx, mode := t.into(x)
			t.device.GELUGrad(dx, y.grad(), x.data(), mode)
		})
	return y
}

// Exp is y = eˣ.
func (t *Tape) Exp(x *Var) *Var {
	y := t.outputLike(x)
	t.record("exp", y, []*Var{y},
		func() { t.device.Exp(y.data(), x.data()) },
		func() { // dx = dy·y
			dx, mode := t.into(x)
			t.device.ExpGrad(dx, y.grad(), y.data(), mode)
		})
	return y
}

// Log is y = ln x.
func (t *Tape) Log(x *Var) *Var {
	y := t.outputLike(x)
	t.record("log", y, []*Var{x},
		func() { t.device.Log(y.data(), x.data()) },
		func() { // dx = dy/x
			dx, mode := t.into(x)
			t.device.LogGrad(dx, y.grad(), x.data(), mode)
		})
	return y
}

// Softmax is y[…,c] = e^x[…,c] / Σ over k of e^x[…,k], over the last axis.
func (t *Tape) Softmax(x *Var) *Var {
	rows, cols := rowsAndCols("softmax", x)
	y := t.output(x.Shape(), x)
	t.record("softmax", y, []*Var{y},
		func() { t.device.Softmax(y.data(), x.data(), rows, cols) },
		func() { // dx = y·(dy − Σ dy·y)
			dx, mode := t.into(x)
			t.device.SoftmaxGrad(dx, y.grad(), y.data(), rows, cols, mode)
		})
	return y
}

// LogSoftmax is y = x − ln Σ eˣ, over the last axis.
func (t *Tape) LogSoftmax(x *Var) *Var {
	rows, cols := rowsAndCols("log-softmax", x)
	y := t.output(x.Shape(), x)
	t.record("log-softmax", y, []*Var{y},
		func() { t.device.LogSoftmax(y.data(), x.data(), rows, cols) },
		func() { // dx = dy − e^y·Σ dy
			dx, mode := t.into(x)
			t.device.LogSoftmaxGrad(dx, y.grad(), y.data(), rows, cols, mode)
		})
	return y
}

// rowsAndCols treats all axes but the last as rows.
func rowsAndCols(op string, x *Var) (rows, cols int) {
	if x.Value.Rank() == 0 {
		kernels.Panicf(op, "a scalar has no last axis")
	}
	cols = x.Value.Dim(-1)
	if cols == 0 {
		kernels.Panicf(op, "the last axis of %v is empty", x.Shape())
	}
	return x.Value.Len() / cols, cols
}
