package autograd_test

import (
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A parameter may get another tensor as its value, or as its gradient. A graph that was
// captured before works on the old memory, so the step is captured again.
func TestReplayFollowsNewMemory(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		_, captures := d.(kernels.Capturer)
		tape := autograd.NewTape(d)
		defer tape.Free()
		x := param(d, []float32{1, 2})
		loss := tape.Sum(tape.Mul(x, x), 0, 0)
		tape.Backward(loss)
		replay := func(what string, values []float32) {
			t.Helper()
			want := values[0]*values[0] + values[1]*values[1]
			for i := range 3 { // first as usual, then by a new graph
				tape.Replay()
				if got := loss.Value.Item(); got != want {
					t.Errorf("%s, replay %d: the loss is %v, want %v", what, i, got, want)
				}
				near(t, what+": the gradient", x.Grad.Floats(), []float32{2 * values[0], 2 * values[1]}, 0)
			}
			if captured, err := tape.Captured(); captured != captures || err != nil {
				t.Errorf("%s: the step is captured: %v (error %v), want %v", what, captured, err, captures)
			}
		}
		replay("recorded", []float32{1, 2})
		x.Value = array(d, []float32{3, -5})
		replay("another value", []float32{3, -5})
		before := x.Grad
		x.Grad = array(d, []float32{77, 77})
		replay("another gradient", []float32{3, -5})
		tensor.Set(x.Value, []float32{4, 1})
		tape.Replay()
		near(t, "the gradient that was replaced", before.Floats(), []float32{6, -10}, 0)
	})
}
