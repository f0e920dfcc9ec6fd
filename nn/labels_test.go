package nn_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// As in Keras, Fit, its validation and Evaluate accept labels [n] as [n 1] for a model with
// one output, float32 or int32. The caller's tensor does not change.
func TestLabelsOfOneOutput(t *testing.T) {
	d := open(t, "cpu")
	values := []float32{1, 0, 0, 1, 1, 0, 1, 0}
	x := tensor.From(d, []float32{3, 1, -1, 2, 4, -2, 1, -3}, 8, 1)
	flat, column := tensor.From(d, values, 8), tensor.From(d, values, 8, 1)
	whole := tensor.From(d, []int32{1, 0, 0, 1, 1, 0, 1, 0}, 8)
	for _, loss := range []nn.Loss{nn.BinaryCrossentropy{}, nn.MeanSquaredError{}, nn.Hinge} {
		run := func(y *tensor.Tensor) (*nn.History, map[string]float64) {
			m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 1, Activation: nn.Sigmoid, InputShape: []int{1}})
			if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{}, Loss: loss, Metrics: []nn.Metric{nn.BinaryAccuracy{}}}); err != nil {
				t.Fatal(err)
			}
			h, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 2, BatchSize: 3, ValidationX: x, ValidationY: y,
				SampleWeight: []float32{1, 2, 1, 1, 1, 3, 1, 1}, Verbose: nn.Silent})
			if err != nil {
				t.Fatalf("%s, labels %v: %v", loss.Name(), y.Shape(), err)
			}
			scores, err := m.Evaluate(context.Background(), x, y, nn.EvaluateOptions{})
			if err != nil {
				t.Fatalf("%s, labels %v: %v", loss.Name(), y.Shape(), err)
			}
			return h, scores
		}
		want, wantScores := run(column)
		for _, y := range []*tensor.Tensor{flat, whole, whole.Reshape(8, 1)} {
			got, gotScores := run(y)
			if !reflect.DeepEqual(got.Values, want.Values) || !maps.Equal(gotScores, wantScores) {
				t.Errorf("%s: labels %v %v give %v, %v; float32 [8 1] give %v, %v",
					loss.Name(), y.Type(), y.Shape(), got.Values, gotScores, want.Values, wantScores)
			}
		}
	}
	if !slices.Equal(flat.Shape(), []int{8}) {
		t.Errorf("the labels' shape is %v now, was [8]", flat.Shape())
	}
}

// One-hot rows may be int32; that does not make them class numbers.
func TestOneHotRowsOfInt32(t *testing.T) {
	d := open(t, "reference")
	x := tensor.From(d, []float32{1, 0, 0, 1}, 2, 2)
	m := nn.NewSequential(d, nil, &nn.Dense{Units: 2, Activation: nn.Softmax, InputShape: []int{2}})
	if err := m.Compile(nn.CompileOptions{Loss: nn.CategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	var scores []map[string]float64
	for _, y := range []*tensor.Tensor{tensor.From(d, []float32{0, 1, 0, 1}, 2, 2), tensor.From(d, []int32{0, 1, 0, 1}, 2, 2)} {
		s, err := m.Evaluate(context.Background(), x, y, nn.EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, s)
	}
	if !maps.Equal(scores[0], scores[1]) {
		t.Errorf("rows of float32 give %v, of int32 %v", scores[0], scores[1])
	}
	if _, err := m.Evaluate(context.Background(), x, tensor.From(d, []int32{0, 1}, 2), nn.EvaluateOptions{}); err == nil {
		t.Error("class numbers are taken by categorical_crossentropy")
	}
}
