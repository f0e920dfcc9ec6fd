package cuda

import "baregrad/kernels"

// Exp is y = eˣ: see exp.ptx.
func (d *Device) Exp(y, x kernels.Buffer) {
	d.forward("exp", kernel{"exp.ptx", "exp_fwd_f32"}, y, x)
}

// ExpGrad is dx = dy·y.
func (d *Device) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.backward("exp gradient", kernel{"exp.ptx", "exp_bwd_f32"}, dx, dy, y, m)
}
