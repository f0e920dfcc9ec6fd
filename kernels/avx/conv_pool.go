package avx

import "baregrad/kernels"

// A convolution with ReLU and the max pooling of its output z:
//
//	y = MaxPool(z), z = ReLU(x∗w + bias)
//
// If the windows are 2×2 side by side, z never goes to memory. A worker computes a band of z that
// stays in its L1 cache (with Winograd's algorithm a tile, with one channel a tile in registers:
// conv_pool_one.go) and pools it from there. The values are those of Conv2D, so the results have the
// same bits. The gradients come from the pooled gradient, without z's gradient in memory:
// conv_pool_filter.go for a filter of one channel, conv_sparse.go for more channels.
//
// All other poolings use z in scratch memory: fusesPooling is the one condition.

// fusesPooling tells whether the pooling needs no z in memory.
func fusesPooling(s kernels.ConvPoolSpec) bool {
	p := s.Pool
	return s.Conv.Cols() > 0 && p.N*p.OH*p.OW*p.C > 0 && p.KH == 2 && p.KW == 2 && p.StrideH == 2 && p.StrideW == 2 &&
		p.PadTop == 0 && p.PadLeft == 0 && 2*p.OH <= p.H && 2*p.OW <= p.W
}

// Conv2DReLUMaxPool computes both: see kernels.Device.
func (d *Device) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	s.Check("conv2d relu maxpool", y, arg, x, w, bias)
	if !fusesPooling(s) {
		z := d.between.Floats(s.Conv.Rows() * s.Conv.Out)
		d.Conv2D(z, x, w, bias, s.Conv)
		d.MaxPool(y, arg, z, s.Pool)
		return
	}
	const o = kernels.Overwrite
	if winogradPays(s.Conv) {
		d.wino.arg, d.wino.pool = kernels.Ints(arg), s.Pool
		defer func() { d.wino.arg = nil }() // also if it panics: the next one has no pooling
		d.winograd(kernels.Floats(y), kernels.Floats(x), kernels.Floats(w), kernels.Floats(bias), s.Conv, o)
		return
	}
	if d.poolsOneChannel(s) {
		d.convPoolOne(y, arg, x, w, bias, s)
		return
	}
	d.conv.arg, d.conv.pool = kernels.Ints(arg), s.Pool
	defer func() { d.conv.arg = nil }()
	d.convolve(kernels.Floats(y), kernels.Floats(x), kernels.Floats(w), kernels.Floats(bias), s.Conv, o, newView(s.Conv))
}

// Conv2DReLUMaxPoolGrad computes the gradients: see kernels.Device.
func (d *Device) Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	s.CheckGrad("conv2d relu maxpool gradient", dx, dw, dbias, dy, y, arg, x, w)
	switch c := s.Conv; {
	case !fusesPooling(s):
	case sparsePays(s):
		d.sparseGrad(dx, dw, dbias, dy, y, arg, x, w, s, mx, mw, mb)
		return
	case c.C == 1 && c.Out >= 8 && dx == nil && dw != nil:
		d.convPoolGradFilter(dw, dbias, dy, y, arg, x, s, mw, mb)
		return
	}
	dz := d.between.Floats(s.Conv.Rows() * s.Conv.Out)
	d.BiasReLUMaxPoolGrad(dz, dbias, dy, y, arg, s.Pool, mb)
	if dx != nil {
		d.Conv2DGradInput(dx, dz, w, s.Conv, mx)
	}
	if dw != nil {
		d.Conv2DGradFilter(dw, dz, x, s.Conv, mw)
	}
}

// BiasReLUConv2DReLUMaxPoolGrad computes the gradients, also through the ReLU below if they are
// computed from the nonzeros alone: see kernels.Device.
func (d *Device) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) (done bool) {
	s.CheckGradBelow("bias relu conv2d relu maxpool gradient", dx, dbelow, dw, dbias, dy, y, arg, x, w)
	const o = kernels.Overwrite
	if !sparsePays(s) {
		d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, o, mw, mb)
		return false
	}
	t := &d.sparse
	t.behindReLU, t.dbelow, t.mbelow = true, kernels.Floats(dbelow), mbelow
	d.sparseGrad(dx, dw, dbias, dy, y, arg, x, w, s, o, mw, mb)
	t.behindReLU, t.dbelow = false, nil
	return true
}

// bandFloats is how much of z is computed before it is pooled: half of an L1 cache.
const bandFloats = 1 << 12

// pooledBand returns the rows of a band that stays in the L1 cache: whole windows, about the given
// number of rows at most. It reserves the memory for it.
func (t *convTask) pooledBand(rows int) int {
	row := t.s.OW * t.s.Out
	rows = max(2, min(rows+rows%2, bandFloats/row/2*2))
	for i := range t.d.workspaces {
		grow(&t.d.workspaces[i].band, rows*row)
	}
	return rows
}

// poolBand takes the maxima of count rows of image n's z, from oh on.
func (t *convTask) poolBand(w *window, band []float32, n, oh, count int) {
	p, row := t.pool, t.pool.W*t.pool.C
	for i := 0; i < count; i += 2 {
		out := (n*p.OH + (oh+i)/2) * p.OW * p.C
		*w = window{
			x: address(band[i*row:]), y: address(t.y[out:]), arg: address(t.arg[out:]),
			count: p.OW, c: p.C, kh: 2, kw: 2, tapStep: 4 * p.C, rowStep: 4 * (p.W - 2) * p.C, windowStep: 4 * 2 * p.C,
			first: int32((n*p.H + oh + i) * row), tapIndex: int32(p.C), rowIndex: int32((p.W - 2) * p.C), windowIndex: int32(2 * p.C),
		}
		t.d.set.pooling.max_pool_2x2_fwd_f32(w)
	}
}
