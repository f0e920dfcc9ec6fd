package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

var (
	softmaxLoss         = kernel{"softmax_cross_entropy.ptx", "softmax_cross_entropy_fwd_f32"}
	softmaxLossAccuracy = kernel{"softmax_cross_entropy.ptx", "softmax_cross_entropy_accuracy_fwd_f32"}
	softmaxLossGrad     = kernel{"softmax_cross_entropy.ptx", "softmax_cross_entropy_bwd_f32"}
)

// SoftmaxCrossEntropy is the loss of each row, and the softmax: see
// softmax_cross_entropy.ptx. It is put off until something else is asked of the device:
// if that is the accuracy of the same rows, one launch does both.
func (d *Device) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	const op = "softmax cross-entropy"
	kernels.CheckLoss(op, loss, logits, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, probs)
	d.update()
	d.function(softmaxLoss) // both are loaded now: while a graph is captured, nothing can be
	d.function(softmaxLossAccuracy)
	d.loss = lossAhead{rows: rows, cols: cols, dense: dense(labels),
		loss: address(loss), probs: address(probs), logits: address(logits), labels: address(labels)}
}

// lossAhead is a call of SoftmaxCrossEntropy that has been put off, if it has rows.
type lossAhead struct {
	rows, cols                         int
	dense, loss, probs, logits, labels uint64

	arguments [8]uint64 // of the launch; not Device.arguments, which may be in use
}

// takes tells whether the launch may write the accuracy of these predictions to y, too:
// they must be its own logits, and nothing that it reads or writes may be changed by it.
func (l *lossAhead) takes(y, x, labels, dense uint64, rows, cols int) bool {
	if l.rows == 0 || l.rows != rows || l.cols != cols || l.logits != x || l.labels != labels || l.dense != dense {
		return false
	}
	right, logits, probs := floats(y, rows), floats(x, rows*cols), floats(l.probs, rows*cols)
	return !right.meets(logits) && !right.meets(probs) && !right.meets(targets(labels, dense, rows, cols)) && !right.meets(floats(l.loss, rows)) && !probs.meets(logits)
}

// launchLoss launches what has been put off; right is where the accuracy goes, 0 for none.
func (d *Device) launchLoss(right uint64) {
	l := &d.loss
	if l.rows == 0 {
		return
	}
	k, n := softmaxLoss, 7
	if right != 0 {
		k, n = softmaxLossAccuracy, 8
	}
	l.arguments = [8]uint64{l.loss, l.probs, l.logits, l.labels, l.dense, count(l.rows), count(l.cols), right}
	grid := line(ceilDiv(l.rows, 8))
	l.rows = 0
	d.start(k, driver.Launch{Grid: grid, Block: lanes(256), Args: l.arguments[:n]})
}

// SoftmaxCrossEntropyGrad is the gradient by the logits. It is put off likewise: if a sum
// of it by column follows, the gradient of the logits' bias, one launch does both.
func (d *Device) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "softmax cross-entropy gradient"
	kernels.CheckLoss(op, dloss, probs, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, dlogits)
	l := lossGradAhead{rows: rows, cols: cols, mode: mode(m), dense: dense(labels),
		dlogits: address(dlogits), dloss: address(dloss), probs: address(probs), labels: address(labels)}
	d.update()
	d.function(softmaxLossGrad)
	d.function(biasLossBwd)
	d.lossGrad = l
}

// lossGradAhead is a call of SoftmaxCrossEntropyGrad that has been put off, if it has rows.
type lossGradAhead struct {
	rows, cols                                 int
	mode, dense, dlogits, dloss, probs, labels uint64

	arguments [8]uint64 // of the launch; not Device.arguments, which may be in use
}

// takes tells whether one launch may give the sums by column of x, too: see bias.ptx. They
// must be of this gradient, which is not added to anything, and go to memory of their own.
func (l *lossGradAhead) takes(y, x uint64, rows, cols int) bool {
	if l.rows == 0 || l.rows != rows || l.cols != cols || cols > 32 || l.dlogits != x || l.mode != mode(kernels.Overwrite) {
		return false
	}
	sums, dlogits := floats(y, cols), floats(x, rows*cols)
	for _, s := range []span{floats(l.probs, rows*cols), floats(l.dloss, rows), targets(l.labels, l.dense, rows, cols)} {
		if s.meets(dlogits) || s.meets(sums) {
			return false
		}
	}
	return !sums.meets(dlogits)
}

// launchLossGrad launches what has been put off.
func (d *Device) launchLossGrad() {
	l := &d.lossGrad
	if l.rows == 0 {
		return
	}
	l.arguments = [8]uint64{l.dlogits, l.dloss, l.probs, l.labels, l.dense, count(l.rows), count(l.cols), l.mode}
	grid := line(ceilDiv(l.rows, 8))
	l.rows = 0
	d.start(softmaxLossGrad, driver.Launch{Grid: grid, Block: lanes(256), Args: l.arguments[:]})
}

// dense is 1 for labels that are distributions, 0 for classes.
func dense(labels kernels.Buffer) uint64 { return truth(labels.Type() == kernels.Float32) }

// targets is the memory of labels.
func targets(labels, dense uint64, rows, cols int) span {
	if dense != 0 {
		return floats(labels, rows*cols)
	}
	return floats(labels, rows)
}
