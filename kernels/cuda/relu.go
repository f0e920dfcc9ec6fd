package cuda

import "baregrad/kernels"

// ReLU is y = max(x, 0): see relu.ptx.
func (d *Device) ReLU(y, x kernels.Buffer) {
	d.forward("relu", kernel{"relu.ptx", "relu_fwd_f32"}, y, x)
}

// BiasReLUGrad is ReLUGrad, then the sum by column.
func (d *Device) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckBiasReLU("bias relu gradient", dx, dbias, dy, y, rows, cols)
	d.ReLUGrad(dx, dy, y, kernels.Overwrite)
	if dbias != nil {
		d.Sum(dbias, dx, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, m)
	}
}

// ReLUGrad is dx = dy where y > 0, else 0.
func (d *Device) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.backward("relu gradient", kernel{"relu.ptx", "relu_bwd_f32"}, dx, dy, y, m)
}
