package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// A step says which values its backward rule reads. Here all others are poisoned before the
// backward pass. The gradients must have the same bits as on a tape whose memory is not
// shared.
func TestSharedMemoryGivesTheSameGradients(t *testing.T) {
	d := reference.New()
	poisoned := 0
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			run := func(share bool) (grads [][]float32) {
				tape := autograd.NewTape(d)
				defer tape.Free()
				if share {
					tape.ShareMemory()
				}
				var x, in []*Var
				for i, shape := range c.shape {
					p := autograd.NewParam(tensor.From(d, c.make(uint64(i+1), tensor.Size(shape)), shape...))
					// Make the operation's inputs outputs themselves, because parameters share nothing.
					x, in = append(x, p), append(in, tape.Affine(tape.Affine(p, 2, 0), .5, 0))
				}
				y := c.f(tape, in)
				loss := weighted(tape, tape.Sigmoid(tape.Sigmoid(y)), spread(7, y.Value.Len()))
				tape.Backward(loss)
				for range 2 {
					tape.Forward()
					if share {
						poisoned += tape.Poison()
					}
					tape.Backward(loss)
				}
				for _, p := range x {
					grads = append(grads, p.Grad.Floats())
				}
				return grads
			}
			apart, shared := run(false), run(true)
			for i := range apart {
				if !slices.Equal(apart[i], shared[i]) {
					t.Errorf("the gradient of input %d is %v with shared memory, %v without", i, shared[i], apart[i])
				}
			}
		})
	}
	if poisoned == 0 {
		t.Error("no value was poisoned: the test shows nothing")
	}
}

// A convolutional network's gradients use the memory of other gradients and of the
// pooled convolution's output.
func TestSharedMemoryIsSmaller(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		run := func(share bool) (dw []float32, kept [2][]float32, planned, apart int) {
			tape := autograd.NewTape(d)
			defer tape.Free()
			if share {
				tape.ShareMemory()
			}
			x := constant(d, spread(1, 2*9*9), 2, 9, 9, 1)
			w1, w2 := param(d, spread(2, 3*3*4), 3, 3, 1, 4), param(d, spread(3, 2*2*4*8), 2, 2, 4, 8)
			w3 := param(d, spread(4, 72*3), 72, 3)
			c1 := tape.Conv2D(x, w1, nil, autograd.Window{ReLU: true})
			pooled := tape.MaxPool(tape.Conv2D(c1, w2, nil, autograd.Window{}), [2]int{2, 2}, autograd.Window{})
			flat := tape.Reshape(pooled, 2, 72)
			tape.Keep(flat)
			rows, _ := tape.SoftmaxCrossEntropy(tape.Dense(flat, w3, nil, false), constant(d, []int32{1, 2}))
			tape.Backward(tape.Mean(rows, 0, 0))
			tape.Replay()
			planned, apart = tape.SharedBytes()
			return w1.Grad.Floats(), [2][]float32{pooled.Value.Floats(), flat.Grad.Floats()}, planned, apart
		}
		dw, kept, _, _ := run(false)
		dw2, kept2, planned, apart := run(true)
		if !slices.Equal(dw, dw2) {
			t.Error("the first filter's gradient is another one with shared memory")
		}
		for i, what := range []string{"value", "gradient"} {
			if !slices.Equal(kept[i], kept2[i]) {
				t.Errorf("the %s that was to be kept is %v, want %v", what, kept2[i], kept[i])
			}
		}
		// The second convolution's gradient (2·6·6·8 floats) uses the memory of its output, the
		// first's (2·7·7·4) a block that later gradients share. The kept one has its own memory,
		// and so has the loss's (1), which is written once for all replays.
		if want := 4 * (2*7*7*4 + 2*72 + 1); planned > want || apart < planned+4*2*6*6*8 {
			t.Errorf("%d bytes for gradients that take %d apart, want at most %d", planned, apart, want)
		}
	})
}

// The gradients of a chain of elementwise operations share one place, except for that of a
// variable that is kept, or that has received a share of its gradient before. They have the
// same bits as on a tape whose memory is not shared.
func TestGradientsInPlace(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		// run returns the gradients of the parameters and the chain's variables, the last first.
		run := func(share bool, kept, fork int) (grads [][]float32, chain []*Var) {
			tape := autograd.NewTape(d)
			defer tape.Free()
			if share {
				tape.ShareMemory()
			}
			const n = 12
			w, w2 := param(d, spread(1, n*n), n, n), param(d, spread(2, n*n), n, n)
			x := tape.MatMul(constant(d, spread(3, n*n), n, n), w)
			chain = []*Var{x}
			for _, f := range []func(x *Var) *Var{
				tape.Tanh, tape.ReLU, func(x *Var) *Var { return tape.Affine(x, 0.5, 1) }, tape.Log,
				func(x *Var) *Var {
					return tape.Dropout(x, constant(d, []int32{3}), kernels.DropoutSpec{Rate: 0.25, Seed: 5})
				},
				tape.Exp, tape.Sigmoid,
			} {
				chain = append(chain, f(chain[len(chain)-1]))
			}
			slices.Reverse(chain)
			if kept >= 0 {
				tape.Keep(chain[kept])
			}
			y := tape.MatMul(chain[0], w2)
			if fork >= 0 { // recorded last, so that its share of the gradient comes first
				y = tape.Add(y, tape.MatMul(chain[fork], w2))
			}
			loss := weighted(tape, y, spread(4, n*n))
			tape.Backward(loss)
			tape.Replay()
			grads = [][]float32{w.Grad.Floats(), w2.Grad.Floats()}
			if kept >= 0 {
				grads = append(grads, chain[kept].Grad.Floats())
			}
			return grads, slices.Clone(chain)
		}
		length := 8
		for kept := -1; kept < length; kept++ {
			for fork := -1; fork < length; fork++ {
				want, _ := run(false, kept, fork)
				got, chain := run(true, kept, fork)
				for i := range want {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("%d kept, %d used twice: gradient %d is %v, want %v", kept, fork, i, got[i], want[i])
					}
				}
				for i := 1; i < len(chain); i++ {
					together := chain[i].Grad.Buffer() == chain[i-1].Grad.Buffer()
					if apart := kept == i || kept == i-1 || fork == i; together == apart {
						t.Errorf("%d kept, %d used twice: gradients %d and %d lie together: %v", kept, fork, i-1, i, together)
					}
				}
			}
		}
	})
}

// Gradients of intermediate results get their memory from the plan, and recording allocates
// none for them: it would be memory that nothing uses and nothing frees.
func TestSharedMemoryIsPlannedOnce(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	tape.ShareMemory()
	w := param(d, spread(1, 6), 2, 3)
	x := tape.Tanh(w)
	y := tape.Add(tape.Sigmoid(x), x)
	loss := tape.Sum(y, 0, -1)
	for i, v := range []*Var{x, y, loss} {
		if v.Grad != nil {
			t.Errorf("variable %d of shape %v has a gradient before Backward, want none", i, v.Shape())
		}
	}
	if w.Grad == nil {
		t.Error("the parameter has no gradient")
	}
	tape.Backward(loss)
	for i, v := range []*Var{x, y, loss} {
		if v.Grad == nil {
			t.Errorf("variable %d of shape %v has no gradient after Backward", i, v.Shape())
		}
	}
}

func TestShareMemoryComesFirst(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	tape.ReLU(param(d, []float32{1}))
	mistake(t, "share memory: the tape has 1 steps already", tape.ShareMemory)
}

// Each loss of a tape has its own gradients: memory is shared anew where another is gone back from.
func TestSharedMemoryOfTwoLosses(t *testing.T) {
	d := reference.New()
	run := func(share bool) (grads [][]float32) {
		tape := autograd.NewTape(d)
		defer tape.Free()
		if share {
			tape.ShareMemory()
		}
		p, q := param(d, spread(1, 12), 4, 3), param(d, spread(2, 6), 3, 2)
		y := tape.Tanh(tape.MatMul(p, q))
		first := tape.Sum(tape.Reshape(tape.Sigmoid(y), -1), 0, 0)
		second := tape.Sum(tape.Reshape(tape.Mul(tape.Exp(y), tape.Affine(y, 2, 1)), -1), 0, 0)
		for _, loss := range []*Var{first, second, first} {
			tape.Forward()
			tape.Backward(loss)
			grads = append(grads, p.Grad.Floats(), q.Grad.Floats())
		}
		return grads
	}
	want, got := run(false), run(true)
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("gradient %d is %v with shared memory, %v without", i, got[i], want[i])
		}
	}
}
