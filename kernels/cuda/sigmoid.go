package cuda

import "baregrad/kernels"

// Sigmoid is y = 1/(1+e⁻ˣ): see sigmoid.ptx.
func (d *Device) Sigmoid(y, x kernels.Buffer) {
	d.forward("sigmoid", kernel{"sigmoid.ptx", "sigmoid_fwd_f32"}, y, x)
}

// SigmoidGrad is dx = dy·y·(1−y).
func (d *Device) SigmoidGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.backward("sigmoid gradient", kernel{"sigmoid.ptx", "sigmoid_bwd_f32"}, dx, dy, y, m)
}
