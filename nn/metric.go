package nn

import (
	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A Metric measures predictions without being trained on. If it has a method Check, like
// a Loss, that is called before anything is computed.
type Metric interface {
	// Name is the key in the history and in the progress line.
	Name() string
	// Record records the metric of each example: float32 [batch]. The mean is shown, or,
	// for a RatioMetric, the sum divided by another sum. See also SumsMetric.
	Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var
}

// labelChecker is a metric that, like a loss, returns an error if labels do not fit a
// model whose output has the given shape, without the batch.
type labelChecker interface {
	Check(output []int, labels *tensor.Tensor) error
}

// A SumsMetric is a Metric that is computed from several sums over all batches, such as the counts
// of a confusion matrix. Its Record records what a batch adds to the sums: float32 [Sums].
type SumsMetric interface {
	Metric
	// Sums is the number of sums, at least 1.
	Sums() int
	// Result is the metric for these sums.
	Result(sums []float64) float64
}

// Accuracy is the share of examples, or of positions if the output has several axes, whose
// class was predicted. The shapes decide how. Labels that are class numbers (int32) are
// compared with the index of the largest output. A single output and its target must both be
// above one half, or neither. Otherwise the indices of the largest output and the largest
// target are compared.
type Accuracy struct{}

// Name is "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// Record records 1 for each example that was right, otherwise 0.
func (Accuracy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	if labels.Value.Type() == kernels.Float32 && labels.Value.Dim(-1) == 1 {
		return BinaryAccuracy{}.Record(t, out, labels)
	}
	output := out.Logits // the largest logit also has the largest softmax
	if out.Activation.elementwise() {
		output = out.Value(t)
	}
	return byExample(t, out, t.Accuracy(byPosition(t, output), labelsByPosition(t, out, labels)))
}

// BinaryAccuracy is the share of outputs that are on the same side of one half as
// their targets, float32 with the shape of the model's output.
type BinaryAccuracy struct{}

// Name is "binary_accuracy".
func (BinaryAccuracy) Name() string { return "binary_accuracy" }

// Check refuses labels that are not float32 with the shape of the model's output.
func (BinaryAccuracy) Check(output []int, labels *tensor.Tensor) error {
	return checkTargets(output, labels)
}

// Record records the share of each example's outputs that were right.
func (BinaryAccuracy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	right := equal(t, above(t, out.Value(t)), above(t, labels))
	if labels.Value.Len() == labels.Value.Dim(0) {
		return t.Reshape(right, labels.Shape()[0])
	}
	return t.Mean(t.Reshape(right, labels.Value.Dim(0), -1), 1, 1)
}

// above is 1 where x is above one half, otherwise 0.
func above(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	y := t.InputOf(kernels.Int32, x.Shape()...)
	t.Do("greater", func() { t.Device().Greater(y.Value.Buffer(), x.Value.Buffer(), 0.5) })
	return y
}

// equal is 1 where the class numbers a and b are the same, otherwise 0.
func equal(t *autograd.Tape, a, b *autograd.Var) *autograd.Var {
	y := t.Input(a.Shape()...)
	t.Do("equal", func() { t.Device().Equal(y.Value.Buffer(), a.Value.Buffer(), b.Value.Buffer()) })
	return y
}

// LossMetric shows another loss in addition to the one that is trained on.
type LossMetric struct {
	Loss Loss   // what to measure
	As   string `json:",omitempty"` // the key in the history; the loss's name if empty
}

// Name is As, or the loss's name.
func (m LossMetric) Name() string {
	if m.As != "" {
		return m.As
	}
	return m.Loss.Name()
}

// Check is the loss's Check.
func (m LossMetric) Check(output []int, labels *tensor.Tensor) error {
	return m.Loss.Check(output, labels)
}

// Record records the loss of each example.
func (m LossMetric) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return m.Loss.Record(t, out, labels)
}

// CosineMetric is the cosine of the angle between prediction and target: 1 if they have
// the same direction. The loss CosineSimilarity is its negative.
type CosineMetric struct{}

// Name is "cosine_similarity".
func (CosineMetric) Name() string { return "cosine_similarity" }

// Check refuses labels that are not float32 with the shape of the model's output.
func (CosineMetric) Check(output []int, labels *tensor.Tensor) error {
	return checkTargets(output, labels)
}

// Record records the cosine of each example.
func (CosineMetric) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return t.Affine(CosineSimilarity.Record(t, out, labels), -1, 0)
}

// categoricalAccuracy is Accuracy under another name.
type categoricalAccuracy struct {
	Accuracy
	name string
}

func (m categoricalAccuracy) Name() string { return m.name }

var metrics = map[string]Metric{
	"accuracy":                    Accuracy{},
	"acc":                         categoricalAccuracy{name: "acc"},
	"binary_accuracy":             BinaryAccuracy{},
	"categorical_accuracy":        categoricalAccuracy{name: "categorical_accuracy"},
	"sparse_categorical_accuracy": categoricalAccuracy{name: "sparse_categorical_accuracy"},
	"cosine_similarity":           CosineMetric{},
	"auc":                         AUC{},
	"precision":                   Precision{},
	"recall":                      Recall{},
	"f1_score":                    F1Score{},
	"fbeta_score":                 FBetaScore{},
	"r2_score":                    R2Score{},
	"root_mean_squared_error":     RootMeanSquaredError{},

	"top_k_categorical_accuracy":        TopKCategoricalAccuracy{},
	"sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy{},
}

// MetricByName returns the metric with that name in Keras, or the one registered under it,
// or a *NameError. A loss can serve as a metric. As in Keras, the metric keeps the name
// that was asked for: "mse" is shown as mse.
func MetricByName(name string) (Metric, error) {
	if l, ok := losses[name]; ok && metrics[name] == nil {
		m := LossMetric{Loss: l}
		if name != l.Name() {
			m.As = name
		}
		return m, nil
	}
	return byName("metric", name, metrics)
}
