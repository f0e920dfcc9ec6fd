package nn_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"baregrad/nn"
)

// One pass gives bit for bit what Evaluate and Predict give in two. 70 examples
// in batches of 32 leave a smaller one at the end.
func TestEvaluatePredict(t *testing.T) {
	d := open(t, "cpu")
	x, y := stripes(d, 70)
	m := stripeModel(t, d, 1)
	ctx := context.Background()
	want, err := m.Evaluate(ctx, x, y, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := m.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scores, predictions, err := m.EvaluatePredict(ctx, x, y, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(scores, want) {
		t.Errorf("scores are %v, Evaluate's are %v", scores, want)
	}
	if !slices.Equal(predictions.Shape(), []int{70, 4}) || !slices.Equal(predictions.Floats(), outputs.Floats()) {
		t.Errorf("predictions %v differ from Predict's", predictions.Shape())
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if scores, predictions, err := m.EvaluatePredict(ctx, x, y, nn.EvaluateOptions{}); !errors.Is(err, context.Canceled) || scores != nil || predictions != nil {
		t.Errorf("with its context ended it gave %v, %v, %v, want the context's error alone", scores, predictions, err)
	}
}
