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

// Labels [n] are [n 1] to a model with one output, as in Keras, in Fit, in its validation and in
// Evaluate; and the caller's tensor stays as it is.
func TestLabelsOfOneOutput(t *testing.T) {
	d := open(t, "cpu")
	values := []float32{1, 0, 0, 1, 1, 0, 1, 0}
	x := tensor.From(d, []float32{3, 1, -1, 2, 4, -2, 1, -3}, 8, 1)
	flat, column := tensor.From(d, values, 8), tensor.From(d, values, 8, 1)
	for _, loss := range []nn.Loss{nn.BinaryCrossentropy{}, nn.MeanSquaredError{}} {
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
		got, gotScores := run(flat)
		want, wantScores := run(column)
		if !reflect.DeepEqual(got.Values, want.Values) || !maps.Equal(gotScores, wantScores) {
			t.Errorf("%s: labels [8] give %v, %v; [8 1] give %v, %v", loss.Name(), got.Values, gotScores, want.Values, wantScores)
		}
	}
	if !slices.Equal(flat.Shape(), []int{8}) {
		t.Errorf("the labels' shape is %v now, was [8]", flat.Shape())
	}
}
