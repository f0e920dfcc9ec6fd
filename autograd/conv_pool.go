package autograd

import "baregrad/kernels"

// Conv2DReLUMaxPool is MaxPool of what Conv2D with a ReLU gives, for x [N,H,W,C], filters w
// [KH,KW,C,Out] and bias [Out] or nil: o is the convolution's window, and size and pool are
// the pooling's, whose windows y [N,OH,OW,Out] counts. The values are the same
// bits, and so are the gradients but for the order of their sums. What is pooled is
// larger than all else here by the size of the windows, and nobody sees it: so a device
// need not write it to memory, nor its gradient. The largest of what a ReLU let through
// is the ReLU of the largest, so that the pooled value tells where it did.
func (t *Tape) Conv2DReLUMaxPool(x, w, bias *Var, o Window, size [2]int, pool Window) *Var {
	o.ReLU = true
	s, biasData := o.conv("conv2d-relu-max-pool", x, w, bias)
	p, err := pool.PoolSpec([]int{s.N, s.OH, s.OW, s.Out}, size)
	if err != nil {
		kernels.Panicf("conv2d-relu-max-pool", "%v", err)
	}
	y := t.output([]int{p.N, p.OH, p.OW, p.C}, given(x, w, bias)...)
	y.gate = y
	arg := t.alloc(kernels.Int32, y.Shape()).Buffer()
	both := kernels.ConvPoolSpec{Conv: s, Pool: p}
	t.record("conv2d-relu-max-pool", y, []*Var{x, w, y},
		func() { t.device.Conv2DReLUMaxPool(y.data(), arg, x.data(), w.data(), biasData, both) },
		func() {
			dx, mx := t.into(x)
			dw, mw := t.into(w)
			db, mb := t.into(bias)
			if dbelow, mbelow, ok := t.earlyBiasReLUGrad(x, mx); ok {
				if t.device.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, db, y.grad(), y.data(), arg, x.data(), w.data(), both, mbelow, mw, mb) {
					t.didBiasReLUGrad(x)
				}
				return
			}
			t.device.Conv2DReLUMaxPoolGrad(dx, dw, db, y.grad(), y.data(), arg, x.data(), w.data(), both, mx, mw, mb)
		})
	return y
}
