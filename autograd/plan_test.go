package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// A step says which values its backward rule reads. What none reads is poisoned
// here before the backward pass: the gradients must be the same bits as on a tape
// whose memory is not shared.
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
					// The operation's inputs are outputs themselves: parameters share nothing.
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

// A convolutional network's gradients lie where other gradients and the pooled
// convolution's output were.
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
		// Of the second convolution (2·6·6·8 floats) in place of its output, of the first
		// (2·7·7·4) in a block that later gradients lie in too, of the kept one apart, and
		// so of the loss (1), which is written once for all replays.
		if want := 4 * (2*7*7*4 + 2*72 + 1); planned > want || apart < planned+4*2*6*6*8 {
			t.Errorf("%d bytes for gradients that take %d apart, want at most %d", planned, apart, want)
		}
	})
}

func TestShareMemoryComesFirst(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	tape.ReLU(param(d, []float32{1}))
	mistake(t, "share memory: the tape has 1 steps already", tape.ShareMemory)
}
