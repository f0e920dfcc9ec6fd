package nn

import (
	"baregrad/autograd"
	"baregrad/kernels"
)

// A Metric measures predictions without being trained on.
type Metric interface {
	// Name is the key in the history and in the progress line.
	Name() string
	// Record records the metric of each example: float32 [batch]. Its mean is shown.
	Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var
}

// Accuracy is the share of examples whose class was predicted. What that means
// follows from the shapes: labels that are class numbers (int32) are compared
// with the largest output; a single output with its target, both above one half
// or not; otherwise the largest output with the largest target.
type Accuracy struct{}

func (Accuracy) Name() string { return "accuracy" }

func (Accuracy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	d := t.Device()
	rows := out.Logits.Value.Dim(0)
	right := t.Input(rows)
	if labels.Value.Type() == kernels.Float32 && labels.Value.Dim(-1) == 1 {
		predicted, actual := t.InputOf(kernels.Int32, rows), t.InputOf(kernels.Int32, rows)
		value := out.Value(t)
		t.Do("accuracy", func() {
			d.Greater(predicted.Value.Buffer(), value.Value.Buffer(), 0.5)
			d.Greater(actual.Value.Buffer(), labels.Value.Buffer(), 0.5)
			d.Equal(right.Value.Buffer(), predicted.Value.Buffer(), actual.Value.Buffer())
		})
		return right
	}
	// No activation changes which output is the largest, so the logits serve.
	predicted := t.ArgMax(out.Logits, -1, -1)
	actual := labels
	if labels.Value.Type() == kernels.Float32 {
		actual = t.ArgMax(labels, -1, -1)
	}
	t.Do("accuracy", func() {
		d.Equal(right.Value.Buffer(), predicted.Value.Buffer(), actual.Value.Buffer())
	})
	return right
}

var metrics = map[string]Metric{"accuracy": Accuracy{}, "acc": Accuracy{}}

// MetricByName is the metric that Keras calls by that name, or a *NameError.
func MetricByName(name string) (Metric, error) { return byName("metric", name, metrics) }
