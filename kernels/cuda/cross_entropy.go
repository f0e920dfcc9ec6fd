package cuda

import "baregrad/kernels"

// CrossEntropy computes the loss of each row of probabilities: see cross_entropy.ptx.
func (d *Device) CrossEntropy(loss, probs, labels kernels.Buffer, rows, cols int) {
	kernels.CheckLoss("cross-entropy", loss, probs, labels, rows, cols)
	d.byRow(kernel{"cross_entropy.ptx", "cross_entropy_fwd_f32"}, rows,
		address(loss), address(probs), address(labels), dense(labels), count(rows), count(cols))
}

// CrossEntropyGrad computes the gradient with respect to the probabilities.
func (d *Device) CrossEntropyGrad(dprobs, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "cross-entropy gradient"
	kernels.CheckLoss(op, dloss, probs, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, dprobs)
	d.byRow(kernel{"cross_entropy.ptx", "cross_entropy_bwd_f32"}, rows,
		address(dprobs), address(dloss), address(probs), address(labels), dense(labels), count(rows), count(cols), mode(m))
}
