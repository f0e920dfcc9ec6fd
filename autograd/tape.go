// Package autograd is automatic differentiation: a tape records the operations that
// compute a loss, then runs back over them to compute the gradient of the loss with
// respect to every parameter.
//
// Each kind of operation has its own file, in which the backward rule stands directly
// under the forward rule. From an operation's method it is two steps down to the
// hardware: the device's kernel of the same name, and its instructions.
//
// Shapes are checked when an operation is recorded. A mismatch panics with a
// *kernels.ShapeError that names the operation and the shapes, and so does an operand on
// another device or tape, or one that was freed. A failing device panics
// with a *kernels.DeviceError.
package autograd

import (
	"slices"
	"sync/atomic"

	"baregrad/kernels"
	"baregrad/tensor"
)

// A Var is a value that gradients can flow to.
type Var struct {
	// Value is the value.
	Value *tensor.Tensor
	// Grad is the gradient of the loss with respect to the value, of the same shape,
	// once Backward has run. It is nil if no gradient is wanted. (If a ReLU is fused
	// into the operation, Backward leaves here the gradient with respect to the ReLU's
	// input: see bias_relu.go. Replay may overwrite a parameter's gradient: see
	// Tape.Update.)
	Grad *tensor.Tensor

	elementwise bool   // each element depends only on its counterpart in one operand: see outputLike
	rectified   bool   // this is the output of an operation with a fused ReLU
	bias        *Var   // the bias that is added before that ReLU; nil if there is none
	early       uint64 // the last backward pass that did biasReLUGrad early: see earlyBiasReLUGrad
	// Wherever this variable is not above 0, its gate is not above 0 either, or no gradient
	// flows to the gate. Gates form a chain that ends at the output of a ReLU. That is its
	// own gate and passes no gradient there: see dropped. nil if no ReLU caused the zeros.
	gate *Var

	wanted bool    // a gradient is wanted
	pass   *uint64 // the last backward pass that wrote to Grad; shared by reshaped views
	from   []*Var  // the operands it was computed from; nil if it is not the output of an operation
	tape   *Tape   // the tape whose operation computed it or what it is a view of; nil if there is none
}

// NewParam returns a trainable variable: gradient tapes compute its gradient.
// It belongs to no tape, so any number of tapes can use it.
func NewParam(value *tensor.Tensor) *Var { return &Var{Value: value, wanted: true, pass: new(uint64)} }

// NewConst returns a variable that no gradient is computed for.
func NewConst(value *tensor.Tensor) *Var { return &Var{Value: value, pass: new(uint64)} }

// String formats the value as Tensor.String does, for fmt.Println(loss).
func (v *Var) String() string {
	if v == nil || v.Value == nil {
		return "<nil>"
	}
	return v.Value.String()
}

// Shape is the shape of the value.
func (v *Var) Shape() []int { return v.Value.Shape() }

// SetTrainable says whether tapes recorded from now on compute a gradient for v.
// A tape that has already used v does not change.
func (v *Var) SetTrainable(on bool) { v.wanted = on }

// Trainable reports whether a gradient is wanted.
func (v *Var) Trainable() bool { return v.wanted }

func (v *Var) data() kernels.Buffer { return v.Value.Buffer() }
func (v *Var) grad() kernels.Buffer { return v.Grad.Buffer() }

// A Tape records operations as they are called and can run them again.
//
// Recording runs an operation once and keeps it as a step: two functions over
// fixed buffers, forward and backward. Replaying runs the steps again on the same
// memory. So after the first training step nothing is allocated and no graph is
// built.
//
// Engines that build a graph sort it topologically before they run it backward.
// A tape needs no sort. An operation can only be recorded after everything that it
// depends on, so the tape is already in topological order, and the backward pass
// reads the same list from its end.
type Tape struct {
	device    kernels.Device
	gradients bool
	steps     []step
	after     []func()
	updates   []*update     // the optimizers' steps among after: update.go
	targets   map[*Var]bool // whether the tape computes a gradient for the variable; decided at its first use
	loss      *Var
	begun     bool // the loss's gradient is set and stays, because no step changes it
	pass      uint64
	replaying bool // the backward pass is part of Replay
	owned     []*tensor.Tensor
	memory    plan // which variables share memory, if requested: plan.go

	// Forward and Replay as graphs, if the device can capture them: graph.go.
	forwards, replays repeated
}

// A step is one recorded operation.
type step struct {
	name     string
	out      *Var
	reads    []*Var // the variables whose values backward reads
	forward  func()
	backward func() // nil if no gradient is wanted
}

// NewTape returns an empty tape that keeps everything the backward pass needs.
func NewTape(d kernels.Device) *Tape { return newTape(d, true) }

// NewForwardTape returns an empty tape for inference. It has no gradients and
// no memory for them.
func NewForwardTape(d kernels.Device) *Tape { return newTape(d, false) }

func newTape(d kernels.Device, gradients bool) *Tape {
	return &Tape{device: d, gradients: gradients, targets: make(map[*Var]bool)}
}

// Device is the device that the tape computes on.
func (t *Tape) Device() kernels.Device { return t.device }

// Input returns a variable of float32 zeros. Fill it before each replay with
// tensor.Set(x.Value, batch).
func (t *Tape) Input(shape ...int) *Var { return t.InputOf(kernels.Float32, shape...) }

// InputOf is Input for elements of the given type.
func (t *Tape) InputOf(elements kernels.Type, shape ...int) *Var {
	return NewConst(t.alloc(elements, shape))
}

// Do records a step that has no gradient, such as gathering a batch into an input,
// and runs it. Like every step, it must ask the device for the same work each time
// it runs: on a GPU the step is captured, and its Go code does not run again.
func (t *Tape) Do(name string, forward func()) {
	t.record(name, nil, nil, forward, nil)
}

// After records work for the end of each training step, such as counting the steps.
// It does not run now: Replay and RunAfter run it. The rule in Do applies here, too.
// (Update records an optimizer's step.)
func (t *Tape) After(work func()) {
	t.forget()
	t.after = append(t.after, work)
}

// RunAfter runs what After and Update recorded, in the order of recording.
func (t *Tape) RunAfter() {
	for _, work := range t.after {
		work()
	}
}

// Forward runs every recorded step again, in the order of recording.
func (t *Tape) Forward() { t.repeat(&t.forwards, (*Tape).forward) }

func (t *Tape) forward() {
	for i := range t.steps {
		t.steps[i].forward()
	}
}

// passes counts the backward passes of all tapes of the program, because tapes
// share parameters.
var passes atomic.Uint64

// Backward computes the gradient of loss, which must have one element, with respect to
// every variable of the tape that wants one. It goes through the steps from last to
// first. Each step adds its share to the gradients of its inputs. A step whose output
// has received no gradient did not contribute to the loss and is skipped.
func (t *Tape) Backward(loss *Var) {
	if loss.Value.Len() != 1 {
		kernels.Panicf("backward", "the loss has shape %v, must have one element", loss.Shape())
	}
	t.backward(loss, false)
}

// BackwardMean is Backward from the mean of the losses' elements, such as those of a
// batch's examples. It does not compute the mean itself: every element's gradient is 1/N.
func (t *Tape) BackwardMean(losses *Var) {
	if losses.Value.Len() == 0 {
		kernels.Panicf("backward", "the losses have shape %v, must have an element", losses.Shape())
	}
	t.backward(losses, false)
}

func (t *Tape) backward(loss *Var, replaying bool) {
	if !t.gradients {
		kernels.Panicf("backward", "this is a forward tape, which keeps nothing for gradients: NewTape makes one that does")
	}
	checkOwner("backward", t, loss)
	if !t.targets[loss] {
		kernels.Panicf("backward", "the loss depends on nothing that wants a gradient on this tape")
	}
	if t.loss != loss {
		t.forget()
		t.memory.made = false
		t.begun = false
	}
	t.loss, t.replaying = loss, replaying
	if t.memory.shared && !t.memory.made {
		t.planMemory()
	}
	t.pass = passes.Add(1)
	dloss, _ := t.into(loss)
	if !t.begun {
		t.device.Fill(dloss, 1/float32(loss.Value.Len()))
		t.begun = t.untouched(loss)
	}
	for _, s := range slices.Backward(t.steps) {
		if s.backward != nil && *s.out.pass == t.pass {
			s.backward()
		}
	}
}

// untouched reports whether no step writes to y's gradient. If y is the loss, its gradient
// then has to be set only once. Only a fused ReLU changes its output's gradient in place.
func (t *Tape) untouched(y *Var) bool {
	return !slices.ContainsFunc(t.memory.outputs, func(x *Var) bool { return x.pass == y.pass && x.rectified })
}

// Replay runs a recorded training step again: forward, backward from the loss
// of the last Backward, and what After and Update recorded.
func (t *Tape) Replay() {
	if t.loss == nil {
		kernels.Panicf("replay", "no Backward was run on this tape: there is no loss to go back from")
	}
	t.repeat(&t.replays, (*Tape).replay)
}

func (t *Tape) replay() {
	t.forward()
	t.backward(t.loss, true)
	t.RunAfter()
}

// HasGrad reports whether the tape's last backward pass reached v.
func (t *Tape) HasGrad(v *Var) bool { return t.pass != 0 && *v.pass == t.pass }

// Steps lists the names of the recorded operations in order.
func (t *Tape) Steps() []string {
	names := make([]string, len(t.steps))
	for i, s := range t.steps {
		names[i] = s.name
	}
	return names
}

// Free gives back the memory of everything that the tape recorded. Parameters keep
// theirs.
func (t *Tape) Free() {
	t.forget()
	for _, owned := range t.owned {
		owned.Free()
	}
	t.memory.free()
	*t = *newTape(t.device, t.gradients)
}

// record checks a step's operands, which are out.from and reads, runs it forward and keeps it.
// out is nil for a step without a value. backward may only use the values listed in reads; others
// may be overwritten by then. (For a step without backward, reads lists what forward reads.)
func (t *Tape) record(name string, out *Var, reads []*Var, forward, backward func()) {
	if out != nil {
		t.check(name, out.from)
	}
	t.check(name, reads)
	if out == nil || !t.targets[out] {
		backward = nil
	}
	forward() // first: a step that panics is not kept
	t.forget()
	t.steps = append(t.steps, step{name, out, reads, forward, backward})
	t.memory.made = false
}

// output makes the variable for an operation's result. It gets a gradient if one
// of the inputs wants one.
func (t *Tape) output(shape []int, inputs ...*Var) *Var {
	y := NewConst(t.alloc(kernels.Float32, shape))
	y.from, y.tape = inputs, t
	t.memory.outputs = append(t.memory.outputs, y)
	for _, x := range inputs {
		if t.wants(x) && y.Grad == nil { // call wants for every input: it allocates gradients
			y.wanted = true
			if !t.memory.shared {
				y.Grad = t.alloc(kernels.Float32, shape)
			}
		}
	}
	t.targets[y] = y.wanted
	return y
}

// outputLike is output for an elementwise operation: element i of the result depends only
// on element i of x, and element i of x's gradient only on element i of the result's.
// So one gradient may be written over the other.
func (t *Tape) outputLike(x *Var) *Var {
	y := t.output(x.Shape(), x)
	y.elementwise = true
	return y
}

// wants reports whether x gets a gradient on this tape, and allocates it if x is a
// parameter that has none yet.
func (t *Tape) wants(x *Var) bool {
	wanted, decided := t.targets[x]
	if !decided {
		wanted = t.gradients && x.wanted
		t.targets[x] = wanted
	}
	if wanted && x.Grad == nil && x.from == nil {
		x.Grad = tensor.New(x.Value.Device(), x.Shape()...) // the tape's, or record refuses x
	}
	return wanted
}

// into returns the buffer for a backward rule's share of x's gradient and the mode to
// write it with: the first share of a pass overwrites, later ones add. The buffer is
// nil if x gets no gradient on this tape, or if x is nil, as a bias may be.
func (t *Tape) into(x *Var) (kernels.Buffer, kernels.Mode) {
	buffer, mode := t.share(x)
	if buffer != nil {
		*x.pass = t.pass
	}
	return buffer, mode
}

// share returns the same as into, but does not mark the gradient as written.
func (t *Tape) share(x *Var) (kernels.Buffer, kernels.Mode) {
	if x == nil || !t.targets[x] {
		return nil, kernels.Overwrite
	}
	if *x.pass == t.pass {
		return x.grad(), kernels.Accumulate
	}
	return x.grad(), kernels.Overwrite
}

func (t *Tape) alloc(elements kernels.Type, shape []int) *tensor.Tensor {
	owned := tensor.NewOf(t.device, elements, shape...)
	t.owned = append(t.owned, owned)
	return owned
}
