package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// Each pixel, with two channels, is copied six times, bit for bit, and gets the sum of six
// gradients.
func TestUpSample(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		x := autograd.NewParam(tensor.From(d, []float32{.1, 2, .3, 4}, 1, 1, 2, 2))
		y := tape.UpSample(x, [2]int{3, 2})
		row := []float32{.1, 2, .1, 2, .3, 4, .3, 4}
		if want := []int{1, 3, 4, 2}; !slices.Equal(y.Shape(), want) {
			t.Errorf("the shape is %v, want %v", y.Shape(), want)
		}
		near(t, "y", y.Value.Floats(), slices.Concat(row, row, row), 0)
		weights := make([]float32, 24)
		for i := range weights {
			weights[i] = float32(i)
		}
		tape.Backward(tape.Sum(tape.Reshape(tape.Mul(y, autograd.NewConst(tensor.From(d, weights, 1, 3, 4, 2))), -1), 0, 0))
		// For the first pixel: 0, 2, 8, 10, 16, 18.
		near(t, "dx", x.Grad.Floats(), []float32{54, 60, 78, 84}, 1e-5)
	})
	of := func(shape ...int) *Var { return autograd.NewParam(tensor.New(reference.New(), shape...)) }
	tape := autograd.NewTape(reference.New())
	mistake(t, "up-sample: images [2 3], repeated 2×2 times: expected [N H W C], and at least 1×1", func() { tape.UpSample(of(2, 3), [2]int{2, 2}) })
	mistake(t, "up-sample: images [1 2 3 1], repeated 2×0 times: expected", func() { tape.UpSample(of(1, 2, 3, 1), [2]int{2, 0}) })
}
