package reference

import "baregrad/kernels"

// A convolution with ReLU, followed by max pooling:
//
//	y = MaxPool(z), where z[n,i,j,o] = max(0, bias[o] + Σ over u,v,c of x[n,h,k,c]·w[u,v,c,o])
//
// Here the two run one after the other. A device that avoids storing z must give the
// same result. For h, k and the windows see conv.go and pool.go.

func (d *Device) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	s.Check("conv2d relu maxpool", y, arg, x, w, bias)
	z := d.between.Floats(s.Conv.Rows() * s.Conv.Out)
	d.Conv2D(z, x, w, bias, s.Conv)
	d.MaxPool(y, arg, z, s.Pool)
}

// Conv2DReLUMaxPoolGrad computes the gradient of the pooling and the ReLU, and from it that
// of the convolution.
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

// BiasReLUConv2DReLUMaxPoolGrad is Conv2DReLUMaxPoolGrad. It leaves the ReLU below to the caller.
func (d *Device) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) (done bool) {
	s.CheckGradBelow("bias relu conv2d relu maxpool gradient", dx, dbelow, dw, dbias, dy, y, arg, x, w)
	d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, kernels.Overwrite, mw, mb)
	return false
}
