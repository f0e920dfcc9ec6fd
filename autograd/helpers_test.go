package autograd_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

type (
	Tape = autograd.Tape
	Var  = autograd.Var
)

// onDevices runs a test on the reference device, on this machine's best CPU device, and on
// the emulator, which runs the GPU's kernels.
func onDevices(t *testing.T, test func(t *testing.T, d kernels.Device)) {
	on(t, []string{"reference", "auto", "emulator"}, test)
}

func on(t *testing.T, names []string, test func(t *testing.T, d kernels.Device)) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			d, err := auto.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			test(t, d)
		})
	}
}

// param is a trainable variable with the given shape; without a shape it has one axis.
func param(d kernels.Device, data []float32, shape ...int) *Var {
	return autograd.NewParam(array(d, data, shape...))
}

func constant[T kernels.Element](d kernels.Device, data []T, shape ...int) *Var {
	return autograd.NewConst(array(d, data, shape...))
}

func array[T kernels.Element](d kernels.Device, data []T, shape ...int) *tensor.Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return tensor.From(d, data, shape...)
}

// weighted is the weighted sum of y's elements: a loss whose gradient with respect to y is
// the weights.
func weighted(t *Tape, y *Var, weights []float32) *Var {
	y = t.Reshape(y, -1)
	return t.Sum(t.Mul(y, constant(t.Device(), weights)), 0, 0)
}

// spread returns n numbers at which no operation has a kink or a tie: multiples of 0.1
// plus 0.05, all different, in random order, around 0.
func spread(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	values := make([]float32, n)
	for i, k := range r.Perm(n) {
		values[i] = float32(k-n/2)*0.1 + 0.05
	}
	return values
}

// positive returns n different numbers from 0.5 on, in steps of 0.1, in random order.
func positive(seed uint64, n int) []float32 {
	values := spread(seed, n)
	for i := range values {
		values[i] += float32(n/2)*0.1 + 0.45
	}
	return values
}

// near fails the test unless got is within tolerance·max(1, |want|) of want. NaN never is.
func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		diff := math.Abs(float64(got[i]) - float64(want[i]))
		if !(diff <= tolerance*math.Max(1, math.Abs(float64(want[i])))) {
			t.Errorf("%s[%d] is %v, want %v (all: %v, want %v)", what, i, got[i], want[i], got, want)
			return
		}
	}
}

// mistake fails the test unless do panics with a *kernels.ShapeError that contains want.
func mistake(t *testing.T, want string, do func()) {
	t.Helper()
	defer func() {
		t.Helper()
		got := recover()
		err, ok := got.(error)
		var shape *kernels.ShapeError
		switch {
		case !ok || !errors.As(err, &shape):
			t.Errorf("expected a panic with a *kernels.ShapeError that says %q, got %v", want, got)
		case !strings.Contains(shape.Error(), want):
			t.Errorf("the panic says %q, want %q", shape.Error(), want)
		}
	}()
	do()
}
