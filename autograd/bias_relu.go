package autograd

import (
	"slices"

	"baregrad/kernels"
)

// The bias and the ReLU that are fused into a product or a convolution:
//
//	y = ReLU(z + bias), where z is the product
//	dz = dy where y > 0, otherwise 0
//	dbias[c] = Σ over rows of dz[r,c]
//
// dz overwrites dy, because the product's own gradients need only dz.
//
// If y is the operand of only one operation, that operation computes dy and may turn it
// into dz at once: see earlyBiasReLUGrad.

// rectify records whether a ReLU is fused into the operation that computes y, and its bias or nil.
func (y *Var) rectify(relu bool, bias *Var) {
	if y.rectified = relu; relu {
		y.gate, y.bias = y, bias
	}
}

// isRectified reports whether x, or the variable that x is a reshaped view of, is the output
// of an operation with a fused ReLU.
func (x *Var) isRectified() bool {
	for !x.rectified {
		if x.gate == nil || x.gate == x || x.gate.pass != x.pass {
			return false
		}
		x = x.gate
	}
	return true
}

// inheritGate makes x the gate of y, if x has one: wherever y is not above 0, x is not above
// 0 either, or y's gradient does not reach x there.
func (y *Var) inheritGate(x *Var) {
	if x.gate != nil {
		y.gate = x
	}
}

// dropped reports whether a ReLU will drop x's gradient wherever x is not above 0, before
// anybody can see it. Then the gradient need not be computed there. (Other shares of it may
// be complete: the ReLU drops their sum.)
func (t *Tape) dropped(x *Var) bool {
	if x.gate == nil || !t.memory.shared {
		return false
	}
	for ; !t.memory.kept[x.pass]; x = x.gate {
		if x.gate == x {
			return true
		}
	}
	return false
}

// biasReLUGrad turns dy into dz in place, and computes the gradient of the bias, which may be
// nil. y is [rows, cols]. Without a ReLU dz is dy.
func (t *Tape) biasReLUGrad(y, bias *Var, relu bool, rows, cols int) {
	if y.early == t.pass {
		return
	}
	if !relu {
		t.biasGrad(bias, y.grad(), rows, cols)
		return
	}
	db, mode := t.into(bias)
	t.device.BiasReLUGrad(y.grad(), db, y.grad(), y.data(), rows, cols, mode)
}

// earlyBiasReLUGrad reports whether the operation that computes x's gradient dx, in mode m,
// may do x's biasReLUGrad at once, and returns where the bias's gradient goes, if there is a
// bias. x must have a fused ReLU of its own, and no other operation may read x, since its
// share of dx would be missing. (If the bias is computed, its gradient may have no memory yet.)
func (t *Tape) earlyBiasReLUGrad(x *Var, m kernels.Mode) (dbias kernels.Buffer, mb kernels.Mode, ok bool) {
	if !t.targets[x] || m == kernels.Accumulate || !x.rectified || t.operandOf(x) != 1 || x.bias != nil && x.bias.from != nil {
		return nil, m, false
	}
	dbias, mb = t.share(x.bias)
	return dbias, mb, true
}

// didBiasReLUGrad notes that x's biasReLUGrad has been done.
func (t *Tape) didBiasReLUGrad(x *Var) {
	t.into(x.bias)
	x.early = t.pass
}

// operandOf counts the operations with x, or a reshaped view of it, as an operand.
func (t *Tape) operandOf(x *Var) (n int) {
	for _, s := range t.steps {
		if s.out != nil && slices.ContainsFunc(s.out.from, func(y *Var) bool { return y.pass == x.pass }) {
			n++
		}
	}
	return n
}
