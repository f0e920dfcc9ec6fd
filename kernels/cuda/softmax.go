package cuda

import "baregrad/kernels"

// Softmax computes the softmax of each row: see softmax.ptx.
func (d *Device) Softmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("softmax", rows, cols, y, x)
	switch {
	case cols > 0 && cols <= 32 && cols%4 != 0 && rows >= 1<<14:
		d.launch(kernel{"softmax.ptx", "softmax_short_fwd_f32"}, line(ceilDiv(rows, 256)), lanes(256),
			address(y), address(x), count(rows), count(cols))
	case cols > 1024 && cols <= 16384 && cols%4 == 0 && (address(y)|address(x))%16 == 0:
		d.launch(kernel{"softmax.ptx", "softmax_held_16384_fwd_f32"}, line(rows), lanes(512),
			address(y), address(x), count(rows), count(cols))
	case cols > 1024:
		d.launch(kernel{"softmax.ptx", "softmax_long_fwd_f32"}, line(rows), lanes(256),
			address(y), address(x), count(rows), count(cols))
	case cols <= 32:
		d.byRow(kernel{"softmax.ptx", "softmax_fwd_f32"}, rows, address(y), address(x), count(rows), count(cols))
	case cols > 256:
		d.byRow(kernel{"softmax.ptx", "softmax_held_1024_fwd_f32"}, rows, address(y), address(x), count(rows), count(cols))
	default:
		d.byRow(kernel{"softmax.ptx", "softmax_held_256_fwd_f32"}, rows, address(y), address(x), count(rows), count(cols))
	}
}

// SoftmaxGrad computes the gradient from the output.
func (d *Device) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("softmax gradient", rows, cols, dx, dy, y)
	d.byRow(kernel{"softmax.ptx", "softmax_bwd_f32"}, rows,
		address(dx), address(dy), address(y), count(rows), count(cols), mode(m))
}
