package autograd

import "baregrad/kernels"

// MaxPool takes the largest value of each window of x [N,H,W,C]. size is the window's height
// and width in pixels. y is [N,OH,OW,C], with OH and OW as in Conv2D. Strides default to size.
// If several values are equal, the first gets the gradient. For a convolution's output that
// nothing else reads, Conv2DReLUMaxPool is faster.
func (t *Tape) MaxPool(x *Var, size [2]int, o Window) *Var {
	s, err := o.PoolSpec(x.Shape(), size)
	if err != nil {
		kernels.Panicf("max-pool", "%v", err)
	}
	y := t.output([]int{s.N, s.OH, s.OW, s.C}, x)
	y.inheritGate(x) // a maximum is above 0 exactly where the element it was taken from is
	arg := t.alloc(kernels.Int32, y.Shape()).Buffer()
	t.record("max-pool", y, nil,
		func() { t.device.MaxPool(y.data(), arg, x.data(), s) },
		func() { // dy goes to the position of the maximum
			dx, mode := t.into(x)
			t.device.MaxPoolGrad(dx, y.grad(), arg, s, mode)
		})
	return y
}

// AvgPool takes the mean of each window of x [N,H,W,C], over the part of it
// that lies in the image. Sizes and shapes are as for MaxPool.
func (t *Tape) AvgPool(x *Var, size [2]int, o Window) *Var {
	s, err := o.PoolSpec(x.Shape(), size)
	if err != nil {
		kernels.Panicf("avg-pool", "%v", err)
	}
	y := t.output([]int{s.N, s.OH, s.OW, s.C}, x)
	t.record("avg-pool", y, nil,
		func() { t.device.AvgPool(y.data(), x.data(), s) },
		func() { // dy is spread evenly over the window
			dx, mode := t.into(x)
			t.device.AvgPoolGrad(dx, y.grad(), s, mode)
		})
	return y
}
