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

// SoftmaxCrossEntropy computes the softmax of each row and its loss: see softmax_cross_entropy.ptx.
// It is deferred until something else is asked of the device: if that is the accuracy of the same
// rows, one launch does both.
func (d *Device) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	const op = "softmax cross-entropy"
	kernels.CheckLoss(op, loss, logits, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, probs)
	d.update()
	d.function(softmaxLoss) // load both now: nothing can be loaded during a capture
	d.function(softmaxLossAccuracy)
	d.loss = lossAhead{rows: rows, cols: cols, dense: dense(labels),
		loss: address(loss), probs: address(probs), logits: address(logits), labels: address(labels)}
}

// lossAhead is a deferred call of SoftmaxCrossEntropy, if rows is not 0.
type lossAhead struct {
	rows, cols                         int
	dense, loss, probs, logits, labels uint64

	arguments [8]uint64 // of the launch; Device.arguments may be in use
}

// takes reports whether the launch can also write the accuracy of these predictions to y: they must
// be its own logits, and y must not overlap anything that the launch reads or writes.
func (l *lossAhead) takes(y, x, labels, dense uint64, rows, cols int) bool {
	if l.rows == 0 || l.rows != rows || l.cols != cols || l.logits != x || l.labels != labels || l.dense != dense {
		return false
	}
	right, logits, probs := floats(y, rows), floats(x, rows*cols), floats(l.probs, rows*cols)
	return !right.meets(logits) && !right.meets(probs) && !right.meets(targets(labels, dense, rows, cols)) && !right.meets(floats(l.loss, rows)) && !probs.meets(logits)
}

// launchLoss launches the deferred call; right is where the accuracy goes, or 0.
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

// SoftmaxCrossEntropyGrad computes the gradient with respect to the logits. It is also deferred: if
// its sum by column follows, which is the gradient of the logits' bias, one launch does both.
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

// lossGradAhead is a deferred call of SoftmaxCrossEntropyGrad, if rows is not 0.
type lossGradAhead struct {
	rows, cols                                 int
	mode, dense, dlogits, dloss, probs, labels uint64

	arguments [8]uint64 // of the launch; Device.arguments may be in use
}

// takes reports whether one launch can also compute the column sums of x: see bias.ptx. x must be
// this gradient, written with Overwrite, and the sums must go to separate memory.
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

// launchLossGrad launches the deferred call.
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

// dense is 1 if the labels are distributions, 0 if they are classes.
func dense(labels kernels.Buffer) uint64 { return truth(labels.Type() == kernels.Float32) }

// targets returns the span of the labels.
func targets(labels, dense uint64, rows, cols int) span {
	if dense != 0 {
		return floats(labels, rows*cols)
	}
	return floats(labels, rows)
}
