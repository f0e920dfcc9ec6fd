package nn

import (
	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A RatioMetric is a Metric whose sum over the examples is divided not by their number but
// by another sum. For precision, that is the number of positive predictions. If it is 0, the
// value is 0, as in Keras.
type RatioMetric interface {
	Metric
	// RecordDenominator records what each example adds to the divisor: float32 [batch].
	RecordDenominator(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var
}

// Precision is the share of the outputs above Threshold whose label is 1. Labels are 0 or 1,
// float32 with the shape of the model's output. It counts all outputs of all examples
// together, and is not a mean over batches.
type Precision struct {
	Threshold float64 `json:",omitempty"` // outputs above it count as 1; 0.5 if 0
	As        string  `json:",omitempty"` // the key in the history; "precision" if empty
}

// Name is As, or "precision".
func (m Precision) Name() string { return orName(m.As, "precision") }

// Check refuses labels that are not float32 with the shape of the model's output, each from 0
// to 1, and a threshold outside that range.
func (m Precision) Check(output []int, labels *tensor.Tensor) error {
	return checkThreshold("precision", m.Threshold, output, labels)
}

// Record records how many of each example's outputs are above the threshold and right.
func (m Precision) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return countRight(t, out, labels, m.Threshold)
}

// RecordDenominator records how many of each example's outputs are above the threshold.
func (m Precision) RecordDenominator(t *autograd.Tape, out *Output, _ *autograd.Var) *autograd.Var {
	return countOf(t, ones(t, out.Value(t), m.Threshold))
}

// Recall is the share of the outputs with label 1 that are above Threshold. Labels and
// counting are as for Precision.
type Recall struct {
	Threshold float64 `json:",omitempty"` // outputs above it count as 1; 0.5 if 0
	As        string  `json:",omitempty"` // the key in the history; "recall" if empty
}

// Name is As, or "recall".
func (m Recall) Name() string { return orName(m.As, "recall") }

// Check refuses labels that are not float32 with the shape of the model's output, each from 0
// to 1, and a threshold outside that range.
func (m Recall) Check(output []int, labels *tensor.Tensor) error {
	return checkThreshold("recall", m.Threshold, output, labels)
}

// Record records how many of each example's outputs are above the threshold and right.
func (m Recall) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return countRight(t, out, labels, m.Threshold)
}

// RecordDenominator records how many of each example's labels are 1.
func (m Recall) RecordDenominator(t *autograd.Tape, _ *Output, labels *autograd.Var) *autograd.Var {
	return countOf(t, ones(t, labels, 0.5))
}

func orName(as, name string) string {
	if as != "" {
		return as
	}
	return name
}

func checkThreshold(metric string, threshold float64, output []int, labels *tensor.Tensor) error {
	return firstError(within(metric, "threshold", threshold, 0, 1), checkTargetsWithin(metric, output, labels, 0, 1))
}

// countRight is the number of each example's outputs that are above the threshold and have
// label 1.
func countRight(t *autograd.Tape, out *Output, labels *autograd.Var, threshold float64) *autograd.Var {
	return countOf(t, t.Mul(ones(t, out.Value(t), threshold), ones(t, labels, 0.5)))
}

// ones is 1 where x is above the threshold (0.5 if that is 0), and 0 elsewhere: float32 with
// x's shape, without a gradient.
func ones(t *autograd.Tape, x *autograd.Var, threshold float64) *autograd.Var {
	flags, zeros, y := t.InputOf(kernels.Int32, x.Shape()...), t.InputOf(kernels.Int32, x.Shape()...), t.Input(x.Shape()...)
	t.Do("above", func() {
		d := t.Device()
		d.Greater(flags.Value.Buffer(), x.Value.Buffer(), float32(or(threshold, 0.5)))
		d.Equal(y.Value.Buffer(), flags.Value.Buffer(), zeros.Value.Buffer())
	})
	return t.Affine(y, -1, 1)
}

// countOf sums the values of each example: [batch].
func countOf(t *autograd.Tape, values *autograd.Var) *autograd.Var {
	return t.Sum(t.Reshape(values, values.Value.Dim(0), -1), 1, 1)
}
