package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// goingOn is a device that fuses the pooled convolution's gradient with the ReLU below, and counts that.
type goingOn struct {
	kernels.Device
	done int
}

func (d *goingOn) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) bool {
	d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, kernels.Overwrite, mw, mb)
	d.BiasReLUGrad(dx, dbelow, dx, x, s.Conv.N*s.Conv.H*s.Conv.W, s.Conv.C, mbelow)
	d.done++
	return true
}

// The ReLU below is fused if the pooled convolution is the only operation that reads its
// output. Fused or not, all gradients are the same.
func TestGradientGoesOnBehindReLU(t *testing.T) {
	relu := autograd.Window{ReLU: true}
	pool := func(t *Tape, x *Var, p []*Var) *Var {
		return t.Conv2DReLUMaxPool(x, p[2], p[3], autograd.Window{}, [2]int{2, 2}, autograd.Window{})
	}
	sum := func(t *Tape, x *Var) *Var { return t.Sum(t.Reshape(t.Tanh(x), -1), 0, 0) }
	for _, c := range []struct {
		name string
		// loss is computed from images x and the parameters: filters and a bias for each of two layers.
		loss func(t *Tape, x *Var, p []*Var) *Var
		want int // fused gradients in one backward pass
	}{
		{"Conv2D with ReLU", func(t *Tape, x *Var, p []*Var) *Var {
			return sum(t, pool(t, t.Conv2D(x, p[0], p[1], relu), p))
		}, 1},
		{"without a bias", func(t *Tape, x *Var, p []*Var) *Var {
			return sum(t, pool(t, t.Conv2D(x, p[0], nil, relu), p))
		}, 1},
		{"the bias frozen", func(t *Tape, x *Var, p []*Var) *Var {
			p[1].SetTrainable(false)
			return sum(t, pool(t, t.Conv2D(x, p[0], p[1], relu), p))
		}, 1},
		{"the bias in the loss as well", func(t *Tape, x *Var, p []*Var) *Var {
			return t.Add(sum(t, pool(t, t.Conv2D(x, p[0], p[1], relu), p)), sum(t, p[1]))
		}, 1},
		{"one bias for two layers, one of which another reads", func(t *Tape, x *Var, p []*Var) *Var {
			below := t.Conv2D(x, p[0], p[1], relu)
			beside := t.Conv2D(t.Affine(x, 0.5, 0), p[0], p[1], relu)
			return t.Add(sum(t, pool(t, below, p)), t.Add(sum(t, pool(t, beside, p)), sum(t, beside)))
		}, 1},
		{"a computed bias", func(t *Tape, x *Var, p []*Var) *Var {
			return sum(t, pool(t, t.Conv2D(x, p[0], t.Affine(p[1], 2, 0.1), relu), p))
		}, 0},
		{"without a ReLU", func(t *Tape, x *Var, p []*Var) *Var {
			return sum(t, pool(t, t.Conv2D(x, p[0], p[1], autograd.Window{}), p))
		}, 0},
		{"a ReLU of its own", func(t *Tape, x *Var, p []*Var) *Var {
			return sum(t, pool(t, t.ReLU(t.Conv2D(x, p[0], p[1], autograd.Window{})), p))
		}, 0},
		{"images", func(t *Tape, x *Var, p []*Var) *Var {
			return sum(t, t.Conv2DReLUMaxPool(x, p[0], p[1], autograd.Window{}, [2]int{2, 2}, autograd.Window{}))
		}, 0},
		{"another reader, recorded later", func(t *Tape, x *Var, p []*Var) *Var {
			below := t.Conv2D(x, p[0], p[1], relu)
			pooled := sum(t, pool(t, below, p))
			return t.Add(pooled, sum(t, below))
		}, 0},
		{"another reader, recorded before", func(t *Tape, x *Var, p []*Var) *Var {
			below := t.Conv2D(x, p[0], p[1], relu)
			other := sum(t, below)
			return t.Add(other, sum(t, pool(t, below, p)))
		}, 0},
		{"another reader of a view", func(t *Tape, x *Var, p []*Var) *Var {
			below := t.Conv2D(x, p[0], p[1], relu)
			other := sum(t, t.Reshape(below, -1))
			return t.Add(other, sum(t, pool(t, below, p)))
		}, 0},
		{"two pooled convolutions", func(t *Tape, x *Var, p []*Var) *Var {
			below := t.Conv2D(x, p[0], p[1], relu)
			return t.Add(sum(t, pool(t, below, p)), sum(t, pool(t, below, p)))
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, shared := range []bool{false, true} {
				// run returns the parameters' gradients after each of three passes.
				run := func(d kernels.Device) (grads [][]float32) {
					tape := autograd.NewTape(d)
					defer tape.Free()
					if shared {
						tape.ShareMemory()
					}
					p := []*Var{
						param(d, spread(1, 108), 3, 3, 3, 4), param(d, spread(2, 4)),
						param(d, spread(3, 2*2*4*5), 2, 2, 4, 5), param(d, spread(4, 5)),
					}
					loss := c.loss(tape, constant(d, spread(5, 2*8*7*3), 2, 8, 7, 3), p)
					tape.Backward(loss)
					for pass := range 3 {
						if pass > 0 {
							tape.Replay()
						}
						for _, v := range p {
							if tape.HasGrad(v) {
								grads = append(grads, v.Grad.Floats())
							}
						}
					}
					return grads
				}
				d := &goingOn{Device: reference.New()}
				want, got := run(reference.New()), run(d)
				if !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
					t.Errorf("memory shared %v: the gradients are %v, want %v", shared, got, want)
				}
				if d.done != 3*c.want {
					t.Errorf("memory shared %v: the gradient went on behind the ReLU %d times in 3 passes, want %d", shared, d.done, 3*c.want)
				}
			}
		})
	}
}
