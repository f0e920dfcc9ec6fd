package autograd

import (
	"slices"

	"baregrad/kernels"
)

// An optimizer's step fused with the computation of the gradient.
//
// The gradient of a dense layer's weights is a matrix product, and only the optimizer's
// step reads it. Normally it is written to memory and read back. Where nobody can tell the
// difference, the device gets both together, as Device.MatMulUpdate:
//
//	dw = xᵀ·dy          in the backward pass, by the layer's backward rule
//	w  = w − rate·dw    at the end of the training step, by what Update recorded
//
// The step may come early only if nothing reads w or dw after the product. This holds if
// no other step of the tape has w among its operands; no other work recorded by After, such
// as gradient clipping, precedes the step; and the tape shares its memory, so that gradients
// are not there to be looked at. The layer's own rule reads w for dx before the product.

// An update is an optimizer's step recorded by Update.
type update struct {
	p     *Var
	step  kernels.Update
	first bool   // only updates were recorded before it for the end of the training step
	early bool   // it may be done as soon as p's gradient is computed
	pass  uint64 // the last backward pass for which it was done
}

// Update records an optimizer's step for the parameter p. At the end of each training step
// u is applied to p's gradient, if the backward pass has reached p. It is not done now:
// Replay and RunAfter do it, once for each backward pass. u works on the tensor that is
// p's value now, whose memory no other variable of the tape may share.
//
// If memory is shared, Replay may do the step as soon as the gradient is computed. The
// contents of p.Grad are then unspecified for functions recorded by After and once Replay
// is done, unless Keep was called for p. After Backward, p.Grad always holds the gradient.
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

// planUpdates decides which updates may be done early.
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

// stepsWith counts the steps that have x, or a reshaped view of it, among their operands
// or that read it in their backward rules.
func (t *Tape) stepsWith(x *Var) (n int) {
	is := func(y *Var) bool { return y.pass == x.pass }
	for _, s := range t.steps {
		if s.out != nil && slices.ContainsFunc(s.out.from, is) || slices.ContainsFunc(s.reads, is) {
			n++
		}
	}
	return n
}

// earlyUpdate returns the update of p that may be done as soon as p's gradient is computed
// in the current backward pass, or nil if there is none.
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
