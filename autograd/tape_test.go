package autograd_test

import (
	"math"
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// A step whose value does not enter the loss contributes no gradient, even if an earlier
// pass left one there.
func TestOnlyTheLossCounts(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		defer tape.Free()
		x, w := param(d, []float32{1, 2}), param(d, []float32{3, 4})
		aside := tape.Exp(tape.Mul(x, w))
		first := tape.Sum(aside, 0, 0)
		second := tape.Sum(tape.Mul(x, x), 0, 0)

		tape.Backward(first)
		if !tape.HasGrad(aside) || !tape.HasGrad(w) || !tape.HasGrad(x) || !tape.HasGrad(first) || tape.HasGrad(second) {
			t.Error("the first loss depends on x, w and the exponential, and not on the second loss")
		}
		near(t, "∂first/∂w", w.Grad.Floats(), []float32{float32(math.Exp(3)), 2 * float32(math.Exp(8))}, 2e-6)

		tape.Backward(second)
		if tape.HasGrad(aside) || tape.HasGrad(w) || tape.HasGrad(first) {
			t.Error("the second loss depends on neither w, nor the exponential, nor the first loss")
		}
		near(t, "∂second/∂x", x.Grad.Floats(), []float32{2, 4}, 0)
	})
}

func TestHasGradBeforeBackward(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	x := param(d, []float32{1, 2})
	y := tape.ReLU(x)
	if tape.HasGrad(x) || tape.HasGrad(y) {
		t.Error("HasGrad is true before Backward")
	}
}

func TestForwardTape(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		x := param(d, []float32{1, -2})
		trained := autograd.NewTape(d)
		trained.Backward(trained.Sum(trained.Mul(x, x), 0, 0))
		tape := autograd.NewForwardTape(d)
		y := tape.Reshape(tape.ReLU(tape.Reshape(x, 2, 1)), 2)
		loss := tape.Sum(y, 0, 0)
		if y.Grad != nil || loss.Grad != nil || y.Trainable() {
			t.Error("a forward tape made room for gradients")
		}
		near(t, "y", y.Value.Floats(), []float32{1, 0}, 0)
		tensor.Set(x.Value, []float32{-3, 4})
		tape.Forward()
		near(t, "y again", y.Value.Floats(), []float32{0, 4}, 0)
		mistake(t, "backward: this is a forward tape, which keeps nothing for gradients", func() { tape.Backward(loss) })
		near(t, "the other tape's gradient", x.Grad.Floats(), []float32{2, -4}, 0)
	})
}

// A frozen parameter gets no gradient, and nothing needed only for it is computed.
func TestFrozen(t *testing.T) {
	d := reference.New()
	a, b := param(d, []float32{2}), param(d, []float32{5})
	before := autograd.NewTape(d)
	before.Backward(before.Sum(before.Mul(a, b), 0, 0))
	near(t, "∂ab/∂b", b.Grad.Floats(), []float32{2}, 0)

	b.SetTrainable(false)
	frozen := autograd.NewTape(d)
	frozen.Backward(frozen.Sum(frozen.Mul(a, frozen.Exp(frozen.Reshape(b, 1))), 0, 0))
	if frozen.HasGrad(b) || !frozen.HasGrad(a) {
		t.Error("a has a gradient, the frozen b has none")
	}
	near(t, "b's old gradient", b.Grad.Floats(), []float32{2}, 0)

	// Tapes do not change after they were recorded.
	tensor.Set(a.Value, []float32{7})
	before.Replay()
	if !before.HasGrad(b) {
		t.Error("the tape recorded before b was frozen computes its gradient no more")
	}
	near(t, "∂ab/∂b", b.Grad.Floats(), []float32{7}, 0)
	b.SetTrainable(true)
	frozen.Replay()
	if frozen.HasGrad(b) {
		t.Error("the tape recorded while b was frozen computes its gradient")
	}
	mistake(t, "backward: the loss depends on nothing that wants a gradient", func() {
		tape := autograd.NewTape(d)
		b.SetTrainable(false)
		tape.Backward(tape.Sum(tape.Exp(b), 0, 0))
	})
}

// Freezing the only input of a value must not leave its backward rule without a place
// to write to.
func TestFreezeAfterRecording(t *testing.T) {
	d := reference.New()
	x := param(d, []float32{1, -1})
	tape := autograd.NewTape(d)
	tape.Backward(tape.Sum(tape.ReLU(x), 0, 0))
	x.SetTrainable(false)
	tensor.Set(x.Value, []float32{-1, 1})
	tape.Replay()
	near(t, "dx", x.Grad.Floats(), []float32{0, 1}, 0)
}

func TestStepsAndAfter(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	x := param(d, []float32{1, 2})
	var order []string
	tape.Do("fill", func() { order = append(order, "fill") })
	y := tape.Sum(tape.Mul(x, tape.Reshape(x, 2)), 0, 0)
	tape.After(func() { order = append(order, "after") })
	if got, want := tape.Steps(), []string{"fill", "mul", "sum"}; !slices.Equal(got, want) {
		t.Errorf("the steps are %v, want %v: a reshape is none", got, want)
	}
	tape.Backward(y)
	if want := []string{"fill"}; !slices.Equal(order, want) {
		t.Errorf("after recording and Backward %v ran, want %v", order, want)
	}
	tape.RunAfter()
	tape.Replay()
	if want := []string{"fill", "after", "fill", "after"}; !slices.Equal(order, want) {
		t.Errorf("after RunAfter and Replay %v ran, want %v", order, want)
	}

	// A step that fails is not kept.
	mistake(t, "matmul: [2] × [2]: both must have two axes", func() { tape.MatMul(x, x) })
	mistake(t, "want this", func() { tape.Do("fails", func() { kernels.Panicf("fails", "want this") }) })
	tape.Replay()
	if got := len(tape.Steps()); got != 3 {
		t.Errorf("there are %d steps after two that failed, want 3", got)
	}
}

func TestFree(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	x := param(d, []float32{1, 2})
	y := tape.Exp(x)
	tape.Backward(tape.Sum(y, 0, 0))
	tape.Free()
	mistake(t, "was used after it was freed", func() { y.Value.Floats() })
	mistake(t, "replay: no Backward was run on this tape", func() { tape.Replay() })
	near(t, "a parameter outlives its tape", x.Value.Floats(), []float32{1, 2}, 0)
	// A freed tape is empty and can be used again.
	tape.Backward(tape.Sum(tape.Mul(x, x), 0, 0))
	near(t, "dx", x.Grad.Floats(), []float32{2, 4}, 0)
}
