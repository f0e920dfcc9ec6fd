package nn_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/nn"
	"baregrad/tensor"
)

func open(t testing.TB, name string) kernels.Device {
	t.Helper()
	d, err := auto.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// stripes returns noisy 8×8 images whose class is the position of a bright stripe.
func stripes(d kernels.Device, n int) (x, y *tensor.Tensor) {
	r := rand.New(rand.NewPCG(7, 7))
	images, labels := make([]uint8, n*64), make([]int32, n)
	for i := range n {
		class := r.IntN(4)
		labels[i] = int32(class)
		for p := range 64 {
			images[i*64+p] = uint8(r.IntN(120))
			if p/16 == class {
				images[i*64+p] += 100
			}
		}
	}
	return tensor.From(d, images, n, 8, 8, 1), tensor.From(d, labels, n)
}

func stripeModel(t testing.TB, d kernels.Device, seed uint64) *nn.Sequential {
	t.Helper()
	m := nn.NewSequential(d, nn.Seed(seed),
		&nn.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{8, 8, 1}},
		&nn.MaxPooling2D{},
		&nn.Flatten{},
		&nn.Dropout{Rate: 0.1},
		&nn.Dense{Units: 16, Activation: nn.ReLU},
		&nn.Dense{Units: 4, Activation: nn.Softmax})
	if err := m.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.SparseCategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		t.Fatal(err)
	}
	return m
}

func weights(m *nn.Sequential) (all []float32) {
	for _, p := range m.Params() {
		all = append(all, p.Value.Floats()...)
	}
	return all
}

func TestFitLearnsAndRepeats(t *testing.T) {
	for _, device := range []string{"reference", "cpu"} {
		t.Run(device, func(t *testing.T) {
			d := open(t, device)
			x, y := stripes(d, 500)
			train := func() ([]float32, *nn.History) {
				m := stripeModel(t, d, 1)
				h, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 4, ValidationSplit: 0.2, Verbose: nn.Silent})
				if err != nil {
					t.Fatal(err)
				}
				return weights(m), h
			}
			first, h := train()
			if got := h.Last("val_accuracy"); !(got >= 0.99) {
				t.Errorf("validation accuracy is %v after 4 epochs, want at least 0.99", got)
			}
			if len(h.Values["loss"]) != 4 || h.Steps != 13 {
				t.Errorf("history has %d epochs of %d steps, want 4 of 13", len(h.Values["loss"]), h.Steps)
			}
			second, _ := train()
			if !slices.Equal(first, second) {
				t.Error("the same seed gave different weights on a second run")
			}
		})
	}
}

func TestFitRefuses(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 10)
	wrong := tensor.From(d, []int32{0, 1, 2, 3, 4, 0, 1, 2, 3, 0}, 10)
	for _, c := range []struct {
		name string
		x, y *tensor.Tensor
		o    nn.FitOptions
		want string
	}{
		{"epochs", x, y, nn.FitOptions{Epochs: -1}, "epochs is -1, must be at least 1"},
		{"batch", x, y, nn.FitOptions{BatchSize: -3}, "batch size is -3, must be at least 1"},
		{"split", x, y, nn.FitOptions{ValidationSplit: 1.5}, "validation split is 1.5"},
		{"empty side", x, y, nn.FitOptions{ValidationSplit: 0.95}, "empty"},
		{"label", x, wrong, nn.FitOptions{}, "label 4 of example 4 is out of range"},
		{"count", x, y.Slice(0, 9), nn.FitOptions{}, "10 examples and labels of shape [9]"},
		{"image size", x.Reshape(10, 16, 4, 1), y, nn.FitOptions{}, "the examples are [10 16 4 1], the model takes (None, 8, 8, 1)"},
		{"weights", x, y, nn.FitOptions{SampleWeight: make([]float32, 9)}, "9 sample weights for 10 examples"},
		{"weights of one side", x, y, nn.FitOptions{ValidationSplit: 0.2, SampleWeight: make([]float32, 8)}, "8 sample weights for 10 examples"},
		{"validation weights", x, y, nn.FitOptions{ValidationX: x, ValidationY: y, ValidationSampleWeight: make([]float32, 9)},
			"validation data: 9 sample weights for 10 examples"},
		{"validation labels alone", x, y, nn.FitOptions{ValidationY: y}, "but no examples"},
		{"no examples", x.Slice(0, 0), y.Slice(0, 0), nn.FitOptions{}, "0 examples"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Verbose = nn.Silent
			_, err := stripeModel(t, d, 1).Fit(context.Background(), c.x, c.y, c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestFitStopsWithItsContext(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	ctx, cancel := context.WithCancel(context.Background())
	stop := &stopAfter{batches: 3, cancel: cancel}
	_, err := stripeModel(t, d, 1).Fit(ctx, x, y, nn.FitOptions{BatchSize: 10, Verbose: nn.Silent, Callbacks: []nn.Callback{stop}})
	var interrupted *nn.InterruptedError
	if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || interrupted.Batch != 3 || interrupted.Steps != 10 {
		t.Errorf("error %v, want an interruption after 3 of 10 batches", err)
	}
}

type stopAfter struct {
	nn.BaseCallback
	batches int
	cancel  context.CancelFunc
}

func (s *stopAfter) BatchEnd(r *nn.Run) error {
	if r.Batch+1 == s.batches {
		s.cancel()
	}
	return nil
}

func TestBuildRefuses(t *testing.T) {
	d := open(t, "reference")
	for _, c := range []struct {
		want   string
		layers []nn.Layer
	}{
		{"the model has no layers", nil},
		{"layer dense (Dense): it is the first layer and needs InputShape", []nn.Layer{&nn.Dense{Units: 3}}},
		{"units is 0, must be at least 1", []nn.Layer{&nn.Dense{InputShape: []int{4}}}},
		{"layer dense_1 (Dense): units is -2", []nn.Layer{&nn.Dense{Units: 3, InputShape: []int{4}}, &nn.Dense{Units: -2}}},
		{`unknown activation "rellu": did you mean "relu"?`, []nn.Layer{&nn.Dense{Units: 3, Activation: "rellu", InputShape: []int{4}}}},
		{"layer dense (Dense): the input is (None), must have an axis beside the batch",
			[]nn.Layer{&nn.Reshape{Shape: []int{}, InputShape: []int{1}}, &nn.Dense{Units: 3}}},
		{"a window that reaches over 5 does not fit into 4", []nn.Layer{&nn.Conv2D{Filters: 1, Kernel: [2]int{5, 5}, InputShape: []int{4, 4, 1}}}},
		{"kernel is 0×0, must be at least 1×1", []nn.Layer{&nn.Conv2D{Filters: 1, InputShape: []int{4, 4, 1}}}},
		{"must have the axes height, width, channels", []nn.Layer{&nn.Conv2D{Filters: 1, Kernel: [2]int{3, 3}, InputShape: []int{28, 28}}}},
		{"must have the axes channels, height, width", []nn.Layer{&nn.MaxPooling2D{DataFormat: nn.ChannelsFirst, InputShape: []int{28, 28}}}},
		{"layer 1 of the model, from 0, is nil", []nn.Layer{&nn.Dense{Units: 3, InputShape: []int{4}}, nil}},
		{"rate is 1.5, must be from 0 to 1", []nn.Layer{&nn.Dropout{Rate: 1.5, InputShape: []int{4}}}},
		{"another layer of the model has this name", []nn.Layer{&nn.Dense{Units: 3, Name: "a", InputShape: []int{4}}, &nn.Dense{Units: 3, Name: "a"}}},
	} {
		err := nn.NewSequential(d, nn.Seed(1), c.layers...).Build()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// Data in another device's memory are refused, even if both devices use the processor.
func TestFitRefusesAnotherDevicesData(t *testing.T) {
	m := stripeModel(t, open(t, "reference"), 1)
	x, y := stripes(m.Device(), 10)
	otherX, otherY := stripes(open(t, "reference"), 10)
	for _, c := range []struct{ x, y *tensor.Tensor }{{otherX, y}, {x, otherY}} {
		_, err := m.Fit(context.Background(), c.x, c.y, nn.FitOptions{Verbose: nn.Silent})
		if err == nil || !strings.Contains(err.Error(), "are in the memory of another device than the model's, though both are called reference: "+
			"each opening makes a device of its own; use one for both, or copy them with Tensor.To") {
			t.Errorf("error %v, want one that says that there are two devices", err)
		}
	}
}

// If nothing can be trained, Fit returns an error.
func TestFitOfFrozenModel(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 10)
	m := stripeModel(t, d, 1)
	for _, layer := range []string{"conv2d", "dense", "dense_1"} {
		if err := m.SetTrainable(layer, false); err != nil {
			t.Fatal(err)
		}
	}
	_, err := m.Fit(context.Background(), x, y, nn.FitOptions{Verbose: nn.Silent})
	if err == nil || !strings.Contains(err.Error(), "nothing to train") {
		t.Errorf("error %v, want one that says that there is nothing to train", err)
	}
	if _, err := m.Evaluate(context.Background(), x, y, nn.EvaluateOptions{}); err != nil {
		t.Error(err)
	}
}

// stopper stops training in the first epoch: before its first batch, or after one.
type stopper struct {
	nn.BaseCallback
	atBegin bool
	after   int // batches
	ends    int // epochs that it saw end
}

func (s *stopper) EpochBegin(r *nn.Run) error {
	if s.atBegin {
		r.Stop()
	}
	return nil
}

func (s *stopper) BatchEnd(r *nn.Run) error {
	if r.Batch+1 == s.after {
		r.Stop()
	}
	return nil
}

func (s *stopper) EpochEnd(*nn.Run, map[string]float64) error { s.ends++; return nil }

// An epoch that is stopped ends like any other: with means over the examples that it
// used, with validation, and with its callbacks.
func TestStopInTheMiddleOfAnEpoch(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	for _, s := range []*stopper{{atBegin: true}, {after: 1}, {after: 3}} {
		m := stripeModel(t, d, 1)
		h, err := m.Fit(context.Background(), x, y, quiet(5, s))
		if err != nil {
			t.Fatal(err)
		}
		o, steps := m.Compiled()
		if want := max(s.after, 1); steps != want || len(o.Metrics) != 1 {
			t.Errorf("%+v: %d training steps, want %d", *s, steps, want)
		}
		// Four classes, hardly trained: the loss is near ln 4.
		if loss := h.Last("loss"); len(h.Epoch) != 1 || s.ends != 1 || !(loss > 1 && loss < 2) || !(h.Last("val_loss") > 0) {
			t.Errorf("%+v: %d epochs, history %v", *s, len(h.Epoch), h.Values)
		}
	}
}

// Sample weights are split with the examples, and count in val_loss.
func TestValidationSampleWeight(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 40)
	weights := make([]float32, 40)
	for i := range weights {
		weights[i] = 1
		if i >= 30 {
			weights[i] = 3
		}
	}
	for name, o := range map[string]nn.FitOptions{
		"split": {ValidationSplit: 0.25, SampleWeight: weights},
		"given": {ValidationX: x.Slice(30, 40), ValidationY: y.Slice(30, 40), ValidationSampleWeight: weights[30:]},
	} {
		m := stripeModel(t, d, 1)
		o.Verbose = nn.Silent
		h, err := m.Fit(ctx, x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := m.Evaluate(ctx, x.Slice(30, 40), y.Slice(30, 40), nn.EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// Both are sums of the same ten numbers in float32.
		if got, want := h.Last("val_loss"), 3*scores["loss"]; !(math.Abs(got-want) <= 1e-5*want) {
			t.Errorf("%s: val_loss is %v with weights of 3, want %v", name, got, want)
		}
		if h.Last("val_accuracy") != scores["accuracy"] {
			t.Errorf("%s: val_accuracy is %v, weights must leave it at %v", name, h.Last("val_accuracy"), scores["accuracy"])
		}
	}
}

type batchEnd func(*nn.Run) error

func (f batchEnd) TrainBegin(*nn.Run) error                   { return nil }
func (f batchEnd) EpochBegin(*nn.Run) error                   { return nil }
func (f batchEnd) BatchEnd(r *nn.Run) error                   { return f(r) }
func (f batchEnd) EpochEnd(*nn.Run, map[string]float64) error { return nil }
func (f batchEnd) TrainEnd(*nn.Run) error                     { return nil }

// Other work on the device between two steps, with this model or another, changes
// nothing.
func TestModelsShareADevice(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"reference", "cpu"} {
		d := open(t, name)
		x, y := stripes(d, 100)
		o := nn.FitOptions{Epochs: 2, Verbose: nn.Silent}
		alone := stripeModel(t, d, 1)
		want, err := alone.Fit(ctx, x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		m, other := stripeModel(t, d, 1), stripeModel(t, d, 2)
		o.Callbacks = []nn.Callback{batchEnd(func(*nn.Run) error {
			_, err := other.Fit(ctx, x, y, nn.FitOptions{Verbose: nn.Silent})
			if err == nil {
				_, err = m.Evaluate(ctx, x, y, nn.EvaluateOptions{})
			}
			if err == nil {
				_, err = m.Predict(ctx, x, nn.EvaluateOptions{BatchSize: 7})
			}
			return err
		})}
		got, err := m.Fit(ctx, x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(weights(m), weights(alone)) || got.Last("loss") != want.Last("loss") {
			t.Errorf("%s: a model that trains between another's steps gives other weights or losses", name)
		}
	}
}

// Two Fits, the second starting where the first ended, are the same as one.
func TestFitGoesOn(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 100)
	whole, parts := stripeModel(t, d, 3), stripeModel(t, d, 3)
	for m, runs := range map[*nn.Sequential][]nn.FitOptions{
		whole: {{Epochs: 4}}, parts: {{Epochs: 2}, {Epochs: 4, InitialEpoch: 2}},
	} {
		for _, o := range runs {
			o.Verbose = nn.Silent
			if _, err := m.Fit(ctx, x, y, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(weights(whole), weights(parts)) {
		t.Error("two epochs and two more gave other weights than four")
	}
}

// A single target's class is the nearest whole number, as in Keras.
func TestClassWeightsOfSoftTargets(t *testing.T) {
	d := open(t, "reference")
	m := nn.NewSequential(d, nil, &nn.Dense{Units: 1, KernelInit: nn.Zeros{}, InputShape: []int{1}})
	if err := m.Compile(nn.CompileOptions{Loss: nn.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	x, y := tensor.New(d, 4, 1), tensor.From(d, []float32{0.9, 0.25, 1.75, -1}, 4, 1)
	h, err := m.Fit(context.Background(), x, y, nn.FitOptions{Verbose: nn.Silent, ClassWeight: map[int]float64{-1: 0, 0: 4, 1: 2}})
	if err != nil {
		t.Fatal(err)
	}
	// The predictions of the first step are 0. Class 2 has no explicit weight.
	want := (2*0.9*0.9 + 4*0.25*0.25 + 1.75*1.75 + 0) / 4
	if got := h.Last("loss"); !(math.Abs(got-want) <= 1e-6) { // of four float32
		t.Errorf("the loss is %v, want %v", got, want)
	}
}
