package nn_test

import (
	"math"
	"strings"
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

// An output that equals the threshold is not above it, at either end of the range, too. A
// threshold beyond the range is refused.
func TestPrecisionAndRecallAtTheThreshold(t *testing.T) {
	d := open(t, "cpu")
	below := func(x float32) float32 { return math.Nextafter32(x, -1) }
	above := func(x float32) float32 { return math.Nextafter32(x, 2) }
	for _, threshold := range []float64{0.5, 0.75, 1} {
		at := float32(threshold)
		outputs, labels := []float32{below(at), at, above(at), below(at), at, above(at)}, []float32{1, 1, 1, 0, 0, 0}
		for _, c := range []struct {
			metric   nn.RatioMetric
			whole    float32 // the outputs above the threshold, or the labels that are 1
			accepted error
		}{
			{nn.Precision{Threshold: threshold}, 2, nn.Precision{Threshold: threshold}.Check([]int{6}, tensor.From(d, labels, 1, 6))},
			{nn.Recall{Threshold: threshold}, 3, nn.Recall{Threshold: threshold}.Check([]int{6}, tensor.From(d, labels, 1, 6))},
		} {
			tape := autograd.NewForwardTape(d)
			out := &nn.Output{Logits: autograd.NewConst(tensor.From(d, outputs, 1, 6)), Activation: nn.Linear}
			y := autograd.NewConst(tensor.From(d, labels, 1, 6))
			part, whole := c.metric.Record(tape, out, y).Value.Item(), c.metric.RecordDenominator(tape, out, y).Value.Item()
			if part != 1 || whole != c.whole || c.accepted != nil {
				t.Errorf("%s at threshold %v: %v of %v, want 1 of %v (error %v)", c.metric.Name(), threshold, part, whole, c.whole, c.accepted)
			}
			tape.Free()
		}
	}
	for _, threshold := range []float64{math.Nextafter(1, 2), -1e-9, math.NaN()} {
		labels := tensor.New(d, 1, 6)
		for _, err := range []error{nn.Precision{Threshold: threshold}.Check([]int{6}, labels), nn.Recall{Threshold: threshold}.Check([]int{6}, labels)} {
			if err == nil || !strings.Contains(err.Error(), "must be from 0 to 1") {
				t.Errorf("threshold %v: the error is %v", threshold, err)
			}
		}
	}
}
