package cuda

import "baregrad/kernels"

// MeanSquaredError computes the loss of each row: see mean_squared_error.ptx.
func (d *Device) MeanSquaredError(loss, x, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("mean squared error", loss, x, targets, rows, cols)
	d.byRow(kernel{"mean_squared_error.ptx", "mean_squared_error_fwd_f32"}, rows,
		address(loss), address(x), address(targets), count(rows), count(cols))
}

// MeanSquaredErrorGrad computes the gradient with respect to x.
func (d *Device) MeanSquaredErrorGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "mean squared error gradient"
	kernels.CheckTargets(op, dloss, x, targets, rows, cols)
	kernels.CheckRows(op, rows, cols, dx)
	d.byRow(kernel{"mean_squared_error.ptx", "mean_squared_error_bwd_f32"}, rows,
		address(dx), address(dloss), address(x), address(targets), count(rows), count(cols), mode(m))
}
