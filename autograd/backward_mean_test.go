package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// BackwardMean gives the same gradients, bit for bit, as recording the mean and calling
// Backward, in every replay. This also holds if the losses are the output of a fused
// ReLU, whose gradient is masked in place.
func TestBackwardMean(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		for _, relu := range []bool{false, true} {
			for _, reshaped := range []bool{false, true} {
				for _, shared := range []bool{false, true} {
					run := func(recorded bool) (grads [][]float32) {
						tape := autograd.NewTape(d)
						defer tape.Free()
						if shared {
							tape.ShareMemory()
						}
						x, w := constant(d, spread(1, 6*5), 6, 5), param(d, spread(2, 5*3), 5, 3)
						losses := tape.Dense(x, w, nil, relu)
						if reshaped {
							losses = tape.Reshape(losses, 18)
						}
						if recorded {
							tape.Backward(tape.Mean(tape.Reshape(losses, 18), 0, 0))
						} else {
							tape.BackwardMean(losses)
						}
						for range 3 {
							grads = append(grads, w.Grad.Floats())
							tape.Replay()
						}
						return append(grads, w.Grad.Floats())
					}
					want, got := run(true), run(false)
					for i := range want {
						if !slices.Equal(got[i], want[i]) || !slices.Equal(got[i], got[0]) {
							t.Errorf("ReLU %v, reshaped %v, shared %v: replay %d gave %v, want %v", relu, reshaped, shared, i, got[i], want[i])
						}
					}
				}
			}
		}
	})
}

// A ReLU fused into the operation that computes the loss changes the loss's gradient in
// place, so each pass must set it again.
func TestBackwardFromAFusedReLU(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		for i := range 4 {
			shared, viewed := i%2 == 1, i/2 == 1
			tape := autograd.NewTape(d)
			if shared {
				tape.ShareMemory()
			}
			x, w := constant(d, []float32{2, 3}, 1, 2), param(d, []float32{-1, -1}, 2, 1)
			loss := tape.Dense(x, w, nil, true)
			if viewed {
				loss = tape.Reshape(loss, 1)
			}
			tape.Backward(loss)
			near(t, "dw where the ReLU lets nothing through", w.Grad.Floats(), []float32{0, 0}, 0)
			tensor.Set(w.Value, []float32{1, 1})
			tape.Replay()
			near(t, "dw where it does", w.Grad.Floats(), []float32{2, 3}, 0)
			tape.Free()
		}
	})
}
