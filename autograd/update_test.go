package autograd_test

import (
	"fmt"
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// eager is a device that does each update with its product, counts them, and leaves garbage
// in the gradient.
type eager struct {
	kernels.Device
	done int
}

func (d *eager) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) bool {
	s.CheckUpdate(u, g, a, b)
	d.MatMul(g, a, b, nil, s)
	u.Apply(d, g)
	d.Fill(g, 12345)
	d.done++
	return true
}

// eagerGraphs is eager on a device that captures.
type eagerGraphs struct{ *eager }

func (d eagerGraphs) Capture(work func()) (kernels.Graph, error) {
	return d.Device.(kernels.Capturer).Capture(work)
}

// An optimizer makes the step for a parameter, and returns its state for it.
type optimizer func(d kernels.Device, p *Var) (kernels.Update, []*tensor.Tensor)

func optimizers() map[string]optimizer {
	zeros := func(d kernels.Device, p *Var) *tensor.Tensor { return tensor.New(d, p.Shape()...) }
	rate := func(d kernels.Device) kernels.Buffer {
		return tensor.From(d, []float32{0.03, 0.02}, 2).Buffer()
	}
	return map[string]optimizer{
		"SGD": func(d kernels.Device, p *Var) (kernels.Update, []*tensor.Tensor) {
			v := zeros(d, p)
			return &kernels.SGDUpdate{W: p.Value.Buffer(), V: v.Buffer(), Rate: rate(d), Spec: kernels.SGDSpec{Momentum: 0.9}}, []*tensor.Tensor{v}
		},
		"RMSprop": func(d kernels.Device, p *Var) (kernels.Update, []*tensor.Tensor) {
			v, mean, moment := zeros(d, p), zeros(d, p), zeros(d, p)
			return &kernels.RMSpropUpdate{W: p.Value.Buffer(), V: v.Buffer(), Mean: mean.Buffer(), Moment: moment.Buffer(), Rate: rate(d),
				Spec: kernels.RMSpropSpec{Rho: 0.9, Momentum: 0.5, Epsilon: 1e-3, Centered: true}}, []*tensor.Tensor{v, mean, moment}
		},
		"Adam": func(d kernels.Device, p *Var) (kernels.Update, []*tensor.Tensor) {
			m, v := zeros(d, p), zeros(d, p)
			return &kernels.AdamUpdate{W: p.Value.Buffer(), M: m.Buffer(), V: v.Buffer(), Rate: rate(d),
				Spec: kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}}, []*tensor.Tensor{m, v}
		},
	}
}

// An updateCase is a training step with some of the parameters w1 [4,3], its bias [3], w2 [3,2]
// and w3 [2,4].
type updateCase struct {
	name string
	// loss records the step for the examples x [5,4].
	loss func(t *Tape, x *Var, p updated) *Var
	// before and behind, which may be nil, are called before and after the updates are recorded.
	before, behind func(t *Tape, p updated)
	early          int // the number of updates done with their products, in each replay
}

type updated struct{ w1, bias, w2, w3 *Var }

func (p updated) all() []*Var { return []*Var{p.w1, p.bias, p.w2, p.w3} }

// dense is a network with two layers.
func dense(t *Tape, x *Var, p updated) *Var {
	return weighted(t, t.Dense(t.Dense(x, p.w1, p.bias, true), p.w2, nil, false), spread(4, 10))
}

// denseAnd adds something to the loss of dense.
func denseAnd(more func(t *Tape, x *Var, p updated) *Var) func(t *Tape, x *Var, p updated) *Var {
	return func(t *Tape, x *Var, p updated) *Var { return t.Add(dense(t, x, p), more(t, x, p)) }
}

func updateCases() []updateCase {
	matmul := func(name string, early int, product func(t *Tape, x *Var, p updated) *Var) updateCase {
		return updateCase{name: name, early: early, loss: func(t *Tape, x *Var, p updated) *Var {
			y := product(t, x, p)
			return weighted(t, t.Tanh(y), spread(4, y.Value.Len()))
		}}
	}
	sum := func(t *Tape, x *Var) *Var { return t.Sum(t.Reshape(x, -1), 0, 0) }
	return []updateCase{
		{name: "two layers", loss: dense, early: 2},
		matmul("transposed weights", 1, func(t *Tape, x *Var, p updated) *Var { return t.MatMulTransposed(x, p.w3, false, true) }),
		matmul("both transposed", 1, func(t *Tape, x *Var, p updated) *Var {
			return t.MatMulTransposed(t.Transpose(x, 1, 0), p.w3, true, true)
		}),
		matmul("weights as first operand", 0, func(t *Tape, x *Var, p updated) *Var { return t.MatMulTransposed(p.w3, x, false, true) }),
		matmul("weights as both operands", 0, func(t *Tape, x *Var, p updated) *Var { return t.MatMulTransposed(p.w2, p.w2, true, false) }),
		matmul("a chain of weights", 2, func(t *Tape, x *Var, p updated) *Var { return t.MatMul(t.MatMul(x, p.w1), p.w2) }),
		matmul("a product of weights", 1, func(t *Tape, x *Var, p updated) *Var { return t.MatMul(p.w1, p.w2) }),
		matmul("a reshaped view", 0, func(t *Tape, x *Var, p updated) *Var { return t.MatMul(x, t.Reshape(p.w1, 4, 3)) }),
		{name: "two products", early: 1, loss: denseAnd(func(t *Tape, x *Var, p updated) *Var {
			return sum(t, t.Tanh(t.MatMul(t.Affine(x, 0.5, 1), p.w1)))
		})},
		{name: "a product and a view", early: 1, loss: denseAnd(func(t *Tape, x *Var, p updated) *Var { return sum(t, t.Tanh(t.Reshape(p.w1, -1))) })},
		{name: "a view and then a product", early: 1, loss: func(t *Tape, x *Var, p updated) *Var {
			penalty := sum(t, t.Tanh(t.Reshape(p.w1, -1)))
			return t.Add(penalty, dense(t, x, p))
		}},
		{name: "regularized", early: 1, loss: denseAnd(func(t *Tape, x *Var, p updated) *Var { return sum(t, t.Mul(p.w2, p.w2)) })},
		{name: "targets of the loss", loss: func(t *Tape, x *Var, p updated) *Var {
			return sum(t, t.MeanSquaredError(t.MatMul(constant(t.Device(), spread(5, 9), 3, 3), p.w2), p.w2))
		}},
		{name: "clipped", loss: dense, before: func(t *Tape, p updated) {
			t.After(func() { t.Device().ClipByValue(p.w1.Grad.Buffer(), 0.1) })
		}},
		{name: "something behind", loss: dense, early: 2, behind: func(t *Tape, p updated) { t.After(func() {}) }},
		{name: "another use, recorded later", loss: dense, early: 1, behind: func(t *Tape, p updated) { t.Mul(p.w1, p.w1) }},
		{name: "kept", loss: dense, early: 1, before: func(t *Tape, p updated) { t.Keep(p.w2) }},
		{name: "kept, as was said later", loss: dense, early: 1, behind: func(t *Tape, p updated) { t.Keep(p.w2) }},
		{name: "not in the loss", early: 2, loss: func(t *Tape, x *Var, p updated) *Var {
			t.MatMulTransposed(x, p.w3, false, true)
			return dense(t, x, p)
		}},
		{name: "frozen", early: 1, loss: func(t *Tape, x *Var, p updated) *Var {
			p.w1.SetTrainable(false)
			return dense(t, x, p)
		}},
		{name: "updated twice", loss: dense, early: 1, behind: func(t *Tape, p updated) {
			t.Update(p.w1, &kernels.SGDUpdate{W: p.w1.Value.Buffer(), Rate: tensor.From(t.Device(), []float32{0.01}, 1).Buffer()})
		}},
	}
}

// training runs the case's step several times, and returns the parameters and the optimizer's
// state after each.
func (c updateCase) training(d kernels.Device, o optimizer, share bool, step func(t *Tape, loss *Var), steps int) (history [][]float32) {
	tape := autograd.NewTape(d)
	defer tape.Free()
	if share {
		tape.ShareMemory()
	}
	x := constant(d, spread(1, 20), 5, 4)
	p := updated{param(d, spread(2, 12), 4, 3), param(d, spread(3, 3)), param(d, spread(4, 6), 3, 2), param(d, spread(5, 8), 2, 4)}
	loss := c.loss(tape, x, p)
	tape.Backward(loss)
	if c.before != nil {
		c.before(tape, p)
	}
	var state []*tensor.Tensor
	for _, v := range p.all() {
		state = append(state, v.Value)
		if v.Trainable() && v.Grad != nil { // it is on the tape
			u, kept := o(d, v)
			tape.Update(v, u)
			state = append(state, kept...)
		}
	}
	if c.behind != nil {
		c.behind(tape, p)
	}
	for n := range steps {
		if n == 0 {
			tape.RunAfter()
		} else {
			step(tape, loss)
		}
		for _, s := range state {
			history = append(history, s.Floats())
		}
	}
	return history
}

func replay(t *Tape, _ *Var) { t.Replay() }

// byHand does Replay's work, in which updates are never early.
func byHand(t *Tape, loss *Var) {
	t.Forward()
	t.Backward(loss)
	t.RunAfter()
}

// Updates that are done with the products that make their gradients give the same bits of the
// weights, and of the optimizer's state, as updates at the end of the step. They are only done
// so if nothing else needs the gradient, or the weights before the step.
func TestUpdate(t *testing.T) {
	for name, o := range optimizers() {
		for _, c := range updateCases() {
			t.Run(name+" "+c.name, func(t *testing.T) {
				const steps = 4
				d := &eager{Device: reference.New()}
				want := c.training(d, o, false, replay, steps)
				if d.done != 0 {
					t.Errorf("%d updates were early where gradients can be looked at", d.done)
				}
				compare := func(what string, got [][]float32) {
					t.Helper()
					for i := range want {
						if !slices.Equal(got[i], want[i]) {
							t.Errorf("%s: tensor %d of %d is %v, want %v", what, i, len(want), got[i], want[i])
						}
					}
				}
				compare("early", c.training(d, o, true, replay, steps))
				if d.done != (steps-1)*c.early {
					t.Errorf("%d updates were early, want %d in each of %d replays", d.done, c.early, steps-1)
				}
				d.done = 0
				compare("by hand", c.training(d, o, true, byHand, steps))
				compare("in turn", c.training(d, o, true, func(t *Tape, loss *Var) { byHand(t, loss); t.RunAfter() }, steps))
				if d.done != 0 {
					t.Errorf("%d updates were early, though Backward was called by hand", d.done)
				}
			})
		}
	}
}

// The same on this machine's best device and on the GPU's kernels, where a captured graph
// contains the updates.
func TestUpdateOnDevices(t *testing.T) {
	for name, o := range optimizers() {
		t.Run(name, func(t *testing.T) {
			onDevices(t, func(t *testing.T, d kernels.Device) {
				c := updateCases()[0]
				const steps = 6
				want := c.training(d, o, false, replay, steps)
				d2 := &eager{Device: d}
				devices := []kernels.Device{d, d2}
				if _, captures := d.(kernels.Capturer); captures {
					devices = append(devices, eagerGraphs{d2})
				}
				for i, d := range devices {
					got := c.training(d, o, true, replay, steps)
					again := c.training(d, o, true, func(t *Tape, _ *Var) { t.Replay(); t.RunAfter() }, steps)
					for j := range want {
						if !slices.Equal(got[j], want[j]) {
							t.Errorf("device %d: tensor %d is %v, want %v", i, j, got[j], want[j])
						}
						if !slices.Equal(again[j], want[j]) {
							t.Errorf("device %d, when RunAfter is called again: tensor %d is %v, want %v", i, j, again[j], want[j])
						}
					}
				}
				if d2.done == 0 {
					t.Error("no update was early")
				}
			})
		})
	}
}

// After Backward the gradient is there; after Replay it is there if Keep was called.
func TestGradientOfUpdated(t *testing.T) {
	d := &eager{Device: reference.New()}
	tape := autograd.NewTape(d)
	tape.ShareMemory()
	x := constant(d, []float32{2}, 1, 1)
	still := tensor.New(d, 1) // a learning rate of 0
	w := []*Var{param(d, []float32{3}, 1, 1), param(d, []float32{5}, 1, 1)}
	loss := tape.MatMul(tape.MatMul(x, w[0]), w[1])
	tape.Backward(loss)
	tape.Keep(w[0])
	for _, p := range w {
		tape.Update(p, &kernels.SGDUpdate{W: p.Value.Buffer(), Rate: still.Buffer()})
	}
	grads := func() string { return fmt.Sprint(w[0].Grad.Floats(), w[1].Grad.Floats()) }
	tape.Replay()
	if got := grads(); got != "[10] [12345]" || d.done != 1 || !tape.HasGrad(w[1]) {
		t.Errorf("after Replay the gradients are %s and %d updates were early, want 10, rubbish and 1; HasGrad is %v", got, d.done, tape.HasGrad(w[1]))
	}
	tape.Backward(loss)
	if got := grads(); got != "[10] [6]" || d.done != 1 {
		t.Errorf("after Backward the gradients are %s, want 10 and 6 (%d updates were early)", got, d.done)
	}
}

// Parameters that the backward pass does not reach are not updated.
func TestUpdateOfWhatIsNotReached(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	tape.ShareMemory()
	w, other := param(d, []float32{3}), param(d, []float32{5})
	loss := tape.Tanh(w)
	tape.Tanh(other)
	for _, p := range []*Var{w, other} {
		tape.Update(p, &kernels.SGDUpdate{W: p.Value.Buffer(), Rate: tensor.From(d, []float32{1}, 1).Buffer()})
		d.Fill(p.Grad.Buffer(), 1)
	}
	tape.RunAfter()
	tape.Backward(loss)
	d.Fill(w.Grad.Buffer(), 1)
	tape.RunAfter()
	if got := fmt.Sprint(w.Value.Floats(), other.Value.Floats()); got != "[2] [5]" {
		t.Errorf("the values are %s, want 2 after one step, and 5 as before", got)
	}
}

func TestUpdateRefuses(t *testing.T) {
	d := reference.New()
	tape := autograd.NewTape(d)
	w := param(d, []float32{1, 2}, 2)
	u := &kernels.SGDUpdate{W: w.Value.Buffer(), Rate: tensor.New(d, 1).Buffer()}
	mistake(t, "update: the variable of shape [2] is no parameter that gets a gradient on this tape", func() { tape.Update(w, u) })
	y := tape.Tanh(w)
	mistake(t, "update: the variable of shape [2] is no parameter", func() { tape.Update(y, u) })
	tape.Update(w, u)
}

// A replay with updates allocates nothing.
func TestUpdateAllocatesNothing(t *testing.T) {
	d, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, o := range optimizers() {
		tape := autograd.NewTape(d)
		tape.ShareMemory()
		p := updated{param(d, spread(2, 12), 4, 3), param(d, spread(3, 3)), param(d, spread(4, 6), 3, 2), nil}
		tape.Backward(dense(tape, constant(d, spread(1, 20), 5, 4), p))
		for _, v := range []*Var{p.w1, p.bias, p.w2} {
			u, _ := o(d, v)
			tape.Update(v, u)
		}
		tape.Replay()
		if n := testing.AllocsPerRun(10, tape.Replay); n != 0 {
			t.Errorf("%s: %v allocations a replay", name, n)
		}
		tape.Free()
	}
}
