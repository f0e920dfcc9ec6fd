package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
)

// Going back from the mean of losses gives the gradients that recording the mean and
// going back from it does, bit for bit, replay after replay: also where the losses
// are what a fused ReLU gave, whose gradient is masked in its place.
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
