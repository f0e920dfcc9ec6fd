package nn

import (
	"baregrad/autograd"
	"baregrad/tensor"
)

// A model may give several predictions for an example: [batch, time, classes], or images.
// As in Keras, losses and metrics compare the last axis of the output with the label at each
// position of the other axes, and an example's loss is the mean over its positions. All
// examples have the same number, so the mean over examples is the mean over all positions.

// positions is the number of positions in an output of the given shape, without the batch.
func positions(output []int) int { return tensor.Size(output[:max(0, len(output)-1)]) }

// byPosition makes each position a row: [batch, …, width] becomes [batch·positions, width].
func byPosition(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	if x.Value.Rank() <= 2 {
		return x
	}
	return t.Reshape(x, -1, x.Value.Dim(-1))
}

// labelsByPosition is byPosition for labels of an output: class numbers, int32
// [batch, …], become [batch·positions].
func labelsByPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	switch {
	case labels.Value.Rank() == out.Logits.Value.Rank():
		return byPosition(t, labels)
	case labels.Value.Rank() > 1:
		return t.Reshape(labels, -1)
	}
	return labels
}

// byExample is the mean over each example's positions, from values [batch·positions]: [batch].
func byExample(t *autograd.Tape, out *Output, values *autograd.Var) *autograd.Var {
	batch := out.Logits.Value.Dim(0)
	if values.Value.Len() == batch {
		return values
	}
	return t.Mean(t.Reshape(values, batch, -1), 1, 1)
}

// knowsPositions reports whether a loss is one of this package's, which record the loss of
// each position. Others only know examples. So does a type that embeds one of these, because
// its Record may be its own.
func knowsPositions(l Loss) bool {
	switch l.(type) {
	case CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy, MeanSquaredError, composed,
		BinaryFocalCrossentropy, CategoricalFocalCrossentropy:
		return true
	}
	return false
}

// recordLoss records the loss of each example, [batch], multiplied by its weight. weights are
// [batch], or [batch, positions] for the positions of each example before their mean is
// taken, or nil to count all the same.
func recordLoss(t *autograd.Tape, l Loss, out *Output, labels, weights *autograd.Var) *autograd.Var {
	if weights != nil && weights.Value.Rank() == 2 { // checkSampleWeight made sure that the loss knows positions
		values := l.(interface {
			byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var
		}).byPosition(t, out, labels)
		return byExample(t, out, t.Mul(values, t.Reshape(weights, -1)))
	}
	rows := l.Record(t, out, labels)
	checkRecorded("loss "+l.Name(), rows, []int{out.Logits.Value.Dim(0)}, "a number for each example")
	if weights != nil {
		rows = t.Mul(rows, weights)
	}
	return rows
}
