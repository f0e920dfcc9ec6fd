package nn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/tensor"
)

type kerasRatios struct {
	Scores, Marks [][]float32
	Labels        []int32
	Values        map[string]float64
}

// Precision, recall and top-k accuracies over several batches agree with Keras's, with its
// names and settings, on each device.
func TestRatiosAgainstKeras(t *testing.T) {
	c := readKerasTraining(t).Ratios
	n, width := len(c.Scores), len(c.Scores[0])
	hot := make([]float32, n*width)
	for i, label := range c.Labels {
		hot[i*width+int(label)] = 1
	}
	for _, name := range []string{"reference", "cpu", "emulator"} {
		d, err := auto.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		x, marks := matrix(d, c.Scores), matrix(d, c.Marks)
		oneHot, sparse := tensor.From(d, hot, n, width), tensor.From(d, c.Labels, n)
		compared := 0
		for _, m := range []struct {
			keras  string
			metric Metric
			labels *tensor.Tensor
		}{
			{"precision", Precision{}, marks}, {"recall", Recall{}, marks},
			{"precision 0.75", Precision{Threshold: 0.75}, marks}, {"recall 0.25", Recall{Threshold: 0.25}, marks},
			{"precision none", Precision{Threshold: 1}, marks}, {"recall none", Recall{}, tensor.New(d, n, width)},
			{"top_k_categorical_accuracy", TopKCategoricalAccuracy{}, oneHot},
			{"sparse_top_k_categorical_accuracy", SparseTopKCategoricalAccuracy{}, sparse},
			{"top_k_categorical_accuracy 2", TopKCategoricalAccuracy{K: 2}, oneHot},
			{"sparse_top_k_categorical_accuracy 3", SparseTopKCategoricalAccuracy{K: 3}, sparse},
			{"sparse_top_k_categorical_accuracy 1", SparseTopKCategoricalAccuracy{K: 1}, sparse},
		} {
			loss := Loss(MeanSquaredError{})
			if m.labels == sparse {
				loss = SparseCategoricalCrossentropy{}
			}
			model := NewSequential(d, nil, &Activation{InputShape: []int{width}})
			if err := model.Compile(CompileOptions{Loss: loss, Metrics: []Metric{Accuracy{}, m.metric}}); err != nil {
				t.Fatal(err)
			}
			scores, err := model.Evaluate(context.Background(), x, m.labels, EvaluateOptions{BatchSize: 4})
			if err != nil {
				t.Fatal(err)
			}
			want, ok := c.Values[m.keras]
			if got := scores[m.metric.Name()]; !ok || !(math.Abs(got-want) <= 1e-6) {
				t.Errorf("%s: %s is %v, Keras has %v", name, m.keras, got, want)
			}
			compared++
		}
		if compared != len(c.Values) {
			t.Errorf("%d values were compared, Keras has %d", compared, len(c.Values))
		}
		d.Close()
	}
}

// In training, the counts run over the epoch. Positions count too, and a row with NaN is
// wrong.
func TestRatiosOfPositions(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	nan := float32(math.NaN())
	x := tensor.From(d, []float32{.9, .1, .8, .2, .6, .7, .4, nan}, 2, 2, 2)
	y := tensor.From(d, []int32{0, 1, 1, 1}, 2, 2)
	m := NewSequential(d, nil, &Activation{InputShape: []int{2, 2}})
	if err := m.Compile(CompileOptions{Loss: SparseCategoricalCrossentropy{}, Metrics: []Metric{
		SparseTopKCategoricalAccuracy{K: 1, As: "top 1"}, SparseTopKCategoricalAccuracy{K: 2, As: "top 2"}}}); err != nil {
		t.Fatal(err)
	}
	scores, err := m.Evaluate(ctx, x, y, EvaluateOptions{})
	if err != nil || scores["top 1"] != 0.5 || scores["top 2"] != 0.75 {
		t.Errorf("the scores are %v, want 0.5 and 0.75; error %v", scores, err)
	}
	weights := NewSequential(d, nil, &Dense{Units: 1, Activation: Sigmoid, NoBias: true, InputShape: []int{1}})
	if err := weights.Compile(CompileOptions{Optimizer: SGD{LearningRate: 1e-9}, Loss: BinaryCrossentropy{},
		Metrics: []Metric{Recall{}, Precision{}, Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	if err := weights.SetWeights("dense/kernel", []float32{1}); err != nil {
		t.Fatal(err)
	}
	// Above one half are the first, third and fourth, and the last, in batches of two.
	inputs := tensor.From(d, []float32{1, -1, 2, 3, -2, 1}, 6, 1)
	labels := tensor.From(d, []float32{1, 1, 0, 1, 0, 1}, 6)
	h, err := weights.Fit(ctx, inputs, labels, FitOptions{BatchSize: 2, NoShuffle: true, Verbose: Silent})
	if err != nil || h.Last("precision") != 0.75 || h.Last("recall") != 0.75 || !(math.Abs(h.Last("accuracy")-4./6) < 1e-6) {
		t.Errorf("the history is %v, want precision and recall 3/4, accuracy 4/6; error %v", h.Values, err)
	}
}

// Settings are saved in a model's file, with the names. Invalid ones are refused. Callbacks
// know that larger values are better.
func TestRatiosInUse(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	metrics := []Metric{Precision{}, Precision{Threshold: 0.25, As: "careful"}, Recall{Threshold: 0.75},
		TopKCategoricalAccuracy{K: 2, As: "top"}, TopKCategoricalAccuracy{}}
	m := NewSequential(d, nil, &Dense{Units: 3, InputShape: []int{2}})
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, Metrics: metrics}); err != nil {
		t.Fatal(err)
	}
	loaded := reloaded(t, m)
	if o, _ := loaded.Compiled(); !slices.Equal(o.Metrics, metrics) {
		t.Errorf("the metrics are %#v, were %#v", o.Metrics, metrics)
	}
	for _, c := range []struct {
		metric Metric
		labels *tensor.Tensor
		want   string
	}{
		{Precision{}, tensor.From(d, []float32{0, 0, 0, 0, 0, 2}, 2, 3), "evaluate: metric precision: the label of example 1 is 2: precision takes numbers from 0 to 1"},
		{Recall{Threshold: 3, As: "r"}, tensor.New(d, 2, 3), "evaluate: metric r: recall: threshold is 3, must be from 0 to 1"},
		{TopKCategoricalAccuracy{K: -1}, tensor.New(d, 2, 3), "evaluate: metric top_k_categorical_accuracy: K is -1, must be at least 1, or 0 for 5"},
		{SparseTopKCategoricalAccuracy{}, tensor.New(d, 2, 3),
			"evaluate: metric sparse_top_k_categorical_accuracy: labels are float32 [2 3]: sparse_top_k_categorical_accuracy takes class numbers, int32 [n]; for one-hot rows use top_k_categorical_accuracy"},
	} {
		if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, Metrics: []Metric{c.metric}}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Evaluate(ctx, tensor.New(d, 2, 2), c.labels, EvaluateOptions{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("the error is %v\nwant %s", err, c.want)
		}
	}
	for _, name := range []string{"precision", "val_recall", "top_k_categorical_accuracy"} {
		if mode := m.direction(name); mode != Largest {
			t.Errorf("%s is monitored for mode %v, want Largest", name, mode)
		}
	}
	for name, want := range map[string]Metric{"precision": Precision{}, "recall": Recall{},
		"top_k_categorical_accuracy": TopKCategoricalAccuracy{}, "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy{}} {
		if got, err := MetricByName(name); err != nil || got != want {
			t.Errorf("the metric %s is %s, error %v", name, fmt.Sprint(got), err)
		}
	}
}
