package nn_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// panicOf returns the value that f panics with.
func panicOf(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

// The error for an unknown parameter lists those that there are. Asking before the model is
// built is an error, too.
func TestWeightsOfNoParameter(t *testing.T) {
	d := open(t, "reference")
	m := nn.NewSequential(d, nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	var shape *kernels.ShapeError
	if err, _ := panicOf(func() { m.Weights("dense/kernel") }).(error); !errors.As(err, &shape) || !strings.Contains(err.Error(), "not built") {
		t.Errorf("before Build the panic is %v", err)
	}
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	if m.Weights("dense/kernel").Value.Len() != 6 {
		t.Error("dense/kernel does not have 6 numbers")
	}
	var name *nn.NameError
	err, _ := panicOf(func() { m.Weights("dense/kernal") }).(error)
	if !errors.As(err, &name) || name.Kind != "parameter" || !slices.Equal(name.Known, []string{"dense/kernel", "dense/bias"}) {
		t.Errorf("the panic is %v", err)
	}
}

// Two devices with the same name are distinguished.
func TestForwardOnASecondDevice(t *testing.T) {
	m := nn.NewSequential(open(t, "reference"), nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	second := open(t, "reference")
	err, _ := panicOf(func() {
		tape := autograd.NewForwardTape(second)
		_, _ = m.Forward(tape, autograd.NewConst(tensor.New(second, 1, 3)), false)
	}).(error)
	if err == nil || !strings.Contains(err.Error(), "another device than the model, though both are called reference") {
		t.Errorf("the panic is %v", err)
	}
}
