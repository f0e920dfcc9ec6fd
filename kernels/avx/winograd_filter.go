package avx

import "baregrad/kernels"

// The gradient by a 3×3 filter with Winograd's transforms; the formula is in winograd.go.

// winogradGradFilter is the gradient by the filter: see Conv2DGradFilter. It
// returns false, having changed nothing, if the sums of the chunks would take too
// much memory or the result is not finite.
func (d *Device) winogradGradFilter(dw, dy, x []float32, s kernels.ConvSpec, m kernels.Mode) bool {
	const most, partialMemory = 32, 1 << 24 // chunks; floats
	t := &d.wino
	t.set(d, dy, x, nil, nil, s, m)
	batches := (t.tiles + batchTiles - 1) / batchTiles
	size := 36 * s.C * s.Out
	wanted := min(most, max(1, batches/4)) // the shape alone decides
	t.chunks = min(wanted, partialMemory/size)
	if t.chunks < min(8, wanted) {
		t.release()
		return false
	}
	t.u = grow(&d.partial, t.chunks*size)
	t.rows = t.rows[:0]
	for c := range s.C {
		t.rows = append(t.rows, 4*c)
	}
	t.phase = (*winogradTask).chunkPart
	d.pool.run(t.chunks, t)
	t.result = grow(&d.turned, 9*s.C*s.Out)
	t.phase = (*winogradTask).filterGradPart
	d.runIfLarge(size*t.chunks, s.C, t)
	defer t.release()
	for _, v := range t.result {
		if v-v != 0 {
			return false // an infinity or a NaN has spread: see above
		}
	}
	if m == kernels.Accumulate {
		d.set.vector.add_scaled_f32(dw, t.result, 1)
	} else {
		copy(dw, t.result)
	}
	return true
}

// chunkPart sums the products of one chunk of batches to its own u:
// u[36][C, Out] = Σ over tiles of planes[36][tile, c] · gradients[36][tile, o].
func (t *winogradTask) chunkPart(w *workspace, chunk int) {
	s, set := t.s, t.d.set
	u := t.u[chunk*36*s.C*s.Out:]
	batches := (t.tiles + batchTiles - 1) / batchTiles
	from, to := chunk*batches/t.chunks, (chunk+1)*batches/t.chunks
	for batch := from; batch < to; batch++ {
		first := batch * batchTiles
		count := min(batchTiles, t.tiles-first)
		planes := t.inputPlanes(w, first, count)
		gradients := grow(&w.sums, 36*planeFloats(s.Out))
		for tile := range count {
			n, h, k := t.position(first + tile)
			t.transform(w, set.transforms(s.Out).winograd_gradient_f32, gradients[tile*s.Out:], t.y, n, s.OH, s.OW, s.Out, h, k, 4)
		}
		rows := w.table(t.rows, s.C, set.tiles.height)
		for k := range 36 {
			for n := range t.strips.count() {
				j, width := t.strips.strip(n)
				p := &w.strip
				*p = strip{
					rows: rows, a: address(planes[k*planeFloats(s.C):]), aStep: 4 * s.C, length: count, segments: 1,
					b: address(gradients[k*planeFloats(s.Out)+j:]), bStep: 4 * s.Out,
					c: address(u[k*s.C*s.Out+j:]), cStep: 4 * s.Out, m: s.C, add: batch > from,
				}
				set.tiles.run(p, width)
			}
		}
	}
}

// filterGradPart adds up the chunks for channel c, and transforms: Gᵀ·u·G.
func (t *winogradTask) filterGradPart(_ *workspace, c int) {
	s, plane := t.s, t.s.C*t.s.Out
	from, to := c*s.Out, (c+1)*s.Out
	for k := range 36 {
		for chunk := 1; chunk < t.chunks; chunk++ {
			t.d.set.vector.add_scaled_f32(t.u[k*plane+from:k*plane+to], t.u[(chunk*36+k)*plane+from:(chunk*36+k)*plane+to], 1)
		}
	}
	for o := from; o < to; o++ {
		var rows [3][6]float32
		for j := range 6 {
			for v, value := range filter3(t.u[j*plane+o], t.u[(6+j)*plane+o], t.u[(12+j)*plane+o], t.u[(18+j)*plane+o], t.u[(24+j)*plane+o], t.u[(30+j)*plane+o]) {
				rows[v][j] = value
			}
		}
		for u, row := range rows {
			for v, value := range filter3(row[0], row[1], row[2], row[3], row[4], row[5]) {
				t.result[(u*3+v)*plane+o] = value
			}
		}
	}
}

// filter3 is Gᵀ·u.
func filter3(u0, u1, u2, u3, u4, u5 float32) [3]float32 {
	const na, nb = 2 * a2 * (a2 - b2), 2 * b2 * (b2 - a2)
	return [3]float32{
		u0*(1/(a2*b2)) + (u1+u2)*(1/na) + (u3+u4)*(1/nb),
		(u1-u2)*(a1/na) + (u3-u4)*(b1/nb),
		(u1+u2)*(a2/na) + (u3+u4)*(b2/nb) + u5,
	}
}
