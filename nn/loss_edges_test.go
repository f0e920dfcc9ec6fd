package nn_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/nn"
	"baregrad/tensor"
)

// lossOf records a loss of one example, a model's output before its last activation, and gives it.
func lossOf(t *testing.T, l nn.Loss, last nn.ActivationFunc, outputs, targets []float32) float64 {
	t.Helper()
	d := open(t, "cpu")
	tape := autograd.NewForwardTape(d)
	defer tape.Free()
	labels := tensor.From(d, targets, 1, len(targets))
	if err := l.Check([]int{len(outputs)}, labels); err != nil {
		t.Fatal(err)
	}
	out := &nn.Output{Logits: autograd.NewConst(tensor.From(d, outputs, 1, len(outputs))), Activation: last}
	return float64(l.Record(tape, out, autograd.NewConst(labels)).Value.Item())
}

// Where a formula has no value, or one that would end a training, Keras holds its numbers within
// limits first.
func TestLossesHoldTheirNumbersWithinLimits(t *testing.T) {
	const least = 1e-7 // Keras's epsilon, as the limits below
	ln := math.Log
	for _, test := range []struct {
		what             string
		loss             nn.Loss
		outputs, targets []float32
		want             float64
	}{
		{"a logarithm of an output below −1", nn.MeanSquaredLogarithmicError, []float32{-3}, []float32{1}, ln(2) * ln(2)},
		{"a logarithm of a target below −1", nn.MeanSquaredLogarithmicError, []float32{1}, []float32{-3}, ln(2) * ln(2)},
		{"a logarithm of 0", nn.Poisson, []float32{0}, []float32{2}, -2 * ln(least)},
		{"an output of 0", nn.KLDivergence, []float32{0, 0.5}, []float32{0.5, 0.5}, 0.5 * ln(0.5/least)},
		{"a small output", nn.KLDivergence, []float32{3e-7, 0.5}, []float32{0.5, 0.5}, 0.5 * ln(0.5/3e-7)},
		{"an output above 1", nn.KLDivergence, []float32{3, 0.5}, []float32{0.5, 0.5}, 0.5 * ln(0.5)},
		{"a target of 0", nn.KLDivergence, []float32{0.5, 0.5}, []float32{0, 0.5}, 0},
		{"a target above 1", nn.KLDivergence, []float32{0.5, 0.5}, []float32{3, 0.5}, ln(2)},
		{"a target of 0", nn.MeanAbsolutePercentageError, []float32{2}, []float32{0}, 200 / least},
		{"a vector of length 0", nn.CosineSimilarity, []float32{0, 0}, []float32{3, 4}, 0},
		{"a sure and wrong output", nn.BinaryCrossentropy{}, []float32{0}, []float32{1}, -ln(least)},
		{"a sure and wrong output", nn.CategoricalCrossentropy{}, []float32{1, 0}, []float32{0, 1}, -ln(least)},
	} {
		// The logarithms are of float32, and some of them near 1.
		if got := lossOf(t, test.loss, nn.Linear, test.outputs, test.targets); !(math.Abs(got-test.want) <= 3e-6*(1+math.Abs(test.want))) {
			t.Errorf("%s, %s: %v, want %v", test.loss.Name(), test.what, got, test.want)
		}
	}
}

// The targets of 0 in a one-hot row count as 1e-7, and their share of the loss and of its gradient is
// that small: Adam divides by the gradient's size, so its relative error matters. The numbers are
// those of kl_divergence in Keras 3.15, in float64.
func TestSmallTargetsOfKLDivergence(t *testing.T) {
	outputs := []float32{0.5, 0.25}
	for _, test := range []struct {
		targets []float32
		want    float64
	}{
		{[]float32{0, 0}, -3.01567497602368e-06},
		{[]float32{2e-7, 1e-6}, -1.5375576454812068e-05},
	} {
		got := lossOf(t, nn.KLDivergence, nn.Linear, outputs, test.targets)
		if !(math.Abs(got/test.want-1) <= 3e-6) { // the logarithms, down to −16, are of float32
			t.Errorf("targets %v: %v, want %v", test.targets, got, test.want)
		}
	}
}

// From logits means the model's output, whatever the last activation is. Only a softmax or a sigmoid,
// which give no logits, is left out: Keras on TensorFlow does the same.
func TestFromLogitsBehindAnActivation(t *testing.T) {
	inputs, targets := []float32{2, -1, 0.5}, []float32{0, 0, 1}
	for _, l := range []nn.Loss{nn.CategoricalCrossentropy{FromLogits: true}, nn.BinaryCrossentropy{FromLogits: true}} {
		for _, last := range []nn.ActivationFunc{nn.Tanh, nn.Softmax, nn.Sigmoid} {
			d := open(t, "cpu")
			tape := autograd.NewForwardTape(d)
			out := &nn.Output{Logits: autograd.NewConst(tensor.From(d, inputs, 1, 3)), Activation: last}
			logits := inputs
			if last == nn.Tanh {
				logits = out.Value(tape).Value.Floats()
			}
			tape.Free()
			if got, want := lossOf(t, l, last, inputs, targets), lossOf(t, l, nn.Linear, logits, targets); got != want {
				t.Errorf("%s behind %s: %v, want %v, that of the logits %v", l.Name(), last, got, want, logits)
			}
		}
	}
}

// Class numbers begin at 0: −1, which some data have for "unknown", is refused, as is one too many.
func TestClassNumbersOutOfRange(t *testing.T) {
	d := open(t, "cpu")
	x := tensor.New(d, 3, 2)
	for _, label := range []int32{-1, 4} {
		m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 4, Activation: nn.Softmax, InputShape: []int{2}})
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		_, err := m.Fit(context.Background(), x, tensor.From(d, []int32{0, label, 3}, 3), nn.FitOptions{Verbose: nn.Silent})
		if err == nil || !strings.Contains(err.Error(), "example 1 is out of range") {
			t.Errorf("label %d for 4 classes: the error is %v", label, err)
		}
	}
}

// After its last step a cycle stays where it came to.
func TestOneCycleStaysAtItsEnd(t *testing.T) {
	c := nn.OneCycle{Peak: 0.5, Steps: 20}
	end := 0.5 / 25 / 1e4
	for _, step := range []int{19, 20, 30, 1000} {
		if got := c.At(step); !(math.Abs(got-end) <= 1e-12) {
			t.Errorf("the rate of step %d of %d is %v, want %v", step, c.Steps, got, end)
		}
	}
}
