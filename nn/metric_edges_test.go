package nn_test

import (
	"testing"

	"baregrad/autograd"
	"baregrad/nn"
	"baregrad/tensor"
)

// metricOf records a metric of one example, a model's output before its last activation, and gives it.
func metricOf(t *testing.T, m nn.Metric, last nn.ActivationFunc, outputs []float32, class int32) float32 {
	t.Helper()
	d := open(t, "cpu")
	tape := autograd.NewForwardTape(d)
	defer tape.Free()
	out := &nn.Output{Logits: autograd.NewConst(tensor.From(d, outputs, 1, len(outputs))), Activation: last}
	return m.Record(tape, out, autograd.NewConst(tensor.From(d, []int32{class}, 1))).Value.Item()
}

// The class that is predicted is the largest output's, the first of equals, as Predict gives it:
// an activation that makes outputs equal, or turns their order round, counts.
func TestAccuracyIsOfTheOutput(t *testing.T) {
	for _, test := range []struct {
		last  nn.ActivationFunc
		class int32
		want  float32
	}{
		{nn.Linear, 1, 1}, {nn.Softmax, 1, 1}, {nn.HardSigmoid, 1, 0}, {nn.HardSigmoid, 0, 1}, {nn.Tanh, 0, 1},
	} {
		if got := metricOf(t, nn.Accuracy{}, test.last, []float32{30, 40, -1}, test.class); got != test.want {
			t.Errorf("class %d behind %s: accuracy %v, want %v", test.class, test.last, got, test.want)
		}
	}
}

// Outputs may be as small as they like: a larger one is larger, and an equal one is not.
func TestTopKOfSmallOutputs(t *testing.T) {
	outputs := []float32{3e-8, 2e-8, 2e-8, 1e-8}
	for class, first := range []int{1, 2, 2, 4} { // the least K that has the class among the K largest
		for k := 1; k <= 4; k++ {
			want := float32(0)
			if k >= first {
				want = 1
			}
			if got := metricOf(t, nn.SparseTopKCategoricalAccuracy{K: k}, nn.Linear, outputs, int32(class)); got != want {
				t.Errorf("class %d of %v, K = %d: %v, want %v", class, outputs, k, got, want)
			}
		}
	}
}
