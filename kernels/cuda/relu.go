package cuda

import "baregrad/kernels"

// ReLU is y = max(x, 0): see relu.ptx.
func (d *Device) ReLU(y, x kernels.Buffer) {
	d.forward("relu", kernel{"relu.ptx", "relu_fwd_f32"}, y, x)
}

// ReLUGrad is dx = dy where y > 0, otherwise 0.
func (d *Device) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.backward("relu gradient", kernel{"relu.ptx", "relu_bwd_f32"}, dx, dy, y, m)
}
