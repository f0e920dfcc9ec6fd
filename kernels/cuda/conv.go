package cuda

import "baregrad/kernels"

// Convolutions. Which form of a convolution is used is decided here: the direct
// form (conv_direct.ptx) has a thread for each result; the implicit product
// (conv_implicit.ptx) works on tiles of 128 by 32 or 64, which must be filled well,
// and walks along its sums 16 at a time; the asynchronous one (conv_async.ptx) does
// the same with fewer instructions beside the multiply-adds, where channels come by fours;
// Winograd's algorithm (conv_winograd.ptx) has fewer multiply-adds, for 3×3 filters.

// A ConvForm is a way to work a convolution out.
type ConvForm int

const (
	ConvByShape        ConvForm = iota // the one that suits the shape
	ConvDirect                         // one thread for each result
	ConvImplicit                       // an implicit matrix product, wherever there is one
	ConvAsync                          // the same, fed by asynchronous copies wherever that can be, else directly
	ConvAsyncLarge                     // the same in its largest tiles
	ConvWinograd                       // forward and by input by Winograd's algorithm wherever that can be, else by the shape
	ConvWinogradNarrow                 // the same in its narrow tiles
)

// implicitSuits decides for a product of [m,k]·[k,n].
func (d *Device) implicitSuits(m, n, k int) bool {
	switch d.ConvForm {
	case ConvDirect, ConvAsync, ConvAsyncLarge:
		return false
	case ConvImplicit:
		return true
	}
	return m >= 64 && n >= 16 && k >= 32
}

// Conv2D is y = x∗w + bias, then ReLU if s says so.
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

// Conv2DGradInput is the gradient by x.
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

// conv2DGradInputBelow is the gradient by x, and behind the ReLU below if that is asked for,
// where one of the forms suits that does both in one launch. It tells whether one does.
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

// Conv2DGradFilter is the gradient by w.
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
