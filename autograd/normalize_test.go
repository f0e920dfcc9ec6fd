package autograd_test

import (
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// By hand: the columns have the means 2 and −1 and the variances 1 and 4. With dy = 1, 0, 0, 0
// in each column, the formula gives dbeta = 1, dgamma = n₀, and
// dx = gamma·i·(dy − 1/4 − n·n₀/4) for n = −1, 1, 1, −1 and 1, −1, 1, −1.
func TestBatchNorm(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		x := autograd.NewParam(tensor.From(d, []float32{1, 1, 3, -3, 3, 1, 1, -3}, 2, 2, 2))
		gamma, beta := autograd.NewParam(tensor.From(d, []float32{2, 3}, 2)), autograd.NewParam(tensor.From(d, []float32{0.5, -1}, 2))
		y, mean, variance := tape.BatchNorm(x, gamma, beta, 0)
		near(t, "y", y.Value.Floats(), []float32{-1.5, 2, 2.5, -4, 2.5, 2, -1.5, -4}, 1e-6)
		near(t, "mean", mean.Value.Floats(), []float32{2, -1}, 1e-6)
		near(t, "variance", variance.Value.Floats(), []float32{1, 4}, 1e-6)
		first := autograd.NewConst(tensor.From(d, []float32{1, 1, 0, 0, 0, 0, 0, 0}, 2, 2, 2))
		tape.Backward(tape.Sum(tape.Reshape(tape.Mul(y, first), -1), 0, 0))
		near(t, "dbeta", beta.Grad.Floats(), []float32{1, 1}, 1e-6)
		near(t, "dgamma", gamma.Grad.Floats(), []float32{-1, 1}, 1e-6)
		near(t, "dx", x.Grad.Floats(), []float32{1, 0.75, 0, 0, 0, -0.75, -1, 0}, 1e-6)
	})
}

// By hand: the rows have the means 2 and −1 and the variances 1 and 4, so n is −1, 1, 1, −1 and
// 1, −1, 1, −1. With dy = 1, 0, 0, 0 in the first row and 0 in the second, dbeta is dy's first row,
// dgamma is dy·n₀, and in the first row dx = i·gamma₀·(dy − 1/4 − n·n₀/4) with gamma₀ = 2, i = 1.
func TestLayerNorm(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		defer tape.Free()
		x := autograd.NewParam(tensor.From(d, []float32{1, 3, 3, 1, 1, -3, 1, -3}, 2, 1, 4))
		gamma, beta := autograd.NewParam(tensor.From(d, []float32{2, 3, 1, 1}, 4)), autograd.NewParam(tensor.From(d, []float32{0.5, -1, 0, 2}, 4))
		y := tape.LayerNorm(x, gamma, beta, 0)
		near(t, "y", y.Value.Floats(), []float32{-1.5, 2, 1, 1, 2.5, -4, 1, 1}, 1e-6)
		first := autograd.NewConst(tensor.From(d, []float32{1, 0, 0, 0, 0, 0, 0, 0}, 2, 1, 4))
		tape.Backward(tape.Sum(tape.Reshape(tape.Mul(y, first), -1), 0, 0))
		near(t, "dbeta", beta.Grad.Floats(), []float32{1, 0, 0, 0}, 1e-6)
		near(t, "dgamma", gamma.Grad.Floats(), []float32{-1, 0, 0, 0}, 1e-6)
		near(t, "dx", x.Grad.Floats(), []float32{1, 0, 0, -1, 0, 0, 0, 0}, 1e-6)
	})
}

// By hand: the columns have the means 2 and −1 and the variances 1 and 4. The variance divides
// by the number of values, not by one less.
func TestNormalize(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		x := autograd.NewParam(tensor.From(d, []float32{1, 1, 3, -3, 3, 1, 1, -3}, 4, 2))
		y, mean, variance := tape.Normalize(x, 0, 0, 0)
		near(t, "y", y.Value.Floats(), []float32{-1, 1, 1, -1, 1, 1, -1, -1}, 1e-6)
		near(t, "mean", mean.Value.Floats(), []float32{2, -1}, 1e-6)
		near(t, "variance", variance.Value.Floats(), []float32{1, 4}, 1e-6)
		y, mean, variance = tape.Normalize(autograd.NewConst(tensor.From(d, []float32{0, 3, 6}, 1, 3)), 1, 1, 3)
		near(t, "y of a row", y.Value.Floats(), []float32{-1, 0, 1}, 1e-6)
		near(t, "mean of a row", mean.Value.Floats(), []float32{3}, 1e-6)
		near(t, "variance of a row", variance.Value.Floats(), []float32{6}, 1e-6)
		// A column of equal values can't be normalized: y is 0, and so is its gradient.
		flat := autograd.NewParam(tensor.From(d, []float32{5, 5, 5, 5}, 4, 1))
		y, _, _ = tape.Normalize(flat, 0, 0, 1e-3)
		near(t, "y of equal values", y.Value.Floats(), []float32{0, 0, 0, 0}, 0)
		z := tape.ScaleShift(y, autograd.NewConst(tensor.From(d, []float32{2}, 1)), autograd.NewConst(tensor.From(d, []float32{3}, 1)))
		near(t, "z", z.Value.Floats(), []float32{3, 3, 3, 3}, 0)
		tape.Backward(tape.Sum(tape.Reshape(z, -1), 0, 0))
		near(t, "dx of equal values", flat.Grad.Floats(), []float32{0, 0, 0, 0}, 1e-6)
	})
}
