package autograd

import "baregrad/kernels"

// Conv2DReLUMaxPool is Conv2D with ReLU followed by MaxPool, for x [N,H,W,C], filters w
// [KH,KW,C,Out] and bias [Out] or nil. o is the convolution's window; size and pool are the
// pooling's. y is [N,OH,OW,Out], one element for each pooling window. The values have the
// same bits as those of the separate operations, and so do the gradients except for the
// order of their sums. The pooling's input is larger than everything else here, and nobody
// sees it, so a device need not write it or its gradient to memory. Max pooling and ReLU
// commute, so the pooled value shows where the ReLU passed.
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
