package autograd

import (
	"slices"

	"baregrad/kernels"
)

// An optimizer's step where the gradient is made.
//
// The gradient of a dense layer's weights is a product, and the optimizer's step is all that
// reads it. Between the two it would go to memory and come back. So a device is handed both
// together, Device.MatMulUpdate, where nobody can tell the difference:
//
//	dw = xᵀ·dy          in the backward pass, by the layer's backward rule
//	w  = w − rate·dw    at the end of the training step, by what Update recorded
//
// The step may come before the end if nothing reads w or dw after the product: the layer's
// own rule, which reads w for dx, does so before; no other step of the tape has w among its
// operands; no work recorded by After, such as the clipping of gradients, comes before the
// step; and the tape shares its memory, so that gradients are not there to be looked at.

// An update is an optimizer's step that Update recorded.
type update struct {
	p     *Var
	step  kernels.Update
	first bool   // nothing but updates was recorded before it for the end of the training step
	early bool   // it may be done as soon as p's gradient is made
	pass  uint64 // the last backward pass by whose gradient it was done
}

// Update records an optimizer's step for the parameter p: at the end of each training step
// u is applied to p's gradient, if the backward pass has reached p. It is not done now:
// Replay does it, and so does RunAfter, once for each backward pass. u works on the tensor
// that is p's value now, whose memory no other variable of the tape shares.
//
// Where memory is shared, Replay may do it as soon as the gradient is made. p.Grad then
// holds nothing of use for what After records, nor when Replay is done, unless Keep was
// told of p. After Backward it always is the gradient.
func (t *Tape) Update(p *Var, u kernels.Update) {
	if p.from != nil || !t.targets[p] {
		kernels.Panicf("update", "the variable of shape %v is no parameter that gets a gradient on this tape", p.Shape())
	}
	recorded := &update{p: p, step: u, first: len(t.after) == len(t.updates)}
	t.After(func() {
		if t.HasGrad(p) && recorded.pass != t.pass {
			recorded.pass = t.pass
			u.Apply(t.device, p.grad())
		}
	})
	t.updates = append(t.updates, recorded)
	t.planUpdates()
}

// planUpdates decides which updates may be early.
func (t *Tape) planUpdates() {
	for _, u := range t.updates {
		updates := 0 // of the same parameter
		for _, other := range t.updates {
			if other.p.pass == u.p.pass {
				updates++
			}
		}
		u.early = t.memory.shared && !t.memory.kept[u.p.pass] && u.first && updates == 1 && t.stepsWith(u.p) == 1
	}
}

// stepsWith counts the steps that have x, or a reshaped view of it, among their operands or
// read it in their backward rules.
func (t *Tape) stepsWith(x *Var) (n int) {
	is := func(y *Var) bool { return y.pass == x.pass }
	for _, s := range t.steps {
		if s.out != nil && slices.ContainsFunc(s.out.from, is) || slices.ContainsFunc(s.reads, is) {
			n++
		}
	}
	return n
}

// earlyUpdate is the update of p that may be done when p's gradient is made, in the backward
// pass that is under way; nil if there is none.
func (t *Tape) earlyUpdate(p *Var) *update {
	if t.replaying {
		for _, u := range t.updates {
			if u.p == p && u.early {
				return u
			}
		}
	}
	return nil
}
