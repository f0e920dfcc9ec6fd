package nn_test

import (
	"context"
	"errors"
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

// stripes are 8×8 images whose class says where a bright stripe runs, with noise.
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
		{"image size", x.Reshape(10, 16, 4, 1), y, nn.FitOptions{}, "the examples have shape (None, 16, 4, 1), the model takes (None, 8, 8, 1)"},
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
		{"put a Flatten layer before it", []nn.Layer{&nn.Dense{Units: 3, InputShape: []int{4, 4}}}},
		{"a window that reaches over 5 does not fit into 4", []nn.Layer{&nn.Conv2D{Filters: 1, Kernel: [2]int{5, 5}, InputShape: []int{4, 4, 1}}}},
		{"rate is 1.5, must be from 0 to 1", []nn.Layer{&nn.Dropout{Rate: 1.5, InputShape: []int{4}}}},
		{"another layer of the model has this name", []nn.Layer{&nn.Dense{Units: 3, Name: "a", InputShape: []int{4}}, &nn.Dense{Units: 3, Name: "a"}}},
	} {
		err := nn.NewSequential(d, nn.Seed(1), c.layers...).Build()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
