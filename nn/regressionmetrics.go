package nn

import (
	"math"

	"baregrad/autograd"
	"baregrad/tensor"
)

// RootMeanSquaredError is √(Σ(prediction−target)²/n) over all n outputs of all examples. Targets are
// float32 with the shape of the model's output.
type RootMeanSquaredError struct {
	As string `json:",omitempty"` // the key in the history; "root_mean_squared_error" if empty
}

// Name is As, or "root_mean_squared_error".
func (m RootMeanSquaredError) Name() string { return orName(m.As, "root_mean_squared_error") }

// Check refuses labels that are not float32 with the shape of the model's output.
func (RootMeanSquaredError) Check(output []int, labels *tensor.Tensor) error {
	return checkTargets(output, labels)
}

// Sums is 2: the squares, and their number.
func (RootMeanSquaredError) Sums() int { return 2 }

// Record adds up the squares of a batch: [2].
func (RootMeanSquaredError) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	e := t.Reshape(t.Sub(autograd.NewConst(out.Value(t).Value), labels), -1, 1)
	return columnSums(t, t.Mul(e, e), t.Affine(e, 0, 1))
}

// Result is the root for the sums of all batches.
func (RootMeanSquaredError) Result(sums []float64) float64 { return math.Sqrt(sums[0] / sums[1]) }

// R2Score is the coefficient of determination, 1 − Σ(prediction−target)²/Σ(target−mean target)², of
// each output, averaged: 1 for perfect predictions, 0 for those that are no better than the mean
// target. An output whose targets are all the same counts as 0, as in Keras. Targets are float32
// with the shape of the model's output. The positions of an output with several axes count as
// examples.
type R2Score struct {
	As string `json:",omitempty"` // the key in the history; "r2_score" if empty

	outputs int // set when the model is compiled
}

func (m R2Score) sized(outputs int) Metric { m.outputs = outputs; return m }

// Name is As, or "r2_score".
func (m R2Score) Name() string { return orName(m.As, "r2_score") }

// Check refuses labels that are not float32 with the shape of the model's output.
func (R2Score) Check(output []int, labels *tensor.Tensor) error { return checkTargets(output, labels) }

// Sums is four numbers for each output: squared errors, targets, their squares, and examples.
func (m R2Score) Sums() int { return 4 * m.outputs }

// Record adds these up for a batch: [Sums].
func (m R2Score) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	y := byPosition(t, labels)
	e := t.Sub(byPosition(t, autograd.NewConst(out.Value(t).Value)), y)
	return columnSums(t, t.Mul(e, e), y, t.Mul(y, y), t.Affine(y, 0, 1))
}

// Result is the score for the sums of all batches.
func (m R2Score) Result(sums []float64) float64 {
	n, score := m.outputs, 0.0
	for i := range n {
		errors, sum, squares, count := sums[i], sums[n+i], sums[2*n+i], sums[3*n+i]
		if r := 1 - errors/(squares-sum*sum/count); !math.IsInf(r, 0) {
			score += r / float64(n)
		}
	}
	return score
}
