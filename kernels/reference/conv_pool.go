package reference

import "baregrad/kernels"

// A convolution with ReLU, and the max pooling of its output:
//
//	y = MaxPool(z), where z[n,i,j,o] = max(0, bias[o] + Σ over u,v,c of x[n,h,k,c]·w[u,v,c,o])
//
// Here it is one after the other. A device that is faster if z never goes to memory
// must give what this gives: see conv.go and pool.go for h, k and the windows.

func (d *Device) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	s.Check("conv2d relu maxpool", y, arg, x, w, bias)
	z := d.between.Floats(s.Conv.Rows() * s.Conv.Out)
	d.Conv2D(z, x, w, bias, s.Conv)
	d.MaxPool(y, arg, z, s.Pool)
}

// Conv2DReLUMaxPoolGrad is the pooling's gradient where the ReLU let something through,
// and with that the convolution's.
func (d *Device) Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	s.CheckGrad("conv2d relu maxpool gradient", dx, dw, dbias, dy, y, arg, x, w)
	dz := d.between.Floats(s.Conv.Rows() * s.Conv.Out)
	d.BiasReLUMaxPoolGrad(dz, dbias, dy, y, arg, s.Pool, mb)
	if dx != nil {
		d.Conv2DGradInput(dx, dz, w, s.Conv, mx)
	}
	if dw != nil {
		d.Conv2DGradFilter(dw, dz, x, s.Conv, mw)
	}
}

// BiasReLUConv2DReLUMaxPoolGrad is Conv2DReLUMaxPoolGrad. Here the ReLU below is left to the caller.
func (d *Device) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) (done bool) {
	s.CheckGradBelow("bias relu conv2d relu maxpool gradient", dx, dbelow, dw, dbias, dy, y, arg, x, w)
	d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, kernels.Overwrite, mw, mb)
	return false
}
