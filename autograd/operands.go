package autograd

import (
	"fmt"

	"baregrad/kernels"
)

// check panics with a *kernels.ShapeError that names the operation unless a step of t can use
// the operands. record calls it once for each step. A device may not notice another device's
// memory, since all CPU devices use the host's. And if another tape computed an operand, its
// gradient would end there, because that tape does not know of it.
func (t *Tape) check(op string, operands []*Var) {
	for _, x := range operands {
		what := func() string { return fmt.Sprintf("the operand %v %v", x.Value.Type(), x.Shape()) }
		switch of := x.Value.Device(); {
		case x.Value.Buffer().Freed():
			kernels.Panicf(op, "%s was freed, must be in memory when the step is recorded", what())
		case of != t.device && of.Name() == t.device.Name():
			kernels.Panicf(op, "%s is in the memory of another device than the tape's, though both are called %s: "+
				"each opening makes a device of its own; use one for both, or copy it with Tensor.To", what(), of.Name())
		case of != t.device:
			kernels.Panicf(op, "%s is in the memory of %s, the tape computes on %s: Tensor.To copies it there",
				what(), of.Name(), t.device.Name())
		}
		if t.gradients && x.wanted {
			checkOwner(op, t, x)
		}
	}
}

// checkOwner panics if x was computed on another tape than t.
func checkOwner(op string, t *Tape, x *Var) {
	if x.tape != nil && x.tape != t {
		kernels.Panicf(op, "%v %v was computed on another tape, which alone can take its gradient further: "+
			"record it on this one, or take its value without a gradient, NewConst(x.Value)", x.Value.Type(), x.Shape())
	}
}
