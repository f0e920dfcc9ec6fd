package cuda

import "baregrad/kernels"

// Softmax, its logarithm, and their gradients: see softmax.ptx.

var (
	softmaxFwd    = rowKernels("softmax.ptx", "softmax_*_fwd_f32")
	softmaxBwd    = rowKernels("softmax.ptx", "softmax_*_bwd_f32")
	logSoftmaxFwd = rowKernels("softmax.ptx", "log_softmax_*_fwd_f32")
	logSoftmaxBwd = rowKernels("softmax.ptx", "log_softmax_*_bwd_f32")
)

// Softmax computes the softmax of each row.
func (d *Device) Softmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("softmax", rows, cols, y, x)
	if cols > 0 && cols <= 32 && cols%4 != 0 && rows >= 1<<14 {
		d.launch(kernel{"softmax.ptx", "softmax_short_fwd_f32"}, line(ceilDiv(rows, 256)), lanes(256),
			address(y), address(x), count(rows), count(cols))
		return
	}
	d.byHeldRow(&softmaxFwd, rows, cols, address(y), address(x), count(rows), count(cols))
}

// SoftmaxGrad computes the gradient from the output.
func (d *Device) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("softmax gradient", rows, cols, dx, dy, y)
	d.byHeldRow(&softmaxBwd, rows, cols, address(dx), address(dy), address(y), count(rows), count(cols), mode(m))
}

// LogSoftmax computes log-softmax by row.
func (d *Device) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("logsoftmax", rows, cols, y, x)
	d.byHeldRow(&logSoftmaxFwd, rows, cols, address(y), address(x), count(rows), count(cols))
}

// LogSoftmaxGrad computes the gradient from the output.
func (d *Device) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("logsoftmax gradient", rows, cols, dx, dy, y)
	d.byHeldRow(&logSoftmaxBwd, rows, cols, address(dx), address(dy), address(y), count(rows), count(cols), mode(m))
}
