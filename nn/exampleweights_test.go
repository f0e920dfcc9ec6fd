package nn_test

import (
	"context"
	"slices"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// An example's weight is its own times its class's; a class that is not given counts once.
func TestClassWeightTimesSampleWeight(t *testing.T) {
	d := open(t, "cpu")
	x := tensor.From(d, []float32{1, -2, 3, 0.5, -1}, 5, 1)
	y := tensor.From(d, []int32{0, 1, 2, 1, 0}, 5)
	trained := func(o nn.FitOptions) []float32 {
		m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 3, Activation: nn.Softmax, InputShape: []int{1}})
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.5}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		o.Verbose, o.BatchSize, o.NoShuffle = nn.Silent, 2, true
		if _, err := m.Fit(context.Background(), x, y, o); err != nil {
			t.Fatal(err)
		}
		return m.Weights("dense/kernel").Value.Floats()
	}
	classes := map[int]float64{1: 4, 2: 0.5}
	got := trained(nn.FitOptions{ClassWeight: classes, SampleWeight: []float32{1, 2, 3, 0.25, 2}})
	want := trained(nn.FitOptions{SampleWeight: []float32{1, 8, 1.5, 1, 2}})
	if !slices.Equal(got, want) {
		t.Errorf("the weights are %v, with the products given as sample weights %v", got, want)
	}
	if slices.Equal(got, trained(nn.FitOptions{ClassWeight: classes})) {
		t.Error("the sample weights change nothing")
	}
}

// Of a row whose largest targets are equal, the class is the first of them.
func TestClassWeightOfEqualTargets(t *testing.T) {
	d := open(t, "cpu")
	x, y := tensor.From(d, []float32{1, -2}, 2, 1), tensor.From(d, []float32{0.5, 0.5, 0, 0, 0.5, 0.5}, 2, 3)
	trained := func(o nn.FitOptions) []float32 {
		m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 3, Activation: nn.Softmax, InputShape: []int{1}})
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.5}, Loss: nn.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		o.Verbose = nn.Silent
		if _, err := m.Fit(context.Background(), x, y, o); err != nil {
			t.Fatal(err)
		}
		return m.Weights("dense/kernel").Value.Floats()
	}
	got := trained(nn.FitOptions{ClassWeight: map[int]float64{0: 2, 1: 3, 2: 5}})
	if want := trained(nn.FitOptions{SampleWeight: []float32{2, 3}}); !slices.Equal(got, want) {
		t.Errorf("the weights are %v, want %v, as with sample weights of 2 and 3", got, want)
	}
}
