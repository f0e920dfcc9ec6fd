package nn

import (
	"fmt"
	"math"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// Clipping holds gradients within limits before an optimizer follows them. A
// limit of 0 is none. At most one is given.
type Clipping struct {
	Norm       float64 // of each parameter's gradient: a longer one is shortened
	Value      float64 // of each element's size
	GlobalNorm float64 // of all gradients taken as one vector
}

func (c Clipping) check(optimizer string) error {
	return firstError(within(optimizer, "clip norm", c.Norm, 0, 1e30), within(optimizer, "clip value", c.Value, 0, 1e30),
		within(optimizer, "global clip norm", c.GlobalNorm, 0, 1e30), c.single(optimizer))
}

func (c Clipping) single(optimizer string) error {
	given := 0
	for _, limit := range []float64{c.Norm, c.Value, c.GlobalNorm} {
		if limit != 0 {
			given++
		}
	}
	return within(optimizer, "the number of clipping limits", float64(given), 0, 1)
}

// record puts the clipping of the params' gradients at the end of t's training step.
func (c Clipping) record(t *autograd.Tape, params []*Param) {
	d := t.Device()
	gradient := func(p *Param) kernels.Buffer { return p.Grad.Buffer() }
	switch {
	case c.Value != 0:
		for _, p := range params {
			t.After(func() { d.ClipByValue(gradient(p), float32(c.Value)) })
		}
	case c.Norm != 0:
		total := t.Input(1).Value.Buffer()
		for _, p := range params {
			t.After(func() {
				d.Fill(total, 0)
				d.AddSquares(total, gradient(p))
				d.ClipByNorm(gradient(p), total, float32(c.Norm))
			})
		}
	case c.GlobalNorm != 0:
		total := t.Input(1).Value.Buffer()
		t.After(func() {
			d.Fill(total, 0)
			for _, p := range params {
				d.AddSquares(total, gradient(p))
			}
			for _, p := range params {
				d.ClipByNorm(gradient(p), total, float32(c.GlobalNorm))
			}
		})
	}
}

// exampleWeights makes the weight of each example from those of the classes and
// of the examples, [n]; nil if there are neither.
func exampleWeights(op string, m *Sequential, labels *tensor.Tensor, classes map[int]float64, examples []float32) (*tensor.Tensor, error) {
	if classes == nil && examples == nil {
		return nil, nil
	}
	n := labels.Dim(0)
	if examples != nil && len(examples) != n {
		return nil, fmt.Errorf("%s: %d sample weights for %d examples", op, len(examples), n)
	}
	weights := make([]float32, n)
	for i := range weights {
		weights[i] = 1
	}
	if examples != nil {
		copy(weights, examples)
	}
	if classes != nil {
		of, err := classNumbers(op, labels)
		if err != nil {
			return nil, err
		}
		for i, class := range of {
			if w, ok := classes[class]; ok {
				weights[i] *= float32(w)
			}
		}
	}
	for i, w := range weights {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return nil, fmt.Errorf("%s: the weight of example %d is %v, must be a number from 0", op, i, w)
		}
	}
	return tensor.From(m.device, weights, n), nil
}

// classNumbers reads the class of each example from labels of any form.
func classNumbers(op string, labels *tensor.Tensor) ([]int, error) {
	classes := make([]int, labels.Dim(0))
	switch {
	case labels.Type() == kernels.Int32 && labels.Rank() == 1:
		for i, class := range labels.Ints() {
			classes[i] = int(class)
		}
	case labels.Rank() == 2 && labels.Dim(1) == 1:
		for i, target := range labels.Floats() {
			classes[i] = int(target)
		}
	case labels.Rank() == 2:
		values, width := labels.Floats(), labels.Dim(1)
		for i := range classes {
			best := 0
			for c, v := range values[i*width : (i+1)*width] {
				if v > values[i*width+best] {
					best = c
				}
			}
			classes[i] = best
		}
	default:
		return nil, fmt.Errorf("%s: class weights need labels of [n] or [n classes], not %v", op, labels.Shape())
	}
	return classes, nil
}
