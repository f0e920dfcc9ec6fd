package autograd

import (
	"slices"

	"baregrad/kernels"
)

// The bias and the ReLU that are fused into a product or a convolution:
//
//	y = ReLU(z + bias), where z is the product
//	dz = dy where y > 0, else 0
//	dbias[c] = Σ over rows of dz[r,c]
//
// dz takes the place of dy: the product's own gradients need nothing else.
//
// Where y goes into one operation alone, that one makes dy, and may make dz of it at once:
// see earlyBiasReLUGrad.

// rectify says of an operation's output whether a ReLU is fused into it, behind a bias or nil.
func (y *Var) rectify(relu bool, bias *Var) {
	if y.rectified = relu; relu {
		y.gate, y.bias = y, bias
	}
}

// isRectified tells whether x, or what it is a reshaped view of, is the output of an operation
// that a ReLU is fused into.
func (x *Var) isRectified() bool {
	for !x.rectified {
		if x.gate == nil || x.gate == x || x.gate.pass != x.pass {
			return false
		}
		x = x.gate
	}
	return true
}

// inheritGate says that y is not above 0 only where x is not, or where y's gradient does not
// reach x.
func (y *Var) inheritGate(x *Var) {
	if x.gate != nil {
		y.gate = x
	}
}

// dropped tells whether x's gradient, where x is not above 0, comes to a ReLU that drops it
// there, before anybody can look at it. Then it need not be computed there. (Other shares of
// the gradient may be whole: what is dropped is their sum.)
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

// biasReLUGrad makes dz of dy in place, and gives the bias, which may be nil, its gradient.
// y is [rows, cols]; without a ReLU dz is dy.
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

// earlyBiasReLUGrad tells whether the operation that makes x's gradient dx, in mode m, may do
// x's biasReLUGrad at once, and where the bias's gradient goes then, if there is one. x must
// have a ReLU of its own, and no other operation may read it, whose share of dx would be
// missing. (If the bias is computed, its gradient may have no place yet.)
func (t *Tape) earlyBiasReLUGrad(x *Var, m kernels.Mode) (dbias kernels.Buffer, mb kernels.Mode, ok bool) {
	if !t.targets[x] || m == kernels.Accumulate || !x.rectified || t.operandOf(x) != 1 || x.bias != nil && x.bias.from != nil {
		return nil, m, false
	}
	dbias, mb = t.share(x.bias)
	return dbias, mb, true
}

// didBiasReLUGrad says that x's biasReLUGrad has been done.
func (t *Tape) didBiasReLUGrad(x *Var) {
	t.into(x.bias)
	x.early = t.pass
}

// operandOf counts the operations that x, or a reshaped view of it, is an operand of.
func (t *Tape) operandOf(x *Var) (n int) {
	for _, s := range t.steps {
		if s.out != nil && slices.ContainsFunc(s.out.from, func(y *Var) bool { return y.pass == x.pass }) {
			n++
		}
	}
	return n
}
