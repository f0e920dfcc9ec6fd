package nn

import (
	"baregrad/autograd"
	"baregrad/kernels"
)

// Clipping limits gradients before an optimizer uses them. 0 means no limit. At most
// one limit can be set.
type Clipping struct {
	Norm       float64 // of each parameter's gradient, which is scaled down if it is longer
	Value      float64 // of the absolute value of each element
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

// record records the clipping of the params' gradients for the end of t's training step.
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
