package cuda

import "baregrad/kernels"

// Conv2DReLUMaxPool computes the convolution into scratch memory and then pools it, in two
// launches. With Winograd's algorithm one launch does both, after the one that transforms the
// filters.
func (d *Device) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	s.Check("conv2d relu maxpool", y, arg, x, w, bias)
	if winogradPools(s) && d.winogradSuits(s.Conv, address(y), address(arg), address(x), address(w), address(bias)) {
		d.convWinograd(y, arg, x, w, bias, s.Conv)
		return
	}
	z := d.unpooled.buffer(d, s.Conv.Rows()*s.Conv.Out)
	d.Conv2D(z, x, w, bias, s.Conv)
	d.MaxPool(y, arg, z, s.Pool)
}

// Conv2DReLUMaxPoolGrad distributes the gradient over the convolution's output in scratch memory,
// and continues from there.
func (d *Device) Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	s.CheckGrad("conv2d relu maxpool gradient", dx, dw, dbias, dy, y, arg, x, w)
	dz := d.unpooledGrad(dbias, dy, y, arg, s, mb)
	if dx != nil {
		d.Conv2DGradInput(dx, dz, w, s.Conv, mx)
	}
	if dw != nil {
		d.Conv2DGradFilter(dw, dz, x, s.Conv, mw)
	}
}

// BiasReLUConv2DReLUMaxPoolGrad is Conv2DReLUMaxPoolGrad followed by the gradient of the bias and
// ReLU below. If a form of the gradient by input includes that, it is part of its launch.
func (d *Device) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) (done bool) {
	s.CheckGradBelow("bias relu conv2d relu maxpool gradient", dx, dbelow, dw, dbias, dy, y, arg, x, w)
	dz := d.unpooledGrad(dbias, dy, y, arg, s, mb)
	done = d.conv2DGradInputBelow(dx, dz, w, s.Conv, kernels.Overwrite, behindReLU{x, dbelow, mbelow})
	if !done {
		d.Conv2DGradInput(dx, dz, w, s.Conv, kernels.Overwrite)
	}
	if dw != nil {
		d.Conv2DGradFilter(dw, dz, x, s.Conv, mw)
	}
	return done
}

// unpooledGrad distributes the gradient over the convolution's output in scratch memory.
func (d *Device) unpooledGrad(dbias, dy, y, arg kernels.Buffer, s kernels.ConvPoolSpec, m kernels.Mode) kernels.Buffer {
	dz := d.unpooled.buffer(d, s.Conv.Rows()*s.Conv.Out)
	d.BiasReLUMaxPoolGrad(dz, dbias, dy, y, arg, s.Pool, m)
	return dz
}
