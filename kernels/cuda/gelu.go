package cuda

import "baregrad/kernels"

// GELU is y = x·Φ(x): see gelu.ptx.
func (d *Device) GELU(y, x kernels.Buffer) {
	d.forward("gelu", kernel{"gelu.ptx", "gelu_fwd_f32"}, y, x)
}

// GELUGrad is dx = dy·(Φ(x) + x·φ(x)).
func (d *Device) GELUGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	d.backward("gelu gradient", kernel{"gelu.ptx", "gelu_bwd_f32"}, dx, dy, x, m)
}
