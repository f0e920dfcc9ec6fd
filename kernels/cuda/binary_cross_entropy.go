package cuda

import "baregrad/kernels"

// BinaryCrossEntropy computes the loss of each row: see binary_cross_entropy.ptx.
func (d *Device) BinaryCrossEntropy(loss, probs, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("binary cross-entropy", loss, probs, targets, rows, cols)
	d.byRow(kernel{"binary_cross_entropy.ptx", "binary_cross_entropy_fwd_f32"}, rows,
		address(loss), address(probs), address(targets), count(rows), count(cols))
}

// BinaryCrossEntropyGrad computes the gradient with respect to probs.
func (d *Device) BinaryCrossEntropyGrad(dprobs, dloss, probs, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "binary cross-entropy gradient"
	kernels.CheckTargets(op, dloss, probs, targets, rows, cols)
	kernels.CheckRows(op, rows, cols, dprobs)
	d.byRow(kernel{"binary_cross_entropy.ptx", "binary_cross_entropy_bwd_f32"}, rows,
		address(dprobs), address(dloss), address(probs), address(targets), count(rows), count(cols), mode(m))
}
