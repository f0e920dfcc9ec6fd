package avx

import "baregrad/kernels"

// Elementwise activations: y[i] = f(x[i]), dx[i] = dy[i]·f′.

func (d *Device) ReLU(y, x kernels.Buffer) {
	kernels.SameLen("relu", y, x)
	d.unary(y, x, d.set.vector.relu_fwd_f32)
}

func (d *Device) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("relu gradient", dx, dy, y)
	d.gradient(dx, dy, y, m, d.set.vector.relu_bwd_f32)
}

func (d *Device) Sigmoid(y, x kernels.Buffer) {
	kernels.SameLen("sigmoid", y, x)
	d.unary(y, x, d.set.vector.sigmoid_fwd_f32)
}

func (d *Device) SigmoidGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("sigmoid gradient", dx, dy, y)
	d.gradient(dx, dy, y, m, d.set.vector.sigmoid_bwd_f32)
}

func (d *Device) Tanh(y, x kernels.Buffer) {
	kernels.SameLen("tanh", y, x)
	d.unary(y, x, d.set.vector.tanh_fwd_f32)
}

func (d *Device) TanhGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("tanh gradient", dx, dy, y)
	d.gradient(dx, dy, y, m, d.set.vector.tanh_bwd_f32)
}

func (d *Device) GELU(y, x kernels.Buffer) {
	kernels.SameLen("gelu", y, x)
	d.unary(y, x, d.set.vector.gelu_fwd_f32)
}

func (d *Device) GELUGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("gelu gradient", dx, dy, x)
	d.gradient(dx, dy, x, m, d.set.vector.gelu_bwd_f32)
}

func (d *Device) Exp(y, x kernels.Buffer) {
	kernels.SameLen("exp", y, x)
	d.unary(y, x, d.set.vector.exp_fwd_f32)
}

// ExpGrad: exp′ = exp, so dx = dy·y.
func (d *Device) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("exp gradient", dx, dy, y)
	d.gradient(dx, dy, y, m, d.set.vector.mul_bwd_f32)
}

func (d *Device) Log(y, x kernels.Buffer) {
	kernels.SameLen("log", y, x)
	d.unary(y, x, d.set.vector.log_fwd_f32)
}

// LogGrad: ln′ = 1/x, so dx = dy/x.
func (d *Device) LogGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("log gradient", dx, dy, x)
	d.gradient(dx, dy, x, m, d.set.vector.div_bwd_f32)
}

// unary shares f(y, x) among the workers.
func (d *Device) unary(y, x kernels.Buffer, f func(y, x []float32)) {
	d.share(&job{y: kernels.Floats(y), a: kernels.Floats(x), unary: f}, y.Len(), 1, func(j *job, from, to int) {
		j.unary(j.y[from:to], j.a[from:to])
	})
}

// gradient shares f(dx, dy, y, m) among the workers. (y is what the gradient is computed from; for
// some operations that is the input.)
func (d *Device) gradient(dx, dy, y kernels.Buffer, m kernels.Mode, f func(dx, dy, y []float32, m kernels.Mode)) {
	j := job{y: kernels.Floats(dx), a: kernels.Floats(dy), b: kernels.Floats(y), mode: m, gradient: f}
	d.share(&j, dx.Len(), 1, func(j *job, from, to int) {
		j.gradient(j.y[from:to], j.a[from:to], j.b[from:to], j.mode)
	})
}
