package autograd

import (
	"fmt"
	"math"

	"baregrad/kernels"
	"baregrad/tensor"
)

// CheckGradients compares the gradients that the tape computes for f with finite
// differences. It moves each element of each input a little up and down. The change of
// a weighted sum of f's output, divided by the distance, must equal Backward's gradient.
// It returns nil, or an error that names the input, the element and both values.
//
// f records operations on the tape and returns their result, of any shape. Inputs are
// float32. f should be smooth at the inputs: avoid the kink of a ReLU and ties of a
// maximum. float32 gives about three digits. The tolerance, 0.003·max(1, |gradient|), is
// meant for values of about 1.
func CheckGradients(d kernels.Device, f func(t *Tape, x []*Var) *Var, inputs ...*tensor.Tensor) error {
	const distance, tolerance = 1e-2, 3e-3
	t := NewTape(d)
	defer t.Free()
	x := make([]*Var, len(inputs))
	for i, input := range inputs {
		if input.Type() != kernels.Float32 {
			kernels.Panicf("check gradients", "input %d is %v, must be float32", i, input.Type())
		}
		x[i] = NewParam(input.To(d))
		defer func() {
			x[i].Value.Free()
			if x[i].Grad != nil {
				x[i].Grad.Free()
			}
		}()
	}
	y := f(t, x)
	if y.Value.Type() != kernels.Float32 {
		kernels.Panicf("check gradients", "f gives %v %v, must be float32", y.Value.Type(), y.Shape())
	}
	// All weights differ, so that a gradient at the wrong element shows.
	weights := make([]float32, y.Value.Len())
	for i := range weights {
		weights[i] = float32(0.5 + math.Mod(float64(i)*0.618, 1))
	}
	w := t.Input(y.Shape()...)
	tensor.Set(w.Value, weights)
	loss := t.Sum(t.Reshape(t.Mul(y, w), -1), 0, 0)
	if t.targets[loss] { // if not, f does not depend on any input, which is reported below
		t.Backward(loss)
	}

	value := func() (sum float64) {
		t.Forward()
		for i, v := range y.Value.Floats() {
			sum += float64(v) * float64(weights[i]) // exact
		}
		return sum
	}
	for i, v := range x {
		if !t.HasGrad(v) {
			return fmt.Errorf("input %d: no gradient reached it", i)
		}
		gradient, values := v.Grad.Floats(), v.Value.Floats()
		for j, original := range values {
			h := float32(distance * math.Max(1, math.Abs(float64(original))))
			values[j] = original + h
			up := values[j]
			tensor.Set(v.Value, values)
			above := value()
			values[j] = original - h
			down := values[j]
			tensor.Set(v.Value, values)
			below := value()
			values[j] = original
			tensor.Set(v.Value, values)
			want := (above - below) / (float64(up) - float64(down))
			got := float64(gradient[j])
			if !(math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))) {
				return fmt.Errorf("input %d of shape %v, element %d: the tape's gradient is %g, finite differences give %g",
					i, v.Shape(), j, got, want)
			}
		}
	}
	return nil
}
