package nn

import (
	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A RatioMetric is a Metric whose sum over the examples is not divided by their number, but
// by a sum of its own: precision, for instance, by how many were predicted to be positive.
// Where that sum is 0, the value is 0, as Keras's.
type RatioMetric interface {
	Metric
	// RecordDenominator records what each example adds to the divisor: float32 [batch].
	RecordDenominator(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var
}

// Precision is, of the outputs that are above Threshold, the share whose label is 1; labels
// are 0 or 1, float32 of the shape of the model's output. It counts over all examples at
// once, and over all outputs alike: it is no mean over the batches.
type Precision struct {
	Threshold float64 `json:",omitempty"` // what an output must be above to be taken for 1; 0.5 where 0
	As        string  `json:",omitempty"` // the key in the history; "precision" where empty
}

// Name is As, or "precision".
func (m Precision) Name() string { return orName(m.As, "precision") }

// Check refuses labels that are not float32 of the shape of the model's output, each from 0
// to 1, and a threshold beyond that.
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

// Recall is, of the outputs whose label is 1, the share that is above Threshold; labels and
// counting are Precision's.
type Recall struct {
	Threshold float64 `json:",omitempty"` // what an output must be above to be taken for 1; 0.5 where 0
	As        string  `json:",omitempty"` // the key in the history; "recall" where empty
}

// Name is As, or "recall".
func (m Recall) Name() string { return orName(m.As, "recall") }

// Check refuses labels that are not float32 of the shape of the model's output, each from 0
// to 1, and a threshold beyond that.
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

// countRight is how many of each example's outputs are above the threshold and have the
// label 1.
func countRight(t *autograd.Tape, out *Output, labels *autograd.Var, threshold float64) *autograd.Var {
	return countOf(t, t.Mul(ones(t, out.Value(t), threshold), ones(t, labels, 0.5)))
}

// ones is 1 where x is above the threshold, 0.5 where that is 0, and else 0: float32 of x's
// shape, without a gradient.
func ones(t *autograd.Tape, x *autograd.Var, threshold float64) *autograd.Var {
	flags, zeros, y := t.InputOf(kernels.Int32, x.Shape()...), t.InputOf(kernels.Int32, x.Shape()...), t.Input(x.Shape()...)
	t.Do("above", func() {
		d := t.Device()
		d.Greater(flags.Value.Buffer(), x.Value.Buffer(), float32(or(threshold, 0.5)))
		d.Equal(y.Value.Buffer(), flags.Value.Buffer(), zeros.Value.Buffer())
	})
	return t.Affine(y, -1, 1)
}

// countOf adds up what an example has: [batch].
func countOf(t *autograd.Tape, values *autograd.Var) *autograd.Var {
	return t.Sum(t.Reshape(values, values.Value.Dim(0), -1), 1, 1)
}
