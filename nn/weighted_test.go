package nn

import (
	"context"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"baregrad/tensor"
)

type kerasWeighted struct {
	X, Y, VX, VY, Kernel [][]float32
	SampleWeight         []float32 `json:"sample_weight"`
	EvaluateWeight       []float32 `json:"evaluate_weight"`
	ValidationWeight     []float32 `json:"validation_weight"`
	History              map[string][]float64
	Evaluate             map[string]float64
}

func weightedModel(t *testing.T, kernel [][]float32) *Sequential {
	t.Helper()
	m := NewSequential(openReference(t), nil, &Dense{Units: 1, Activation: Sigmoid, InputShape: []int{4}})
	mse, err := MetricByName("mse")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.5}, Loss: BinaryCrossentropy{}, Metrics: []Metric{Accuracy{}},
		WeightedMetrics: []Metric{Accuracy{}, Precision{}, Recall{Threshold: 0.25}, mse}}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetWeights("dense/kernel", slices.Concat(kernel...)); err != nil {
		t.Fatal(err)
	}
	return m
}

// Weighted metrics have Keras's names and values: in training, in validation with and without weights
// of its own, and in an evaluation.
func TestWeightedMetricsAgainstKeras(t *testing.T) {
	cases, ctx := readKerasParts(t).Weighted, context.Background()
	if len(cases) < 2 || cases[0].ValidationWeight != nil || cases[1].ValidationWeight == nil {
		t.Fatal("there must be two cases, the second one with weights for the validation data")
	}
	for i, c := range cases {
		m := weightedModel(t, c.Kernel)
		d := m.Device()
		vx, vy := matrix(d, c.VX), matrix(d, c.VY)
		h, err := m.Fit(ctx, matrix(d, c.X), matrix(d, c.Y), FitOptions{Epochs: 2, BatchSize: 8, NoShuffle: true, Verbose: Silent,
			SampleWeight: c.SampleWeight, ValidationX: vx, ValidationY: vy, ValidationSampleWeight: c.ValidationWeight})
		if err != nil {
			t.Fatal(err)
		}
		scores, err := m.Evaluate(ctx, vx, vy, EvaluateOptions{BatchSize: 3, SampleWeight: c.EvaluateWeight})
		if err != nil {
			t.Fatal(err)
		}
		history := maps.Clone(c.History)
		for name, value := range c.Evaluate {
			history["evaluate "+name], h.Values["evaluate "+name] = []float64{value}, []float64{scores[name]}
		}
		if len(history) != len(h.Values) || len(scores) != len(c.Evaluate) {
			t.Errorf("case %d: the values are %v, Keras has %v", i, slices.Sorted(maps.Keys(h.Values)), slices.Sorted(maps.Keys(history)))
		}
		for name, want := range history {
			for epoch, value := range h.Values[name] {
				if !(math.Abs(value-want[epoch]) <= 2e-6) { // float32 on both sides
					t.Errorf("case %d: %s of epoch %d is %v, Keras has %v", i, name, epoch, value, want[epoch])
				}
			}
		}
	}
}

// Weighted metrics are saved, and a callback can monitor them.
func TestWeightedMetricsAreSaved(t *testing.T) {
	c, ctx := readKerasParts(t).Weighted[0], context.Background()
	m := weightedModel(t, c.Kernel)
	if mode := m.direction("val_weighted_accuracy"); mode != Largest {
		t.Errorf("weighted_accuracy is monitored for mode %v, want Largest", mode)
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(ctx, m.Device(), path)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := m.Compiled()
	after, _ := loaded.Compiled()
	if len(after.WeightedMetrics) != 4 || !reflect.DeepEqual(after, before) {
		t.Errorf("the model was compiled with %+v, is with %+v", before, after)
	}
}

func TestWeightedMetricsRefuse(t *testing.T) {
	d := openReference(t)
	m := NewSequential(d, nil, &Dense{Units: 2, InputShape: []int{3, 2}})
	for want, o := range map[string]CompileOptions{
		"compile: weighted metric 0 is nil":                                                            {WeightedMetrics: []Metric{nil}},
		"compile: weighted metric 1 is a LossMetric without a loss":                                    {Metrics: []Metric{Accuracy{}}, WeightedMetrics: []Metric{Precision{}, LossMetric{}}},
		"compile: weighted metric 0, auc, can't be weighted: it is computed from sums over batches":    {WeightedMetrics: []Metric{AUC{}}},
		`compile: two of the measured values are called "weighted_accuracy", each needs a name of its`: {Metrics: []Metric{Accuracy{}}, WeightedMetrics: []Metric{Accuracy{}, Accuracy{}}},
	} {
		o.Loss = MeanSquaredError{}
		if err := m.Compile(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, WeightedMetrics: []Metric{BinaryAccuracy{}}}); err != nil {
		t.Fatal(err)
	}
	x, y := tensor.New(d, 4, 3, 2), tensor.New(d, 4, 3, 2)
	_, err := m.Fit(context.Background(), x, y, FitOptions{Verbose: Silent, SampleWeight: make([]float32, 12)})
	if want := "fit: there are weights for each position of the output, but the weighted metric binary_accuracy takes one for each example"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	// Labels are checked as for the metric itself.
	bad := tensor.From(d, []int32{1}, 1)
	if err := (weightedMetric{Metric: Precision{}}).Check([]int{1}, bad); err == nil {
		t.Error("int32 labels were accepted for precision")
	}
}
