package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// Dense multiplies the last axis. A ReLU after a Dense with a fused ReLU adds no step, even if
// the leading axes were merged for the product.
func TestDenseOfManyAxes(t *testing.T) {
	d := reference.New()
	for _, shape := range [][]int{{4, 2}, {2, 2, 2}, {1, 2, 2, 2}} {
		tape := autograd.NewTape(d)
		x, w := autograd.NewParam(tensor.From(d, []float32{1, 2, 3, 4, -1, -2, 0, 5}, shape...)), autograd.NewParam(tensor.From(d, []float32{1, 0, -1, 2, 1, 0}, 2, 3))
		y := tape.ReLU(tape.Dense(x, w, nil, true))
		if steps := tape.Steps(); len(steps) != 1 {
			t.Errorf("of %v: the steps are %v, want dense alone", shape, steps)
		}
		if want := append(slices.Clone(shape[:len(shape)-1]), 3); !slices.Equal(y.Shape(), want) {
			t.Errorf("of %v: the shape is %v, want %v", shape, y.Shape(), want)
		}
		near(t, "y", y.Value.Floats(), []float32{5, 2, 0, 11, 4, 0, 0, 0, 1, 10, 5, 0}, 0)
		tape.Backward(tape.Sum(tape.Reshape(y, -1), 0, 0))
		near(t, "dx", x.Grad.Floats(), []float32{1, 3, 1, 3, -1, 0, 1, 3}, 0)
		near(t, "dw", w.Grad.Floats(), []float32{4, 4, -1, 11, 11, -2}, 0)
	}
}
