package cuda

import "baregrad/kernels"

// Convolutions. The form of a convolution is chosen here. The direct form (conv_direct.ptx) has one
// thread per result, or if there is one input channel, one for several (conv_one.ptx). The implicit
// matrix product (conv_implicit.ptx) works on tiles of 128×32 or 128×64, which should be mostly full,
// in steps of 16 along the sum. The asynchronous form (conv_async.ptx) does the same with fewer
// instructions other than multiply-adds, if the number of channels is a multiple of 4. Winograd's
// algorithm (conv_winograd.ptx) needs fewer multiply-adds, for 3×3 filters.

// A ConvForm is a way to compute a convolution.
type ConvForm int

const (
	ConvByShape        ConvForm = iota // the form that suits the shape
	ConvDirect                         // one thread per result
	ConvImplicit                       // an implicit matrix product where possible
	ConvAsync                          // the same with asynchronous copies where possible, otherwise direct
	ConvAsyncLarge                     // the same with its largest tiles
	ConvWinograd                       // forward and gradient by input by Winograd's algorithm where possible, otherwise by shape
	ConvWinogradNarrow                 // the same with its narrow tiles
)

// implicitSuits reports whether to use the implicit form for a product [m,k]·[k,n].
func (d *Device) implicitSuits(m, n, k int) bool {
	switch d.ConvForm {
	case ConvDirect, ConvAsync, ConvAsyncLarge:
		return false
	case ConvImplicit:
		return true
	}
	return m >= 64 && n >= 16 && k >= 32
}

// Conv2D is y = x∗w + bias, followed by ReLU if s.ReLU is set.
func (d *Device) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	s.Check("conv2d", y, x, w, bias)
	if d.winogradSuits(s, address(y), address(x), address(w), address(bias)) {
		d.convWinograd(y, nil, x, w, bias, s)
		return
	}
	if d.asyncSuits(s.Rows(), s.Out, s.C, s, address(y), address(x), address(w), address(bias)) {
		d.convAsync(y, x, w, bias, s)
		return
	}
	if d.implicitSuits(s.Rows(), s.Out, s.Cols()) {
		d.convImplicit(y, x, w, bias, s)
		return
	}
	d.convDirect(y, x, w, bias, s)
}

// Conv2DGradInput computes the gradient with respect to x.
func (d *Device) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by input", dy, dx, w, nil)
	if d.conv2DGradInputBelow(dx, dy, w, s, m, behindReLU{}) {
		return
	}
	ones := s.StrideH == 1 && s.StrideW == 1
	if ones && d.implicitSuits(s.N*s.H*s.W, s.C, s.KH*s.KW*s.Out) {
		d.convImplicitGradInput(dx, dy, w, s, m)
		return
	}
	d.convDirectGradInput(dx, dy, w, s, m)
}

// conv2DGradInputBelow computes the gradient with respect to x and, if asked for, of the ReLU
// below, with a form that does both in one launch. It reports whether there is such a form for s.
func (d *Device) conv2DGradInputBelow(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode, below behindReLU) bool {
	if s.StrideH != 1 || s.StrideW != 1 {
		return false
	}
	if t := turned(s); d.winogradSuits(t, address(dx), address(dy), address(w), address(below.x)) {
		d.convWinogradGradInput(dx, dy, w, t, m, below)
		return true
	}
	if d.asyncSuits(s.N*s.H*s.W, s.C, s.Out, s, address(dx), address(dy), address(w), address(below.x)) {
		d.convAsyncGradInput(dx, dy, w, s, m, below)
		return true
	}
	return false
}

// Conv2DGradFilter computes the gradient with respect to w.
func (d *Device) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by filter", dy, x, dw, nil)
	if d.asyncSuitsFilter(s, address(dw), address(dy), address(x)) {
		d.convAsyncGradFilter(dw, dy, x, s, m)
		return
	}
	if d.implicitSuits(s.Cols(), s.Out, s.Rows()) {
		d.convImplicitGradFilter(dw, dy, x, s, m)
		return
	}
	d.convDirectGradFilter(dw, dy, x, s, m)
}
