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

// Gradients are those of the last pass; they do not add up from pass to pass.
func TestReplayStartsAfresh(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		defer tape.Free()
		x := param(d, []float32{3})
		loss := tape.Sum(tape.Mul(x, x), 0, 0)
		tape.Backward(loss)
		for i, v := range []float32{3, -5, 0.5} {
			tensor.Set(x.Value, []float32{v})
			tape.Replay()
			if got := loss.Value.Item(); got != v*v {
				t.Errorf("replay %d: the loss is %v, want %v", i, got, v*v)
			}
			if got := x.Grad.Item(); got != 2*v {
				t.Errorf("replay %d: the gradient is %v, want %v", i, got, 2*v)
			}
		}
	})
}

// A net is a training step of a small network with every kind of step: it
// gathers a batch, has convolution, pooling, dropout and dense layers, and
// trains with Adam.
type net struct {
	tape         *Tape
	cursor, step *Var // where the batch starts, and the number of the training step
	loss         *Var
}

// weights are a network's parameters and Adam's two moments for each.
type weights struct {
	params  []*Var
	moments [][2]*tensor.Tensor
}

func newWeights(d kernels.Device) weights {
	w := weights{params: []*Var{
		param(d, spread(1, 36), 3, 3, 1, 4), param(d, spread(2, 4)),
		param(d, scaled(spread(3, 36*5), .1), 36, 5), param(d, spread(4, 5)),
		param(d, spread(5, 15), 5, 3),
	}}
	for _, p := range w.params {
		w.moments = append(w.moments, [2]*tensor.Tensor{tensor.New(d, p.Shape()...), tensor.New(d, p.Shape()...)})
	}
	return w
}

// record runs training step number step, on the rows from number step on, and
// keeps it.
func record(d kernels.Device, w weights, rows, step int) *net {
	const size, images = 6, 16
	t := autograd.NewTape(d)
	n := &net{tape: t, cursor: constant(d, []int32{int32(step)}), step: constant(d, []int32{int32(step)})}
	pixels, classes, order := make([]uint8, images*size*size), make([]int32, images), make([]int32, images)
	for i := range pixels {
		pixels[i] = uint8(i * 37)
	}
	for i := range classes {
		classes[i], order[i] = int32(i%3), int32(images-1-i)
	}
	gather := func(dst, src *Var, s kernels.GatherSpec) {
		index := constant(d, order)
		t.Do("gather", func() {
			d.Gather(dst.Value.Buffer(), src.Value.Buffer(), index.Value.Buffer(), n.cursor.Value.Buffer(), s)
		})
	}
	x, y := t.Input(rows, size*size), t.InputOf(kernels.Int32, rows)
	gather(x, constant(d, pixels), kernels.GatherSpec{Rows: rows, Width: size * size, Scale: 1 / 255.})
	gather(y, constant(d, classes), kernels.GatherSpec{Rows: rows, Width: 1, Scale: 1})

	h := t.Reshape(x, rows, size, size, 1)
	h = t.Conv2D(h, w.params[0], w.params[1], autograd.Window{ReLU: true, Padding: autograd.Same})
	h = t.MaxPool(h, [2]int{2, 2}, autograd.Window{})
	h = t.Dropout(h, n.step, kernels.DropoutSpec{Rate: .25, Seed: 3})
	h = t.Dense(t.Reshape(h, rows, -1), w.params[2], w.params[3], true)
	h = t.Add(h, t.Tanh(t.Affine(h, .5, 0)))
	loss, _ := t.SoftmaxCrossEntropy(t.Dense(h, w.params[4], nil, false), y)
	n.loss = t.Mean(loss, 0, 0)
	rate := constant(d, []float32{.01, .01})
	for i, p := range w.params {
		m := w.moments[i]
		t.After(func() {
			d.Adam(p.Value.Buffer(), p.Grad.Buffer(), m[0].Buffer(), m[1].Buffer(), rate.Value.Buffer(),
				kernels.AdamSpec{Beta1: .9, Beta2: .999, Epsilon: 1e-7})
		})
	}
	t.Backward(n.loss)
	t.RunAfter()
	return n
}

// replay runs the recorded step again, as step number step.
func (n *net) replay(step int) {
	tensor.Set(n.cursor.Value, []int32{int32(step)})
	tensor.Set(n.step.Value, []int32{int32(step)})
	n.tape.Replay()
}

// Replaying a recorded step gives the same bits as recording it again.
func TestReplayIsRecording(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		const rows = 5
		replayed, recorded := newWeights(d), newWeights(d)
		once := record(d, replayed, rows, 0)
		defer once.tape.Free()
		before := once.loss.Value.Item()
		for step := range 6 {
			again := record(d, recorded, rows, step)
			if step > 0 {
				once.replay(step)
			}
			if a, b := once.loss.Value.Item(), again.loss.Value.Item(); a != b {
				t.Fatalf("step %d: the replayed loss is %v, the recorded %v", step, a, b)
			}
			for i, p := range replayed.params {
				q := recorded.params[i]
				if !slices.Equal(p.Grad.Floats(), q.Grad.Floats()) {
					t.Fatalf("step %d: the gradients of parameter %d differ", step, i)
				}
				if !slices.Equal(p.Value.Floats(), q.Value.Floats()) {
					t.Fatalf("step %d: the values of parameter %d differ", step, i)
				}
			}
			again.tape.Free()
		}
		if after := once.loss.Value.Item(); after == before {
			t.Errorf("the loss is %v at the first step and at the last: nothing was replayed", after)
		}
	})
}

// After it is recorded, a training step allocates nothing. (The emulator is excluded,
// because interpreting a kernel allocates memory.)
func TestReplayAllocatesNothing(t *testing.T) {
	on(t, []string{"reference", "auto"}, func(t *testing.T, d kernels.Device) {
		n := record(d, newWeights(d), 5, 0)
		defer n.tape.Free()
		if got := testing.AllocsPerRun(50, n.tape.Replay); got != 0 {
			t.Errorf("a replayed training step allocates %v times, want 0", got)
		}
	})
}

// The last batch of an epoch is smaller. It has its own tape, with the same
// parameters.
func TestTwoTapesShareParameters(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		x := param(d, []float32{1, 2})
		quadratic, linear := autograd.NewTape(d), autograd.NewTape(d)
		defer quadratic.Free()
		defer linear.Free()
		quadratic.Backward(quadratic.Sum(quadratic.Mul(x, x), 0, 0))
		near(t, "∂Σx²", x.Grad.Floats(), []float32{2, 4}, 0)
		linear.Backward(linear.Sum(linear.Affine(x, 3, 0), 0, 0))
		near(t, "∂Σ3x", x.Grad.Floats(), []float32{3, 3}, 0)
		if quadratic.HasGrad(x) || !linear.HasGrad(x) {
			t.Error("the gradient is now the second tape's")
		}
		for range 3 { // on a GPU the third replay is a graph
			quadratic.Replay()
			if !quadratic.HasGrad(x) || linear.HasGrad(x) {
				t.Error("the gradient is the first tape's again")
			}
			near(t, "∂Σx² again", x.Grad.Floats(), []float32{2, 4}, 0)
			linear.Replay()
			near(t, "∂Σ3x again", x.Grad.Floats(), []float32{3, 3}, 0)
		}

		alone := record(d, newWeights(d), 5, 0)
		defer alone.tape.Free()
		shared := newWeights(d)
		small := record(d, shared, 2, 0)
		defer small.tape.Free()
		large := record(d, shared, 5, 0)
		defer large.tape.Free()
		if a, b := alone.loss.Value.Item(), large.loss.Value.Item(); a == b {
			t.Errorf("both losses are %v: the small batch's step did not reach the parameters", a)
		}
	})
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

// Mistakes panic with a *kernels.ShapeError that names the operation and every shape.
func TestMistakes(t *testing.T) {
	type window = autograd.Window
	d := reference.New()
	tape := autograd.NewTape(d)
	of := func(shape ...int) *Var { return autograd.NewParam(tensor.New(d, shape...)) }
	ints := func(shape ...int) *Var { return autograd.NewConst(tensor.NewOf(d, kernels.Int32, shape...)) }
	for want, do := range map[string]func(){
		"matmul: [32 784] × [10 128]: inner sizes 784 and 10 differ":   func() { tape.MatMul(of(32, 784), of(10, 128)) },
		"matmul: [784 32]ᵀ × [128 10]ᵀ: inner sizes 784 and 10 differ": func() { tape.MatMulTransposed(of(784, 32), of(128, 10), true, true) },
		"matmul: [2 3] × [3]: both must have two axes":                 func() { tape.MatMul(of(2, 3), of(3)) },
		"dense: [2 3] × [4 5]: inner sizes 3 and 4 differ":             func() { tape.Dense(of(2, 3), of(4, 5), nil, false) },
		"dense: weights [3 5] and bias [4]: the bias must be":          func() { tape.Dense(of(2, 3), of(3, 5), of(4), false) },
		"dense: weights [3 5] and bias [1 5]":                          func() { tape.Dense(of(2, 3), of(3, 5), of(1, 5), true) },
		"add: [2 3] and [2]: sizes 3 and 2 can't be broadcast":         func() { tape.Add(of(2, 3), of(2)) },
		"normalize: axes 0 to 2 of [2 3]: there are no such axes":      func() { tape.Normalize(of(2, 3), 0, 2, 1) },
		"normalize: axes 0 to 0 of [0 3] are empty":                    func() { tape.Normalize(of(0, 3), 0, 0, 1) },
		"batch norm: the gamma is 2 float32, must be 3 float32":        func() { tape.BatchNorm(of(2, 3), of(2), of(3), 1) },
		"layer norm: the beta is 2 float32, must be 3 float32":         func() { tape.LayerNorm(of(2, 3), of(3), of(2), 1) },
		"layer norm: a scalar has no last axis":                        func() { tape.LayerNorm(of(), nil, nil, 1) },
		"layer norm: the last axis of [2 0] is empty":                  func() { tape.LayerNorm(of(2, 0), nil, nil, 1) },
		"batch norm: 0 rows": func() { tape.BatchNorm(of(0, 3), nil, nil, 1) },
		"scale-shift: x [2 3], scale [3], shift [1]: both must be one": func() { tape.ScaleShift(of(2, 3), of(3), of(1)) },
		"sub: [4] and [3]":     func() { tape.Sub(of(4), of(3)) },
		"mul: [4 1] and [3 2]": func() { tape.Mul(of(4, 1), of(3, 2)) },
		"div: [0] and [2]":     func() { tape.Div(of(0), of(2)) },
		"conv2d: images [2 8 8], filters [3 3 1 4]: expected [N H W C]":    func() { tape.Conv2D(of(2, 8, 8), of(3, 3, 1, 4), nil, window{}) },
		"conv2d: images [2 8 8 3], filters [3 3 1 4]: channels 3 and 1":    func() { tape.Conv2D(of(2, 8, 8, 3), of(3, 3, 1, 4), nil, window{}) },
		"conv2d: images [2 2 8 1], filters [3 3 1 4], down: a window that": func() { tape.Conv2D(of(2, 2, 8, 1), of(3, 3, 1, 4), nil, window{}) },
		"conv2d: images [2 8 4 1], filters [3 3 1 4], across: a window":    func() { tape.Conv2D(of(2, 8, 4, 1), of(3, 3, 1, 4), nil, window{Dilations: [2]int{1, 2}}) },
		"conv2d: images [2 8 8 1], filters [3 3 1 4], down: window size":   func() { tape.Conv2D(of(2, 8, 8, 1), of(3, 3, 1, 4), nil, window{Strides: [2]int{-1, 1}}) },
		"conv2d: filters [3 3 1 4] and bias [3]":                           func() { tape.Conv2D(of(2, 8, 8, 1), of(3, 3, 1, 4), of(3), window{}) },
		"im2col: images [8 8], filters [3 3 0 1]":                          func() { tape.Im2Col(of(8, 8), 3, 3, window{}) },
		// The reach overflows and is negative if an int has 32 bits.
		"im2col: images [1 8 8 1], filters [65536 1 1 1], down: window size 65536, stride 1 and dilation 65536 must be from 1 to 32768": func() {
			tape.Im2Col(of(1, 8, 8, 1), 1<<16, 1, window{Dilations: [2]int{1 << 16, 1}})
		},
		"conv2d: images [2 8 8 1], filters [3 3 1 4], down: the padding is 2, must be Valid or Same": func() { tape.Conv2D(of(2, 8, 8, 1), of(3, 3, 1, 4), nil, window{Padding: 2}) },
		"max-pool: images [2 1 8 1], window [2 2], down: a window that":                              func() { tape.MaxPool(of(2, 1, 8, 1), [2]int{2, 2}, window{}) },
		"avg-pool: images [2 8 8]: expected [N H W C]":                                               func() { tape.AvgPool(of(2, 8, 8), [2]int{2, 2}, window{}) },
		"avg-pool: images [2 8 8 1], window [2 2]: dilations [2 1]":                                  func() { tape.AvgPool(of(2, 8, 8, 1), [2]int{2, 2}, window{Dilations: [2]int{2, 1}}) },
		"sum: axes 1 to 2 of [2 3]: there are no such axes":                                          func() { tape.Sum(of(2, 3), 1, 2) },
		"sum: axes 0 to -3 of [2 3]: there are no such axes":                                         func() { tape.Sum(of(2, 3), 0, -3) },
		"mean: axes 1 to 0 of [2 3]: there are no such axes":                                         func() { tape.Mean(of(2, 3), 1, 0) },
		"max: axes 1 to 1 of [2 0] are empty":                                                        func() { tape.Max(of(2, 0), 1, 1) },
		"argmax: axes -3 to -1 of [2 3]: there are no such axes":                                     func() { tape.ArgMax(of(2, 3), -3, -1) },
		"softmax: a scalar has no last axis":                                                         func() { tape.Softmax(of()) },
		"log-softmax: the last axis of [2 0] is empty":                                               func() { tape.LogSoftmax(of(2, 0)) },
		"reshape: [2 3] to [4]":                                                                      func() { tape.Reshape(of(2, 3), 4) },
		"transpose: axes [0 0] of shape [2 3]: each axis":                                            func() { tape.Transpose(of(2, 3), 0, 0) },
		"transpose: 1 axes for shape [2 3]":                                                          func() { tape.Transpose(of(2, 3), 0) },
		"dropout: rate 1.5, must be from 0 to 1":                                                     func() { tape.Dropout(of(2), ints(1), kernels.DropoutSpec{Rate: 1.5}) },
		"dropout: rate NaN, must be from 0 to 1":                                                     func() { tape.Dropout(of(2), ints(1), kernels.DropoutSpec{Rate: float32(math.NaN())}) },
		"softmax cross-entropy: predictions [4 10], labels int32 [5]: expected":                      func() { tape.SoftmaxCrossEntropy(of(4, 10), ints(5)) },
		"softmax cross-entropy: predictions [4]: must be [N C]":                                      func() { tape.SoftmaxCrossEntropy(of(4), ints(4)) },
		"cross-entropy: predictions [4 10], labels float32 [4 9]: expected":                          func() { tape.CrossEntropy(of(4, 10), of(4, 9)) },
		"sigmoid binary cross-entropy: predictions [4 1], labels int32 [4]":                          func() { tape.SigmoidBinaryCrossEntropy(of(4, 1), ints(4)) },
		"binary cross-entropy: predictions [4 1], labels float32 [4]":                                func() { tape.BinaryCrossEntropy(of(4, 1), of(4)) },
		"mean squared error: predictions [4 2], labels float32 [4 1]: expected f":                    func() { tape.MeanSquaredError(of(4, 2), of(4, 1)) },
		"backward: the loss has shape [2], must have one element":                                    func() { tape.Backward(tape.ReLU(of(2))) },
		"backward: the loss depends on nothing":                                                      func() { tape.Backward(tape.Sum(tape.Input(2), 0, 0)) },
		"replay: no Backward was run on this tape":                                                   func() { autograd.NewTape(d).Replay() },
	} {
		mistake(t, want, do)
	}
	// A loss of another tape: this tape has no steps to go back over.
	other := autograd.NewTape(d)
	loss := other.Sum(other.ReLU(of(2)), 0, 0)
	mistake(t, "backward: float32 [] was computed on another tape", func() { tape.Backward(loss) })
}
