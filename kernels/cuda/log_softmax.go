package cuda

import "baregrad/kernels"

// LogSoftmax computes log-softmax by row: see log_softmax.ptx.
func (d *Device) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("logsoftmax", rows, cols, y, x)
	d.byRow(kernel{"log_softmax.ptx", "log_softmax_fwd_f32"}, rows, address(y), address(x), count(rows), count(cols))
}

// LogSoftmaxGrad computes the gradient from the output.
func (d *Device) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("logsoftmax gradient", rows, cols, dx, dy, y)
	d.byRow(kernel{"log_softmax.ptx", "log_softmax_bwd_f32"}, rows,
		address(dx), address(dy), address(y), count(rows), count(cols), mode(m))
}
