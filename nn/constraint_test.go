package nn

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

type kerasConstrained struct {
	X, Y    [][]float32
	Kernels [][][]float32
	History map[string][]float64
	Weights [][]float64
}

func constrainedModel(d kernels.Device) *Sequential {
	return NewSequential(d, nil,
		&Conv2D{Filters: 3, Kernel: [2]int{2, 2}, Activation: Tanh, KernelConstraint: MaxNorm(0.75), InputShape: []int{3, 3, 2}}, &Flatten{},
		&Dense{Units: 4, Activation: Tanh, KernelConstraint: UnitNorm}, &Dense{Units: 3, Activation: Tanh, KernelConstraint: MaxNorm(1)},
		&Dense{Units: 1, KernelConstraint: NonNeg})
}

// Losses and weights of four epochs with each kind of constraint agree with Keras's, on each device.
func TestConstraintsAgainstKeras(t *testing.T) {
	c, ctx := readKerasParts(t).Constrained, context.Background()
	if len(c.Weights) != 8 {
		t.Fatalf("there are %d weights, want 8", len(c.Weights))
	}
	for _, name := range []string{"reference", "cpu", "emulator"} {
		d, err := auto.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		m := constrainedModel(d)
		if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.5}, Loss: MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		for i, layer := range []string{"conv2d", "dense", "dense_1", "dense_2"} {
			if err := m.SetWeights(layer+"/kernel", slices.Concat(c.Kernels[i]...)); err != nil {
				t.Fatal(err)
			}
		}
		x := matrix(d, c.X).Reshape(-1, 3, 3, 2)
		h, err := m.Fit(ctx, x, matrix(d, c.Y), FitOptions{Epochs: 4, BatchSize: 4, NoShuffle: true, Verbose: Silent})
		if err != nil {
			t.Fatal(err)
		}
		if h.Uncaptured != nil {
			t.Errorf("%s: the step was not captured: %v", name, h.Uncaptured)
		}
		// float32 on both sides, over twelve steps.
		for epoch, want := range c.History["loss"] {
			if got := h.Values["loss"][epoch]; !(math.Abs(got-want) <= 5e-6*max(1, want)) {
				t.Errorf("%s: the loss of epoch %d is %v, Keras has %v", name, epoch, got, want)
			}
		}
		for i, p := range m.Params() {
			for j, got := range p.Value.Floats() {
				if want := c.Weights[i][j]; !(math.Abs(float64(got)-want) <= 5e-6*max(1, math.Abs(want))) {
					t.Errorf("%s: %s[%d] is %v, Keras has %v", name, p.Name, j, got, want)
				}
			}
		}
		d.Close()
	}
}

// A constraint is saved with its layer, leaves frozen layers alone, and costs no allocation in a step.
func TestConstraintsInAModel(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	m := constrainedModel(d)
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetTrainable("dense", false); err != nil {
		t.Fatal(err)
	}
	kernel := m.Weights("dense/kernel").Value.Floats()
	x, y := tensor.New(d, 4, 3, 3, 2), tensor.New(d, 4, 1)
	if _, err := m.Fit(ctx, x, y, FitOptions{Verbose: Silent}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Weights("dense/kernel").Value.Floats(), kernel) {
		t.Error("the constraint changed a frozen layer")
	}
	s := newSession(m)
	defer s.free()
	s.order(ascending(4))
	kind := stepKind{x: x, y: y, batch: 4, training: true, last: len(m.layers) - 1}
	s.run(kind, 0)
	s.run(kind, 0)
	if n := testing.AllocsPerRun(20, func() { s.run(kind, 0) }); n != 0 {
		t.Errorf("%v allocations in a step, want none", n)
	}
	loaded := reloaded(t, m)
	if c := loaded.Layers()[0].Layer.(*Conv2D).KernelConstraint; c != MaxNorm(0.75) {
		t.Errorf("the constraint is %+v, was MaxNorm(0.75)", c)
	}
	for want, c := range map[string]Constraint{
		"layer dense (Dense): the kernel's constraint has MaxNorm -1, must be from 0 to 1e+30":                         {MaxNorm: -1},
		"layer dense (Dense): the kernel's constraint has several of MaxNorm, UnitNorm and NonNegative, must have one": {UnitNorm: true, NonNegative: true},
	} {
		err := NewSequential(d, nil, &Dense{Units: 1, KernelConstraint: c, InputShape: []int{1}}).Build()
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
