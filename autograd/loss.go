package autograd

import (
	"slices"

	"baregrad/kernels"
)

// The losses compare predictions x [N,C] with labels and give one value for each
// row: y is [N]. Mean reduces it to one number. Labels are int32 [N], the index of the
// right class, or float32 [N,C], a distribution such as a one-hot row. They are called
// targets where only the second form makes sense. No gradient flows to labels.

// SoftmaxCrossEntropy is −Σ labels·ln softmax(logits) for each row of logits [N,C],
// computed stably from the logits: loss is [N]. Labels are int32 [N], the index of the right
// class, or float32 [N,C]. probs [N,C] is the softmax, as Softmax would give it. Gradients
// flow through both.
func (t *Tape) SoftmaxCrossEntropy(logits, labels *Var) (loss, probs *Var) {
	rows, cols := labelled("softmax cross-entropy", logits, labels, true)
	probs = t.output(logits.Shape(), logits)
	loss = t.output([]int{rows}, logits)
	t.record("softmax cross-entropy", loss, []*Var{probs, labels},
		func() {
			t.device.SoftmaxCrossEntropy(loss.data(), probs.data(), logits.data(), labels.data(), rows, cols)
		},
		func() { // dlogits = dloss·(softmax − labels), for labels that sum to 1
			dx, mode := t.into(logits)
			t.device.SoftmaxCrossEntropyGrad(dx, loss.grad(), probs.data(), labels.data(), rows, cols, mode)
		})
	t.record("softmax", probs, []*Var{probs},
		func() {}, // the loss's kernel has already written it
		func() {
			dx, mode := t.into(logits)
			t.device.SoftmaxGrad(dx, probs.grad(), probs.data(), rows, cols, mode)
		})
	return loss, probs
}

// CrossEntropy is −Σ labels·ln probs for each row of probs [N,C]: [N]. With float32 labels,
// probabilities are first divided by the sum of their row. Then they are clipped to
// [1e-7, 1−1e-7] so that the logarithm stays finite. Labels are as for SoftmaxCrossEntropy.
func (t *Tape) CrossEntropy(probs, labels *Var) *Var {
	rows, cols := labelled("cross-entropy", probs, labels, true)
	loss := t.output([]int{rows}, probs)
	t.record("cross-entropy", loss, []*Var{probs, labels},
		func() { t.device.CrossEntropy(loss.data(), probs.data(), labels.data(), rows, cols) },
		func() {
			dx, mode := t.into(probs)
			t.device.CrossEntropyGrad(dx, loss.grad(), probs.data(), labels.data(), rows, cols, mode)
		})
	return loss
}

// SigmoidBinaryCrossEntropy is the mean over a row of
// −t·ln sigmoid(x) − (1−t)·ln(1−sigmoid(x)), computed stably from the logits x [N,C]:
// [N]. Targets t are float32 [N,C] in [0,1].
func (t *Tape) SigmoidBinaryCrossEntropy(logits, targets *Var) *Var {
	rows, cols := labelled("sigmoid binary cross-entropy", logits, targets, false)
	loss := t.output([]int{rows}, logits)
	t.record("sigmoid binary cross-entropy", loss, []*Var{logits, targets},
		func() {
			t.device.SigmoidBinaryCrossEntropy(loss.data(), logits.data(), targets.data(), rows, cols)
		},
		func() { // dx = dloss·(sigmoid(x) − t)/C
			dx, mode := t.into(logits)
			t.device.SigmoidBinaryCrossEntropyGrad(dx, loss.grad(), logits.data(), targets.data(), rows, cols, mode)
		})
	return loss
}

// BinaryCrossEntropy is the mean over a row of −t·ln p − (1−t)·ln(1−p): [N]. probs p
// [N,C] are clipped to [1e-7, 1−1e-7]. Targets t are float32 [N,C] in [0,1].
func (t *Tape) BinaryCrossEntropy(probs, targets *Var) *Var {
	rows, cols := labelled("binary cross-entropy", probs, targets, false)
	loss := t.output([]int{rows}, probs)
	t.record("binary cross-entropy", loss, []*Var{probs, targets},
		func() {
			t.device.BinaryCrossEntropy(loss.data(), probs.data(), targets.data(), rows, cols)
		},
		func() {
			dx, mode := t.into(probs)
			t.device.BinaryCrossEntropyGrad(dx, loss.grad(), probs.data(), targets.data(), rows, cols, mode)
		})
	return loss
}

// MeanSquaredError is the mean over a row of (x−t)²: [N]. x and targets t are float32 [N,C].
func (t *Tape) MeanSquaredError(x, targets *Var) *Var {
	rows, cols := labelled("mean squared error", x, targets, false)
	loss := t.output([]int{rows}, x)
	t.record("mean squared error", loss, []*Var{x, targets},
		func() { t.device.MeanSquaredError(loss.data(), x.data(), targets.data(), rows, cols) },
		func() { // dx = dloss·2(x−t)/C
			dx, mode := t.into(x)
			t.device.MeanSquaredErrorGrad(dx, loss.grad(), x.data(), targets.data(), rows, cols, mode)
		})
	return loss
}

func labelled(op string, x, labels *Var, classes bool) (rows, cols int) {
	if x.Value.Rank() != 2 || x.Value.Dim(1) == 0 {
		kernels.Panicf(op, "predictions %v: must be [N C] with at least one column", x.Shape())
	}
	rows, cols = x.Value.Dim(0), x.Value.Dim(1)
	whole := labels.Value.Type() == kernels.Float32 && slices.Equal(labels.Shape(), x.Shape())
	index := classes && labels.Value.Type() == kernels.Int32 && slices.Equal(labels.Shape(), []int{rows})
	if !whole && !index {
		expected := "float32 of the same shape"
		if classes {
			expected += ", or one int32 for each row"
		}
		kernels.Panicf(op, "predictions %v, labels %v %v: expected %s", x.Shape(), labels.Value.Type(), labels.Shape(), expected)
	}
	return rows, cols
}
