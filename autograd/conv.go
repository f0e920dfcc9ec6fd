package autograd

import (
	"fmt"
	"slices"

	"baregrad/kernels"
)

// Padding says what surrounds an image.
type Padding int

const (
	// Valid adds nothing: every window must lie inside the image.
	Valid Padding = iota
	// Same adds zeros so that the output has ⌈size/stride⌉ positions. If their number
	// is odd, the extra one is at the bottom or at the right.
	Same
)

// Window describes how a convolution or a pooling moves over an image. A stride or
// dilation of 0 stands for 1.
type Window struct {
	Strides   [2]int  // down, across
	Dilations [2]int  // down, across: the distance between adjacent elements of a filter; not for pooling
	Padding   Padding // Valid by default
	ReLU      bool    // for Conv2D: y = max(y, 0), after the bias
}

// maxWindow keeps the product of two of a window's sizes below 2³¹, so that it fits an int
// on every machine.
const maxWindow = 1 << 15

// span computes a window's positions along one axis: their number, and the padding
// before the first element.
func span(size, kernel, stride, dilation int, p Padding) (out, before int, err error) {
	reach := (kernel-1)*dilation + 1
	switch {
	case min(kernel, stride, dilation) < 1 || max(kernel, stride, dilation) > maxWindow:
		return 0, 0, fmt.Errorf("window size %d, stride %d and dilation %d must be from 1 to %d", kernel, stride, dilation, maxWindow)
	case p != Valid && p != Same:
		return 0, 0, fmt.Errorf("the padding is %d, must be Valid or Same", p)
	case p == Same:
		out = (size + stride - 1) / stride
		before = max(0, (out-1)*stride+reach-size) / 2
	case reach > size:
		return 0, 0, fmt.Errorf("a window that reaches over %d does not fit into %d", reach, size)
	default:
		out = (size-reach)/stride + 1
	}
	return out, before, nil
}

// ConvSpec returns the spec of the convolution of images [N,H,W,C] with filters [KH,KW,C,Out].
func (o Window) ConvSpec(x, w []int) (kernels.ConvSpec, error) {
	o = o.withDefaults([2]int{1, 1})
	if len(x) != 4 || len(w) != 4 {
		return kernels.ConvSpec{}, fmt.Errorf("images %v, filters %v: expected [N H W C] and [KH KW C Out]", x, w)
	}
	if x[3] != w[2] {
		return kernels.ConvSpec{}, fmt.Errorf("images %v, filters %v: channels %d and %d differ", x, w, x[3], w[2])
	}
	s := kernels.ConvSpec{
		N: x[0], H: x[1], W: x[2], C: x[3], KH: w[0], KW: w[1], Out: w[3],
		StrideH: o.Strides[0], StrideW: o.Strides[1],
		DilationH: o.Dilations[0], DilationW: o.Dilations[1], ReLU: o.ReLU,
	}
	var err error
	if s.OH, s.PadTop, err = span(s.H, s.KH, s.StrideH, s.DilationH, o.Padding); err != nil {
		return s, fmt.Errorf("images %v, filters %v, down: %w", x, w, err)
	}
	if s.OW, s.PadLeft, err = span(s.W, s.KW, s.StrideW, s.DilationW, o.Padding); err != nil {
		return s, fmt.Errorf("images %v, filters %v, across: %w", x, w, err)
	}
	return s, nil
}

// PoolSpec returns the spec of the pooling of images [N,H,W,C] with windows of the given
// size. Strides default to the window's size. Pooling has no dilation and no ReLU.
func (o Window) PoolSpec(x []int, size [2]int) (kernels.PoolSpec, error) {
	o = o.withDefaults(size)
	if o.Dilations != [2]int{1, 1} || o.ReLU {
		return kernels.PoolSpec{}, fmt.Errorf("images %v, window %v: dilations %v and ReLU %v, pooling has neither",
			x, size, o.Dilations, o.ReLU)
	}
	if len(x) != 4 {
		return kernels.PoolSpec{}, fmt.Errorf("images %v: expected [N H W C]", x)
	}
	s := kernels.PoolSpec{
		N: x[0], H: x[1], W: x[2], C: x[3], KH: size[0], KW: size[1],
		StrideH: o.Strides[0], StrideW: o.Strides[1],
	}
	var err error
	if s.OH, s.PadTop, err = span(s.H, s.KH, s.StrideH, 1, o.Padding); err != nil {
		return s, fmt.Errorf("images %v, window %v, down: %w", x, size, err)
	}
	if s.OW, s.PadLeft, err = span(s.W, s.KW, s.StrideW, 1, o.Padding); err != nil {
		return s, fmt.Errorf("images %v, window %v, across: %w", x, size, err)
	}
	return s, nil
}

func (o Window) withDefaults(strides [2]int) Window {
	for i := range 2 {
		if o.Strides[i] == 0 {
			o.Strides[i] = strides[i]
		}
		if o.Dilations[i] == 0 {
			o.Dilations[i] = 1
		}
	}
	return o
}

// Conv2D is the convolution of images x [N,H,W,C] with filters w [KH,KW,C,Out],
// plus bias [Out] or nil, then ReLU if o says so: y is [N,OH,OW,Out]. With Valid
// padding OH = ⌊(H−reach)/stride⌋ + 1, where reach = (KH−1)·d + 1 for dilation d. With
// Same padding OH = ⌈H/stride⌉. OW is analogous. For the formula see kernels.ConvSpec.
func (t *Tape) Conv2D(x, w, bias *Var, o Window) *Var {
	s, biasData := o.conv("conv2d", x, w, bias)
	y := t.output([]int{s.N, s.OH, s.OW, s.Out}, given(x, w, bias)...)
	reads := []*Var{x, w}
	if s.ReLU {
		reads = append(reads, y)
	}
	t.record("conv2d", y, reads,
		func() { t.device.Conv2D(y.data(), x.data(), w.data(), biasData, s) },
		func() {
			dy := y.grad()
			t.biasReLUGrad(y, bias, s.ReLU, s.Rows(), s.Out)
			if dx, mode := t.into(x); dx != nil {
				t.device.Conv2DGradInput(dx, dy, w.data(), s, mode)
			}
			if dw, mode := t.into(w); dw != nil {
				t.device.Conv2DGradFilter(dw, dy, x.data(), s, mode)
			}
		})
	y.rectify(s.ReLU, bias)
	return y
}

// conv returns ConvSpec's result and the bias's buffer. It panics if they do not fit. bias may be nil.
func (o Window) conv(op string, x, w, bias *Var) (kernels.ConvSpec, kernels.Buffer) {
	s, err := o.ConvSpec(x.Shape(), w.Shape())
	if err != nil {
		kernels.Panicf(op, "%v", err)
	}
	if bias == nil {
		return s, nil
	}
	if bias.Value.Rank() != 1 || bias.Value.Dim(0) != s.Out {
		kernels.Panicf(op, "filters %v and bias %v: the bias must be one number for each filter", w.Shape(), bias.Shape())
	}
	return s, bias.data()
}

// given returns the variables that are not nil.
func given(vars ...*Var) []*Var {
	return slices.DeleteFunc(vars, func(v *Var) bool { return v == nil })
}

// Im2Col lays out the patches of x [N,H,W,C] under a window of kh×kw as the rows of a
// matrix [N·OH·OW, kh·kw·C]. The product with the filters as a matrix [kh·kw·C, Out]
// is the convolution.
func (t *Tape) Im2Col(x *Var, kh, kw int, o Window) *Var {
	channels := 0
	if x.Value.Rank() == 4 {
		channels = x.Value.Dim(3)
	}
	s, err := o.ConvSpec(x.Shape(), []int{kh, kw, channels, 1})
	if err != nil {
		kernels.Panicf("im2col", "%v", err)
	}
	col := t.output([]int{s.Rows(), s.Cols()}, x)
	t.record("im2col", col, nil,
		func() { t.device.Im2Col(col.data(), x.data(), s) },
		func() { // each element's gradient goes to the pixel that it was copied from
			dx, mode := t.into(x)
			t.device.Col2Im(dx, col.grad(), s, mode)
		})
	return col
}
