package avx

// Winograd's algorithm with 2×2 max pooling of its output. A tile of 4×4 is four whole windows. An
// AVX-512 kernel pools it in registers; otherwise it is computed into separate memory in the L1
// cache, and pooled from there. (The gradients are computed from the pooled gradient without it: see
// conv_sparse.go.)

// pooledInRegisters computes a tile and pools it, with its other arguments in w.patch. It returns
// false if it cannot: all four windows must exist, and all sums be finite.
func (t *winogradTask) pooledInRegisters(w *workspace, tile int) bool {
	n, h, k := t.position(tile)
	p, kernel := t.pool, t.d.set.transforms(t.s.Out).winograd_output_pool_f32
	if t.arg == nil || kernel == nil || tile == w.background.tile || h/2+2 > p.OH || k/2+2 > p.OW {
		return false
	}
	out, v := ((n*p.OH+h/2)*p.OW+k/2)*p.C, &w.patch
	v.pixels, v.arg, v.pixelStep, v.rowStep = address(t.y[out:]), address(t.arg[out:]), 4*p.C, 4*p.OW*p.C
	v.first, v.across, v.below = int32(((n*p.H+h)*p.W+k)*p.C), int32(p.C), int32(p.W*p.C)
	kernel(v)
	return v.broken == 0
}

// windows pools the windows of a tile z [4,4,Out].
func (t *winogradTask) windows(w *workspace, z []float32, tile int) {
	n, h, k := t.position(tile)
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
		v.x, v.y, v.arg = address(z[2*r*4*p.C:]), address(t.y[out:]), address(t.arg[out:])
		v.first = int32(((n*p.H+h+2*r)*p.W + k) * p.C)
		t.d.set.pooling.max_pool_2x2_fwd_f32(v)
	}
}

// outputSpan is the memory of the output, or of its gradient, that contains count tiles: see span.
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
