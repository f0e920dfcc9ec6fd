package avx

import "baregrad/kernels"

// Winograd's algorithm with the 2×2 max pooling of its output. A tile of 4×4 is four
// whole windows. Forward it is made in memory of its own, in the first cache, and pooled
// from there. Backward the transform spreads the gradients of the four windows over the
// tile's pixels as it loads them.

// outputPooled computes the tile at (h,k) of image n's output and pools it. The rest of
// its argument is in w.patch.
func (t *winogradTask) outputPooled(w *workspace, n, h, k int) {
	s := t.s
	t.outputApart(w, nil, h, k)
	t.d.set.transforms(s.Out).winograd_output_f32(&w.patch)
	if w.patch.broken != 0 {
		t.directTile(w, n, h, k)
	}
	t.windows(w, n, h, k, t.d.set.pooling.max_pool_2x2_fwd_f32)
}

// setPooling says that the output is pooled, and where in z the pixels of a tile are.
func (t *winogradTask) setPooling(arg []int32, p kernels.PoolSpec) {
	t.arg, t.pool = arg, p
	for i := range t.places {
		t.places[i] = int32((i/4*p.W + i%4) * p.C)
	}
}

// transformPooled transforms the gradient of the tile at (h,k) of image n's output, to a
// row of planes: what t.y has for its windows, where their maxima were, and else 0.
func (t *winogradTask) transformPooled(w *workspace, planes []float32, n, h, k int) {
	p, transforms := t.pool, t.d.set.transforms(t.s.Out)
	if h/2+2 > p.OH || k/2+2 > p.OW { // there are pixels that are in no window
		tile := grow(&w.tile, 16*p.C)
		clear(tile)
		t.windows(w, n, h, k, t.d.set.pooling.max_pool_2x2_bwd_f32)
		t.transform(w, transforms.winograd_gradient_f32, planes, tile, 0, 4, 4, p.C, 0, 0, 4)
		return
	}
	at := ((n*p.OH+h/2)*p.OW + k/2) * p.C
	q := &w.patch
	q.pixels, q.pixelStep, q.rowStep = address(t.y[at:]), 4*p.C, 4*p.OW*p.C
	q.arg, q.first, q.places = address(t.arg[at:]), ((n*p.H+h)*p.W+k)*p.C, address(t.places[:])
	q.planes, q.planeStep, q.temp, q.channels = address(planes), 4*planeFloats(p.C), address(grow(&w.temp, 36*16)), p.C
	transforms.winograd_pooled_gradient_f32(q)
}

// windows hands the windows of the tile at (h,k) of image n to a kernel, with the tile in w.tile.
func (t *winogradTask) windows(w *workspace, n, h, k int, kernel func(w *window)) {
	p, i, j, v := t.pool, h/2, k/2, &w.window
	v.c, v.kh, v.kw = p.C, 2, 2
	v.tapStep, v.rowStep, v.windowStep = 4*p.C, 4*2*p.C, 4*2*p.C
	v.tapIndex, v.rowIndex, v.windowIndex = int32(p.C), int32((p.W-2)*p.C), int32(2*p.C)
	for r := range min(2, p.OH-i) {
		v.count = min(2, p.OW-j)
		if v.count <= 0 {
			return
		}
		out := ((n*p.OH+i+r)*p.OW + j) * p.C
		v.x, v.y, v.arg = address(w.tile[2*r*4*p.C:]), address(t.y[out:]), address(t.arg[out:])
		v.first = int32(((n*p.H+h+2*r)*p.W + k) * p.C)
		kernel(v)
	}
}

// outputSpan is the memory of the output, or of its gradient, that count tiles belong to:
// see span.
func (t *winogradTask) outputSpan(first, count int) (from, end uintptr) {
	if t.arg == nil {
		return t.span(t.y, first, count, t.s.OH, t.s.OW, t.s.Out, 0, 4)
	}
	if count <= 0 {
		return 0, 0
	}
	p := t.pool
	n, h, _ := t.position(first)
	from = address(t.y[min((n*p.OH+h/2)*p.OW*p.C, len(t.y)-1):])
	n, h, _ = t.position(first + count - 1)
	end = address(t.y) + uintptr(4*(n*p.OH+min(h/2+2, p.OH))*p.OW*p.C)
	return min(from, end), end
}

// winogradPoolGrad is the gradients by x and by w, either of which may be nil, from
// the pooled gradient dz.
func (d *Device) winogradPoolGrad(dx, dw, dz, x, w []float32, arg []int32, s kernels.ConvPoolSpec, mx, mw kernels.Mode) {
	t := &d.wino
	t.setPooling(arg, s.Pool)
	if dx != nil {
		d.winogradGradInput(dx, dz, w, s.Conv, mx)
	}
	if dw != nil && !d.winogradGradFilter(dw, dz, x, s.Conv, mw) {
		d.gradFilter(dw, t.allUnpooled(dz), x, s.Conv, mw)
	}
	t.arg = nil
}

// allUnpooled is the gradient of all of the output, for what is computed directly.
func (t *winogradTask) allUnpooled(dz []float32) []float32 {
	p := t.pool
	all := make([]float32, p.N*p.H*p.W*p.C)
	for i, v := range dz {
		all[t.arg[i]] = v
	}
	return all
}
