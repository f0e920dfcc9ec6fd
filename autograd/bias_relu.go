package autograd

import "baregrad/kernels"

// The bias and the ReLU that are fused into a product or a convolution:
//
//	y = ReLU(z + bias), where z is the product
//	dz = dy where y > 0, else 0
//	dbias[c] = Σ over rows of dz[r,c]
//
// dz takes the place of dy: the product's own gradients need nothing else.
//
// Where a max pooling is the only reader of y, neither y nor dy is gone over for
// that. ReLU keeps the order of its inputs, so that the largest of a window is
// above 0 before the pooling if and only if it is after it; and of each window one
// element alone gets a gradient. So the pooling's backward step masks its own dy,
// which is smaller by the window's size, adds that up for the bias, and spreads it
// as dz. The gradients are the same bits but for the bias's, whose summands come in
// another order.

// A tail is the ReLU at the end of an operation, and the bias before it, or nil.
type tail struct {
	bias   *Var
	undone uint64 // the pass in which y's reader wrote dz in place of dy, and the bias's gradient
	pooled bool   // a max pooling reads y
}

// undo makes dz of dy in place, and gives the bias its gradient. y is [rows, cols];
// without a ReLU, tail is nil and dz is dy.
func (t *Tape) undo(y, bias *Var, rows, cols int) {
	switch {
	case y.tail == nil:
		t.biasGrad(bias, y.grad(), rows, cols)
	case y.tail.undone != t.pass:
		db, mode := t.into(bias)
		t.device.BiasReLUGrad(y.grad(), db, y.grad(), y.data(), rows, cols, mode)
	}
}

// only tells whether one operation alone reads x, and whether this is the first
// share of x's gradient: then it is the whole gradient.
func (t *Tape) only(x *Var, m kernels.Mode) bool {
	return t.readers[x.pass] == 1 && m == kernels.Overwrite
}
