package nn_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// Layers that only reshape the examples change no bit of a training run, forward or backward,
// and −1 stands for the remaining size.
func TestReshapeChangesNothing(t *testing.T) {
	d := open(t, "reference")
	trained := func(between ...nn.Layer) ([]float32, []int) {
		layers := []nn.Layer{&nn.Flatten{InputShape: []int{8, 8, 1}}, &nn.Dense{Units: 12, Activation: nn.Tanh, Name: "first"}}
		layers = append(append(layers, between...), &nn.Dense{Units: 4, Activation: nn.Softmax, Name: "second"})
		m := nn.NewSequential(d, nn.Seed(3), layers...)
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		x, y := stripes(d, 40)
		if _, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 2, BatchSize: 16, Verbose: nn.Silent}); err != nil {
			t.Fatal(err)
		}
		return weights(m), m.Layers()[2].Output
	}
	want, _ := trained()
	for _, shape := range [][]int{{3, 4}, {2, -1, 3}, {-1}, {12, 1}} {
		got, output := trained(&nn.Reshape{Shape: shape}, &nn.Flatten{})
		if !slices.Equal(got, want) {
			t.Errorf("Reshape to %v changes what is learnt", shape)
		}
		resolved := slices.Clone(shape)
		if i := slices.Index(shape, -1); i >= 0 {
			resolved[i] = 1
			resolved[i] = 12 / tensor.Size(resolved)
		}
		if !slices.Equal(output, resolved) {
			t.Errorf("Reshape to %v gives %v, want %v", shape, output, resolved)
		}
	}
	err := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 12, InputShape: []int{2}}, &nn.Reshape{Shape: []int{5, 2}}).Build()
	var wrong *nn.LayerError
	if !errors.As(err, &wrong) || wrong.Kind != "Reshape" || wrong.Unwrap() == nil {
		t.Errorf("Reshape of 12 values to 5×2: error %v, want one of the layer", err)
	}
}

// Initializers that are not random.
func TestConstantAndOnes(t *testing.T) {
	d := open(t, "reference")
	m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 3, InputShape: []int{2}, KernelInit: nn.Constant{Value: -0.5}, BiasInit: nn.Ones{}})
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	if got, want := weights(m), []float32{-0.5, -0.5, -0.5, -0.5, -0.5, -0.5, 1, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("the weights are %v, want %v", got, want)
	}
	var unknown *nn.NameError
	if err := m.SetWeights("dense/kernal", make([]float32, 6)); !errors.As(err, &unknown) || unknown.Known[0] != "dense/kernel" {
		t.Errorf("error %v, want one that names dense/kernel first", err)
	}
}
