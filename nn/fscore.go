package nn

import (
	"fmt"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// An Average says how the scores of several classes become one number.
type Average string

const (
	Macro    Average = "macro"    // the mean of the classes' scores
	Micro    Average = "micro"    // the score of all outputs counted together
	Weighted Average = "weighted" // the mean, each class weighted by the number of its labels
)

// FBetaScore is (1+Beta²)·precision·recall/(Beta²·precision+recall) of each class, averaged. With
// a Beta above 1, recall counts for more. Without Threshold, the largest output of each position is
// its prediction; that is for exclusive classes. With one, every output above it is; that is for
// outputs that are independent of each other, or a single one. Labels are class numbers, as
// SparseCategoricalCrossentropy takes them, or from 0 to 1, float32 with the shape of the model's
// output. A class without labels and predictions has the score 0, as in Keras.
type FBetaScore struct {
	Beta      float64 `json:",omitempty"` // 1 if 0
	Average   Average `json:",omitempty"` // Macro if empty (Keras's default, a list of all scores, is no number)
	Threshold float64 `json:",omitempty"` // outputs above it are predictions; if 0, the largest output is
	As        string  `json:",omitempty"` // the key in the history; "fbeta_score" if empty

	classes int // set when the model is compiled
}

// F1Score is FBetaScore with Beta 1: 2·precision·recall/(precision+recall).
type F1Score struct {
	Average   Average `json:",omitempty"` // Macro if empty
	Threshold float64 `json:",omitempty"` // outputs above it are predictions; if 0, the largest output is
	As        string  `json:",omitempty"` // the key in the history; "f1_score" if empty

	classes int
}

func (m F1Score) fbeta() FBetaScore {
	return FBetaScore{1, m.Average, m.Threshold, m.Name(), m.classes}
}

// Name is As, or "f1_score".
func (m F1Score) Name() string { return orName(m.As, "f1_score") }

// Check is FBetaScore's.
func (m F1Score) Check(output []int, labels *tensor.Tensor) error {
	return m.fbeta().Check(output, labels)
}

// Sums is FBetaScore's.
func (m F1Score) Sums() int { return m.fbeta().Sums() }

// Record is FBetaScore's.
func (m F1Score) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return m.fbeta().Record(t, out, labels)
}

// Result is FBetaScore's.
func (m F1Score) Result(sums []float64) float64 { return m.fbeta().Result(sums) }

func (m F1Score) sized(outputs int) Metric { m.classes = outputs; return m }

// A sizedMetric is a SumsMetric whose Sums depend on the number of the model's outputs.
type sizedMetric interface {
	sized(outputs int) Metric
}

func (m FBetaScore) sized(outputs int) Metric { m.classes = outputs; return m }

// Name is As, or "fbeta_score".
func (m FBetaScore) Name() string { return orName(m.As, "fbeta_score") }

// Check refuses labels of another kind or shape, settings out of range, and one output without a
// threshold: it would always be the largest.
func (m FBetaScore) Check(output []int, labels *tensor.Tensor) error {
	if m.Average != "" && m.Average != Macro && m.Average != Micro && m.Average != Weighted {
		return Unknown("average", string(m.Average), []string{string(Macro), string(Micro), string(Weighted)})
	}
	if err := firstError(within(m.Name(), "beta", m.Beta, 0, 1e6), within(m.Name(), "threshold", m.Threshold, 0, 1)); err != nil {
		return err
	}
	if m.Threshold == 0 && len(output) > 0 && output[len(output)-1] == 1 {
		return fmt.Errorf("%s of one output needs a Threshold, such as 0.5: without one the largest output is the prediction, and that is always this one", m.Name())
	}
	if labels.Type() == kernels.Int32 {
		return checkClasses(m.Name(), output, labels)
	}
	return checkTargetsWithin(m.Name(), output, labels, 0, 1)
}

// Sums is three numbers for each class: predictions that are right, all predictions, all labels.
func (m FBetaScore) Sums() int { return 3 * m.classes }

// Record counts them in a batch: [Sums].
func (m FBetaScore) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	x := byPosition(t, autograd.NewConst(out.Value(t).Value)) // without a gradient
	if labels = labelsByPosition(t, out, labels); labels.Value.Type() == kernels.Int32 {
		labels = oneHot(t, labels, x.Value.Dim(1))
	}
	var predicted *autograd.Var
	if m.Threshold != 0 {
		predicted = ones(t, x, m.Threshold)
	} else {
		// Keras counts all of several largest outputs, and none if they are below 1e-9.
		below := ones(t, t.Sub(t.Reshape(t.Max(x, 1, 1), -1, 1), x), 0x1p-126)
		predicted = t.Mul(t.Affine(below, -1, 1), ones(t, absolute(t, x), 1e-9))
	}
	return columnSums(t, t.Mul(predicted, labels), predicted, labels)
}

// Result is the score for the sums of all batches.
func (m FBetaScore) Result(sums []float64) float64 {
	right, predicted, actual := sums[:m.classes], sums[m.classes:2*m.classes], sums[2*m.classes:]
	if m.Average == Micro {
		return m.score(total(right), total(predicted), total(actual))
	}
	sum, labels := 0.0, total(actual)
	for i := range right {
		weight := 1 / float64(m.classes)
		if m.Average == Weighted {
			weight = actual[i] / (labels + epsilon)
		}
		sum += float64(weight * m.score(right[i], predicted[i], actual[i]))
	}
	return sum
}

// score adds epsilon where Keras does.
func (m FBetaScore) score(right, predicted, actual float64) float64 {
	square := float64(or(m.Beta, 1) * or(m.Beta, 1)) // rounded, so that no processor fuses it
	precision, recall := right/(predicted+epsilon), right/(actual+epsilon)
	return (1 + square) * precision * recall / (float64(square*precision) + recall + epsilon)
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// columnSums is the sums over the rows of several values [rows, width], one after another.
func columnSums(t *autograd.Tape, values ...*autograd.Var) *autograd.Var {
	width := values[0].Value.Dim(1)
	sums := t.Input(len(values) * width)
	for i, v := range values {
		column, to := t.Sum(v, 0, 0).Value.Buffer(), sums.Value.Slice(i*width, (i+1)*width).Buffer()
		t.Do("sums", func() { t.Device().Copy(to, column) })
	}
	return sums
}
