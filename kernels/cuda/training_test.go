package cuda_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// After some steps of training, a convolutional network has the same weights on the emulator, with
// all checks on, as on the reference device, up to rounding.
func TestTrainingAgreesWithReference(t *testing.T) {
	want := trained(t, reference.New())
	d := checked(t).(*cuda.Device)
	got := trained(t, d)
	if len(got) != len(want) || len(want) != 8 {
		t.Fatalf("%d and %d parameters, want 8", len(got), len(want))
	}
	for i := range want {
		for j, w := range want[i] {
			// Weights are at most about 1. The rounding errors of twelve steps, carried on through the
			// gradients, stay below 1e-5; a wrong gradient changes weights by 1e-2.
			if difference := math.Abs(float64(got[i][j]) - float64(w)); !(difference <= 1e-5) {
				t.Fatalf("parameter %d, element %d: %v on the emulator, %v on the reference device", i, j, got[i][j], w)
			}
		}
	}
}

// trained returns the parameters after three epochs of four steps.
func trained(t *testing.T, d kernels.Device) [][]float32 {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 8))
	const n, size, classes = 32, 10, 4
	images, labels := make([]float32, n*size*size), make([]int32, n)
	for i := range images {
		images[i] = random.Float32()
	}
	for i := range labels {
		labels[i] = int32(random.IntN(classes))
	}
	model := nn.NewSequential(d, nn.Seed(1),
		&nn.Conv2D{Filters: 16, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{size, size, 1}},
		&nn.Conv2D{Filters: 16, Kernel: [2]int{3, 3}, Activation: nn.ReLU},
		&nn.MaxPooling2D{Pool: [2]int{2, 2}},
		&nn.Dropout{Rate: 0.25},
		&nn.Flatten{},
		&nn.Dense{Units: 24, Activation: nn.ReLU},
		&nn.Dense{Units: classes, Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.SGD{LearningRate: 0.05, Momentum: 0.9},
		Loss:      nn.SparseCategoricalCrossentropy{},
	}); err != nil {
		t.Fatal(err)
	}
	before := parameters(model)
	x, y := tensor.From(d, images, n, size, size, 1), tensor.From(d, labels, n)
	if _, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 3, BatchSize: 8, Verbose: nn.Silent}); err != nil {
		t.Fatal(err)
	}
	after := parameters(model)
	moved := 0.0
	for i := range after {
		for j := range after[i] {
			moved = max(moved, math.Abs(float64(after[i][j])-float64(before[i][j])))
		}
	}
	if !(moved > 0.01) {
		t.Fatalf("training moved no parameter by more than %v", moved)
	}
	return after
}

func parameters(model *nn.Sequential) (all [][]float32) {
	for _, p := range model.Params() {
		all = append(all, p.Value.Floats())
	}
	return all
}

// A training step needs nothing from the host: what an epoch copies to the device does not grow with
// its number of steps, although Adam's rates change from step to step.
func TestStepsNeedNothingFromTheHost(t *testing.T) {
	perEpoch := func(examples int) int {
		d, count := counting(t)
		defer d.Close()
		m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 3, Activation: nn.Softmax, InputShape: []int{2}})
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		x, y := tensor.NewOf(d, kernels.Float32, examples, 2), tensor.NewOf(d, kernels.Int32, examples)
		fit := func(epochs int) int {
			count.writes = 0
			if _, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: epochs, BatchSize: 4, Verbose: nn.Silent}); err != nil {
				t.Fatal(err)
			}
			return count.writes
		}
		one := fit(1)
		return (fit(3) - one) / 2
	}
	// The order of the examples, the counters, and the rates of all steps.
	if few, many := perEpoch(12), perEpoch(120); few != many || many > 4 {
		t.Errorf("an epoch of 3 steps copies %d times from the host, one of 30 steps %d times; want the same, at most 4", few, many)
	}
}
