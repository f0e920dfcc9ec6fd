package cuda

import "baregrad/kernels"

// SoftmaxCrossEntropy is the loss of each row, and the softmax: see
// softmax_cross_entropy.ptx.
func (d *Device) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	const op = "softmax cross-entropy"
	kernels.CheckLoss(op, loss, logits, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, probs)
	d.byRow(kernel{"softmax_cross_entropy.ptx", "softmax_cross_entropy_fwd_f32"}, rows,
		address(loss), address(probs), address(logits), address(labels), dense(labels), count(rows), count(cols))
}

// SoftmaxCrossEntropyGrad is the gradient by the logits.
func (d *Device) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "softmax cross-entropy gradient"
	kernels.CheckLoss(op, dloss, probs, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, dlogits)
	d.byRow(kernel{"softmax_cross_entropy.ptx", "softmax_cross_entropy_bwd_f32"}, rows,
		address(dlogits), address(dloss), address(probs), address(labels), dense(labels), count(rows), count(cols), mode(m))
}

// dense is 1 for labels that are distributions, 0 for classes.
func dense(labels kernels.Buffer) uint64 { return truth(labels.Type() == kernels.Float32) }
