package nn

import (
	"fmt"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// TopKCategoricalAccuracy is the share of examples, or of their positions, whose class is
// among the K largest outputs. Labels are one-hot rows, float32 with the shape of the model's
// output. Outputs equal to that of the class do not count against it.
type TopKCategoricalAccuracy struct {
	K  int    `json:",omitempty"` // the number of outputs; 5 if 0
	As string `json:",omitempty"` // the key in the history; "top_k_categorical_accuracy" if empty
}

// Name is As, or "top_k_categorical_accuracy".
func (m TopKCategoricalAccuracy) Name() string { return orName(m.As, "top_k_categorical_accuracy") }

// Check refuses labels that are not float32 with the shape of the model's output, and a
// negative K.
func (m TopKCategoricalAccuracy) Check(output []int, labels *tensor.Tensor) error {
	return firstError(checkK(m.K), checkTargets(output, labels))
}

// Record records the share of each example's positions that were right.
func (m TopKCategoricalAccuracy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return inTopK(t, out, t.ArgMax(byPosition(t, labels), 1, 1), m.K)
}

// SparseTopKCategoricalAccuracy is TopKCategoricalAccuracy for labels that are class numbers,
// as SparseCategoricalCrossentropy takes them.
type SparseTopKCategoricalAccuracy struct {
	K  int    `json:",omitempty"` // the number of outputs; 5 if 0
	As string `json:",omitempty"` // the key in the history; "sparse_top_k_categorical_accuracy" if empty
}

// Name is As, or "sparse_top_k_categorical_accuracy".
func (m SparseTopKCategoricalAccuracy) Name() string {
	return orName(m.As, "sparse_top_k_categorical_accuracy")
}

// Check refuses labels that SparseCategoricalCrossentropy refuses, and a negative K.
func (m SparseTopKCategoricalAccuracy) Check(output []int, labels *tensor.Tensor) error {
	return firstError(checkK(m.K), checkClasses("sparse_top_k_categorical_accuracy", output, labels))
}

// Record records the share of each example's positions that were right.
func (m SparseTopKCategoricalAccuracy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return inTopK(t, out, labelsByPosition(t, out, labels), m.K)
}

func checkK(k int) error {
	if k < 0 {
		return fmt.Errorf("K is %d, must be at least 1, or 0 for 5", k)
	}
	return nil
}

// inTopK is the share of each example's positions for which fewer than k outputs exceed that
// of the class. classes is int32 [batch·positions]. If the class's output is NaN or infinite,
// the position counts as wrong.
func inTopK(t *autograd.Tape, out *Output, classes *autograd.Var, k int) *autograd.Var {
	if k == 0 {
		k = 5
	}
	x := byPosition(t, autograd.NewConst(out.Value(t).Value)) // without a gradient
	rows, cols := x.Value.Dim(0), x.Value.Dim(1)
	of := t.Sum(t.Mul(x, oneHot(t, classes, cols)), 1, 1) // the class's output
	distance := t.Sub(x, t.Reshape(of, rows, 1))
	// The threshold is the smallest normal number, so any larger difference counts.
	larger := countOf(t, ones(t, distance, 0x1p-126))
	right := ones(t, t.Affine(larger, -1, float32(k)), 0.5)
	number := ones(t, t.Affine(t.Sub(of, of), 1, 1), 0.5) // 0 for NaN−NaN and ∞−∞
	return byExample(t, out, t.Mul(right, number))
}

// oneHot is the rows of class numbers, int32 [rows]: float32 [rows, classes]. Such a row is the
// gradient of a maximum.
func oneHot(t *autograd.Tape, numbers *autograd.Var, classes int) *autograd.Var {
	rows := numbers.Value.Dim(0)
	one, hot := t.Input(rows), t.Input(rows, classes)
	t.Device().Fill(one.Value.Buffer(), 1)
	t.Do("one-hot", func() {
		t.Device().MaxGrad(hot.Value.Buffer(), one.Value.Buffer(), numbers.Value.Buffer(),
			kernels.ReduceSpec{Outer: rows, N: classes, Inner: 1}, kernels.Overwrite)
	})
	return hot
}
