package autograd_test

import (
	"math"
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// Two images of 1×2 pixels with two channels, padded by 1 row above, 2 below, 3 columns on the right:
// the numbers are copied bit for bit, a NaN and an infinity among them, and each gets its own gradient.
func TestZeroPad(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		nan, inf := float32(math.NaN()), float32(math.Inf(-1))
		tape := autograd.NewTape(d)
		defer tape.Free()
		x := autograd.NewParam(tensor.From(d, []float32{.1, 2, .3, inf, 5, nan, 7, 8}, 2, 1, 2, 2))
		y := tape.ZeroPad(x, [2][2]int{{1, 2}, {0, 3}})
		if want := []int{2, 4, 5, 2}; !slices.Equal(y.Shape(), want) {
			t.Errorf("the shape is %v, want %v", y.Shape(), want)
		}
		want, weights := make([]float32, 80), make([]float32, 80)
		copy(want[10:], []float32{.1, 2, .3, inf})
		copy(want[50:], []float32{5, nan, 7, 8})
		for i, got := range y.Value.Floats() {
			weights[i] = float32(i + 1)
			if math.Float32bits(got) != math.Float32bits(want[i]) {
				t.Errorf("element %d is %v, want %v", i, got, want[i])
			}
		}
		tape.Backward(tape.Sum(tape.Reshape(tape.Mul(y, autograd.NewConst(tensor.From(d, weights, 2, 4, 5, 2))), -1), 0, 0))
		near(t, "dx", x.Grad.Floats(), []float32{11, 12, 13, 14, 51, 52, 53, 54}, 0)

		same := tape.ZeroPad(x, [2][2]int{})
		near(t, "without padding", same.Value.Slice(0, 1).Floats()[:3], []float32{.1, 2, .3}, 0)
		none := tape.ZeroPad(autograd.NewConst(tensor.New(d, 0, 1, 2, 2)), [2][2]int{{1, 1}, {1, 1}})
		if want := []int{0, 3, 4, 2}; !slices.Equal(none.Shape(), want) {
			t.Errorf("no images give %v, want %v", none.Shape(), want)
		}
	})
	of := func(shape ...int) *Var { return autograd.NewParam(tensor.New(reference.New(), shape...)) }
	tape := autograd.NewTape(reference.New())
	mistake(t, "zero-pad: images [2 3], padding [[1 1] [1 1]]: expected [N H W C], and at least 0 on each side",
		func() { tape.ZeroPad(of(2, 3), [2][2]int{{1, 1}, {1, 1}}) })
	mistake(t, "zero-pad: images [1 2 3 1], padding [[0 0] [0 -1]]: expected", func() { tape.ZeroPad(of(1, 2, 3, 1), [2][2]int{{}, {0, -1}}) })
}
