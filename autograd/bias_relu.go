package autograd

// The bias and the ReLU that are fused into a product or a convolution:
//
//	y = ReLU(z + bias), where z is the product
//	dz = dy where y > 0, else 0
//	dbias[c] = Σ over rows of dz[r,c]
//
// dz takes the place of dy: the product's own gradients need nothing else.

// undo makes dz of dy in place, and gives the bias, which may be nil, its gradient.
// y is [rows, cols]; without a ReLU dz is dy.
func (t *Tape) undo(y, bias *Var, relu bool, rows, cols int) {
	if !relu {
		t.biasGrad(bias, y.grad(), rows, cols)
		return
	}
	db, mode := t.into(bias)
	t.device.BiasReLUGrad(y.grad(), db, y.grad(), y.data(), rows, cols, mode)
}
