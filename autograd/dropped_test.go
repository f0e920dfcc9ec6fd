package autograd_test

import (
	"fmt"
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// careless is a device that stores garbage where a product need not be computed, and counts
// such products.
type careless struct {
	kernels.Device
	sampled int
}

func (d *careless) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	d.Device.SampledMatMul(c, a, b, gate, s)
	for i, v := range kernels.Floats(gate) {
		if !(v > 0) {
			kernels.Floats(c)[i] = 12345
		}
	}
	d.sampled++
}

// Where a ReLU drops the gradient of a product's operand, garbage in it must not reach any
// parameter or any gradient that is kept. If one is kept, or no ReLU drops it, the device must
// compute the whole product.
func TestGradientsThatAReLUDrops(t *testing.T) {
	// What comes before the dense layer; its input is the last variable of the chain.
	type chain func(t *Tape, p []*Var) []*Var
	on := func(before chain, f func(t *Tape, x *Var) *Var) chain {
		return func(t *Tape, p []*Var) []*Var {
			vars := before(t, p)
			return append(vars, f(t, vars[len(vars)-1]))
		}
	}
	images := func(t *Tape, p []*Var) []*Var { return []*Var{t.Affine(p[0], 1, 0)} }
	conv := func(relu bool) chain {
		return func(t *Tape, p []*Var) []*Var {
			return []*Var{t.Conv2D(p[0], p[1], nil, autograd.Window{ReLU: relu})}
		}
	}
	convPool := func(t *Tape, p []*Var) []*Var {
		return []*Var{t.Conv2DReLUMaxPool(p[0], p[1], nil, autograd.Window{}, [2]int{2, 2}, autograd.Window{})}
	}
	relu := func(before chain) chain { return on(before, (*Tape).ReLU) }
	maxPool := func(before chain) chain {
		return on(before, func(t *Tape, x *Var) *Var { return t.MaxPool(x, [2]int{2, 2}, autograd.Window{}) })
	}
	avgPool := func(before chain) chain {
		return on(before, func(t *Tape, x *Var) *Var { return t.AvgPool(x, [2]int{2, 2}, autograd.Window{}) })
	}
	dropout := func(before chain) chain {
		return on(before, func(t *Tape, x *Var) *Var {
			return t.Dropout(x, constant(t.Device(), []int32{3}), kernels.DropoutSpec{Rate: 0.25, Seed: 5})
		})
	}
	transpose := func(before chain) chain {
		return on(before, func(t *Tape, x *Var) *Var { return t.Transpose(x, 0, 3, 1, 2) })
	}
	for _, c := range []struct {
		name string
		of   chain
		want bool
	}{
		{"ReLU", relu(images), true},
		{"Conv2D with ReLU", conv(true), true},
		{"Conv2DReLUMaxPool", convPool, true},
		{"MaxPool of ReLU", maxPool(relu(images)), true},
		{"MaxPool of Conv2D with ReLU", maxPool(conv(true)), true},
		{"Dropout of ReLU", dropout(relu(images)), true},
		{"Transpose of Dropout of Conv2DReLUMaxPool", transpose(dropout(convPool)), true},
		{"Dropout of MaxPool of ReLU", dropout(maxPool(relu(images))), true},
		{"ReLU of Dropout", relu(dropout(images)), true},
		{"images", images, false},
		{"Conv2D", conv(false), false},
		{"Dropout", dropout(images), false},
		{"MaxPool", maxPool(images), false},
		{"Tanh of ReLU", on(relu(images), (*Tape).Tanh), false},
		{"Affine of ReLU", on(relu(images), func(t *Tape, x *Var) *Var { return t.Affine(x, 2, 1) }), false},
		{"AvgPool of ReLU", avgPool(relu(images)), false},
		{"sum of ReLU with itself", on(relu(images), func(t *Tape, x *Var) *Var { return t.Add(x, x) }), false},
	} {
		for _, transposed := range []bool{false, true} {
			// run returns the gradients of the parameters, and of the kept variable of the chain.
			run := func(d kernels.Device, shared bool, kept int) (grads [][]float32, length int) {
				tape := autograd.NewTape(d)
				defer tape.Free()
				if shared {
					tape.ShareMemory()
				}
				p := []*Var{param(d, spread(1, 216), 2, 6, 6, 3), param(d, spread(2, 108), 3, 3, 3, 4)}
				vars := c.of(tape, p)
				flat := tape.Reshape(vars[len(vars)-1], 2, -1)
				n := flat.Value.Dim(1)
				p = append(p, param(d, spread(3, 5*n), 5, n), param(d, spread(4, 3*n), n, 3))
				if kept >= 0 {
					tape.Keep(vars[kept])
				}
				y := tape.MatMulTransposed(flat, p[2], false, true)
				if transposed {
					y = tape.Transpose(tape.MatMulTransposed(p[2], tape.Transpose(flat, 1, 0), false, false), 1, 0)
				}
				z := tape.Dense(flat, p[3], nil, false) // another consumer
				tape.Backward(tape.Add(weighted(tape, y, spread(5, 10)), weighted(tape, tape.Tanh(z), spread(6, 6))))
				tape.Replay()
				for _, v := range p {
					if tape.HasGrad(v) {
						grads = append(grads, v.Grad.Floats())
					}
				}
				if kept >= 0 {
					grads = append(grads, vars[kept].Grad.Floats())
				}
				return grads, len(vars)
			}
			_, length := run(reference.New(), false, -1)
			for kept := -1; kept < length; kept++ {
				want, _ := run(reference.New(), false, kept)
				d := &careless{Device: reference.New()}
				got, _ := run(d, true, kept)
				name := fmt.Sprintf("%s, second operand %v, kept %d", c.name, transposed, kept)
				if len(got) != len(want) {
					t.Fatalf("%s: %d gradients, want %d", name, len(got), len(want))
				}
				for i := range want {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("%s: gradient %d is %v, want %v", name, i, got[i], want[i])
					}
				}
				if sampled := d.sampled > 0; kept < 0 && sampled != c.want {
					t.Errorf("%s: %d products were sampled, want some: %v", name, d.sampled, c.want)
				}
				apart := &careless{Device: reference.New()}
				if run(apart, false, kept); apart.sampled > 0 {
					t.Errorf("%s: %d products were sampled, though every gradient can be looked at", name, apart.sampled)
				}
			}
		}
	}
}
