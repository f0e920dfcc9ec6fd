package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

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
