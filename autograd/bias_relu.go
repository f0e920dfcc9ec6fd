package autograd

// The bias and the ReLU that are fused into a product or a convolution:
//
//	y = ReLU(z + bias), where z is the product
//	dz = dy where y > 0, else 0
//	dbias[c] = Σ over rows of dz[r,c]
//
// dz takes the place of dy: the product's own gradients need nothing else.

// rectify says of an operation's output whether a ReLU is fused into it.
func (y *Var) rectify(relu bool) {
	if y.rectified = relu; relu {
		y.gate = y
	}
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
	if !relu {
		t.biasGrad(bias, y.grad(), rows, cols)
		return
	}
	db, mode := t.into(bias)
	t.device.BiasReLUGrad(y.grad(), db, y.grad(), y.data(), rows, cols, mode)
}
