package autograd_test

import (
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// operations are steps of every kind, each with an invalid operand x [2,4] and otherwise valid
// ones.
var operations = map[string]func(t *Tape, x *Var){
	"relu":                         func(t *Tape, x *Var) { t.ReLU(x) },
	"softmax":                      func(t *Tape, x *Var) { t.Softmax(x) },
	"affine":                       func(t *Tape, x *Var) { t.Affine(x, 2, 1) },
	"add":                          func(t *Tape, x *Var) { t.Add(t.Input(2, 4), x) },
	"mul":                          func(t *Tape, x *Var) { t.Mul(x, t.Input(4)) },
	"matmul":                       func(t *Tape, x *Var) { t.MatMulTransposed(x, t.Input(3, 4), false, true) },
	"dense":                        func(t *Tape, x *Var) { t.Dense(t.Input(1, 2), t.Input(2, 8), t.Reshape(x, 8), true) },
	"conv2d":                       func(t *Tape, x *Var) { t.Conv2D(t.Input(1, 3, 3, 1), t.Reshape(x, 2, 2, 1, 2), nil, autograd.Window{}) },
	"max-pool":                     func(t *Tape, x *Var) { t.MaxPool(t.Reshape(x, 1, 2, 4, 1), [2]int{2, 2}, autograd.Window{}) },
	"up-sample":                    func(t *Tape, x *Var) { t.UpSample(t.Reshape(x, 1, 2, 4, 1), [2]int{2, 2}) },
	"zero-pad":                     func(t *Tape, x *Var) { t.ZeroPad(t.Reshape(x, 1, 2, 4, 1), [2][2]int{{1, 0}, {0, 1}}) },
	"normalize":                    func(t *Tape, x *Var) { t.Normalize(x, 0, 0, 1e-3) },
	"batch-norm":                   func(t *Tape, x *Var) { t.BatchNorm(t.Input(3, 8), t.Reshape(x, 8), nil, 1e-3) },
	"layer-norm":                   func(t *Tape, x *Var) { t.LayerNorm(t.Input(3, 8), nil, t.Reshape(x, 8), 1e-3) },
	"sum":                          func(t *Tape, x *Var) { t.Sum(x, 0, 1) },
	"max":                          func(t *Tape, x *Var) { t.Max(x, 1, 1) },
	"argmax":                       func(t *Tape, x *Var) { t.ArgMax(x, 1, 1) },
	"accuracy":                     func(t *Tape, x *Var) { t.Accuracy(t.Input(2, 4), x) },
	"transpose":                    func(t *Tape, x *Var) { t.Transpose(x, 1, 0) },
	"softmax cross-entropy":        func(t *Tape, x *Var) { t.SoftmaxCrossEntropy(t.Input(2, 4), x) },
	"sigmoid binary cross-entropy": func(t *Tape, x *Var) { t.SigmoidBinaryCrossEntropy(t.Input(2, 4), x) },
	"mean squared error":           func(t *Tape, x *Var) { t.MeanSquaredError(x, t.Input(2, 4)) },
}

// refused fails the test unless each operation panics with its name and x, in whatever shape x
// has there, and records nothing.
func refused(t *testing.T, tape *Tape, x *Var) {
	t.Helper()
	for name, record := range operations {
		mistake(t, name+": the operand float32 [", func() { record(tape, x) })
		if steps := tape.Steps(); len(steps) != 0 {
			t.Errorf("%s: %v was recorded", name, steps)
		}
	}
}

// Operands in another device's memory are refused, although the reference device could read
// the memory of any CPU device.
func TestOperandOfAnotherDevice(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		other := reference.New()
		tape := autograd.NewTape(d)
		defer tape.Free()
		for _, x := range []*Var{param(other, spread(1, 8), 2, 4), constant(other, spread(1, 8), 2, 4)} {
			where := "in the memory of reference, the tape computes on " + d.Name() + ": Tensor.To copies it there"
			if d.Name() == "reference" {
				where = "in the memory of another device than the tape's, though both are called reference: each opening makes a device of its own"
			}
			refused(t, tape, x)
			mistake(t, "add: the operand float32 [2 4] is "+where, func() { operations["add"](tape, x) })
		}
		step := constant(other, []int32{1})
		mistake(t, "dropout: the operand int32 [1] is in the memory of", func() {
			tape.Dropout(tape.Input(2, 4), step, kernels.DropoutSpec{Rate: .5})
		})
		x := autograd.NewParam(constant(other, spread(1, 8), 2, 4).Value.To(d))
		tape.Backward(tape.Sum(tape.Mul(x, x), 0, 1)) // a copy is accepted
	})
}

func TestOperandThatWasFreed(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		defer tape.Free()
		x := param(d, spread(1, 8), 2, 4)
		x.Value.Free()
		refused(t, tape, x)
		mistake(t, "add: the operand float32 [2 4] was freed", func() { operations["add"](tape, x) })

		// The output of a tape that has been freed since.
		y := tape.Exp(param(d, spread(1, 8), 2, 4))
		tape.Free()
		mistake(t, "relu: the operand float32 [2 4] was freed", func() { tape.ReLU(y) })
	})
}

// The gradient of another tape's output would end there.
func TestOperandOfAnotherTape(t *testing.T) {
	d := reference.New()
	p := param(d, spread(1, 8), 2, 4)
	before, tape := autograd.NewTape(d), autograd.NewTape(d)
	y := before.Exp(p)
	for _, x := range []*Var{y, before.Reshape(y, 2, 4), tape.Reshape(y, 2, 4)} {
		mistake(t, "relu: float32 [2 4] was computed on another tape", func() { tape.ReLU(x) })
		mistake(t, "mul: float32 [2 4] was computed on another tape", func() { tape.Mul(p, x) })
		mistake(t, "backward: float32 [2 4] was computed on another tape", func() { tape.BackwardMean(x) })
	}
	if steps := tape.Steps(); len(steps) != 0 {
		t.Errorf("%v was recorded", steps)
	}

	// If no gradient is wanted, values of another tape are accepted.
	forward, frozen := autograd.NewForwardTape(d), param(d, spread(1, 8), 2, 4)
	frozen.SetTrainable(false)
	for _, x := range []*Var{autograd.NewConst(y.Value), forward.Exp(p), before.Exp(frozen)} {
		tape := autograd.NewTape(d)
		tape.Backward(tape.Sum(tape.Mul(p, x), 0, 1))
		near(t, "∂Σp·x/∂p", p.Grad.Floats(), x.Value.Floats(), 0)
		autograd.NewForwardTape(d).ReLU(x)
	}
	autograd.NewForwardTape(d).ReLU(y)
}

// A tensor reports that it was freed, and so do its reshaped views.
func TestFreed(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		x := tensor.New(d, 2, 3)
		view := x.Reshape(6)
		if x.Buffer().Freed() || view.Buffer().Freed() {
			t.Error("it is not freed yet")
		}
		if x.Free(); !x.Buffer().Freed() || !view.Buffer().Freed() {
			t.Error("it was freed")
		}
	})
}
