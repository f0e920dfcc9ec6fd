package cuda

import "baregrad/kernels"

// SigmoidBinaryCrossEntropy computes the loss of each row: see sigmoid_binary_cross_entropy.ptx.
func (d *Device) SigmoidBinaryCrossEntropy(loss, logits, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("sigmoid binary cross-entropy", loss, logits, targets, rows, cols)
	d.byRow(kernel{"sigmoid_binary_cross_entropy.ptx", "sigmoid_binary_cross_entropy_fwd_f32"}, rows,
		address(loss), address(logits), address(targets), count(rows), count(cols))
}

// SigmoidBinaryCrossEntropyGrad computes the gradient with respect to the logits.
func (d *Device) SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "sigmoid binary cross-entropy gradient"
	kernels.CheckTargets(op, dloss, logits, targets, rows, cols)
	kernels.CheckRows(op, rows, cols, dlogits)
	d.byRow(kernel{"sigmoid_binary_cross_entropy.ptx", "sigmoid_binary_cross_entropy_bwd_f32"}, rows,
		address(dlogits), address(dloss), address(logits), address(targets), count(rows), count(cols), mode(m))
}
