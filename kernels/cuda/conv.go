package cuda

import "baregrad/kernels"

// Convolutions. Which form of a convolution is used is decided here.

// Conv2D is y = x∗w + bias, then ReLU if s says so.
func (d *Device) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	s.Check("conv2d", y, x, w, bias)
	d.convDirect(y, x, w, bias, s)
}

// Conv2DGradInput is the gradient by x.
func (d *Device) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by input", dy, dx, w, nil)
	d.convDirectGradInput(dx, dy, w, s, m)
}

// Conv2DGradFilter is the gradient by w.
func (d *Device) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by filter", dy, x, dw, nil)
	d.convDirectGradFilter(dw, dy, x, s, m)
}
