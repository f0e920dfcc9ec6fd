package cuda

import "baregrad/kernels"

// Tanh is y = tanh x: see tanh.ptx.
func (d *Device) Tanh(y, x kernels.Buffer) {
	d.forward("tanh", kernel{"tanh.ptx", "tanh_fwd_f32"}, y, x)
}

// TanhGrad is dx = dy·(1−y²).
func (d *Device) TanhGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.backward("tanh gradient", kernel{"tanh.ptx", "tanh_bwd_f32"}, dx, dy, y, m)
}
