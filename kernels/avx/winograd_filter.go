package avx

import "baregrad/kernels"

// The gradient of a 3×3 filter with Winograd's transforms:
//
//	∂g = Gᵀ·[ Σ over tiles of (A·∂y·Aᵀ) ⊙ (Bᵀ·d·B) ]·G
//
// The sum over tiles is split into chunks of batches. Each chunk adds up in its own memory, u[36][C,
// Out], which stays in the L2 cache, and is transformed to 3×3 from there. What is left to add up is
// [3,3,C,Out] for each chunk.

// winogradGradFilter computes the gradient of the filter: see Conv2DGradFilter. It returns false,
// having changed nothing, if the sums of the chunks would take too much memory or the result is not
// finite.
func (d *Device) winogradGradFilter(dw, dy, x []float32, s kernels.ConvSpec, m kernels.Mode) bool {
	const most, partialMemory = 32, 1 << 22 // chunks; floats
	t := &d.wino
	t.set(d, dy, x, nil, nil, s, m, s.C, s.Out)
	defer t.release()
	size := 9 * s.C * s.Out
	wanted := min(most, max(1, t.batches/4)) // depends on the shape alone
	t.chunks = min(wanted, partialMemory/size)
	if t.chunks < min(8, wanted) {
		return false
	}
	for i := range d.workspaces {
		grow(&d.workspaces[i].u, 36*t.sumsPlane())
	}
	t.partial = grow(&d.partial, t.chunks*size)
	t.phase = (*winogradTask).chunkPart
	d.pool.run(t.chunks, t)
	t.phase = (*winogradTask).sumPart
	d.runIfLarge(size*t.chunks*4, (size+sumElements-1)/sumElements, t)
	result := t.partial[:size]
	if !d.finite(result) {
		return false // an infinity or a NaN has spread: see winograd.go
	}
	if m == kernels.Accumulate {
		d.set.vector.add_scaled_f32(dw, result, 1)
	} else {
		copy(dw, result)
	}
	return true
}

// finite tells whether no element is an infinity or NaN.
func (d *Device) finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// sumsPlane is the distance between the planes of u: a product's last tile may have rows past those
// of C.
func (t *winogradTask) sumsPlane() int {
	height := t.d.set.planes.height
	return (t.s.C+height-1)/height*height*t.s.Out + 16
}

// chunkPart sums the products of one chunk of batches, u[36][C, Out] = Σ over tiles of
// planes[36][tile, c] · gradients[36][tile, o], and transforms the sum.
func (t *winogradTask) chunkPart(w *workspace, chunk int) {
	s, set := t.s, t.d.set
	u := grow(&w.u, 36*t.sumsPlane())
	from, to := chunk*t.batches/t.chunks, (chunk+1)*t.batches/t.chunks
	for batch := from; batch < to; batch++ {
		first := batch * batchTiles
		count := min(batchTiles, t.tiles-first)
		planes := t.inputPlanes(w, first, count)
		gradients := t.gradientPlanes(w, first, count, &w.sums)
		p := &w.product
		*p = planeProduct{
			a: address(planes), aRow: 4, aStep: 4 * s.C, aPlane: 4 * planeFloats(s.C),
			b: address(gradients), bStep: 4 * s.Out, bPlane: 4 * planeFloats(s.Out),
			c: address(u), cStep: 4 * s.Out, cPlane: 4 * t.sumsPlane(),
			rows: s.C, width: 4 * s.Out, depth: count, planes: 36, add: batch > from,
		}
		next := min(batchTiles, t.tiles-first-count)
		p.fetch, p.fetchEnd = t.span(t.x, first+count, next, s.H, s.W, s.C, s.PadTop, 6)
		p.fetch2, p.fetchEnd2 = t.outputSpan(first+count, next)
		set.planes.run(p)
	}
	n := s.C * s.Out
	w.patch = patch{
		planes: address(u), planeStep: 4 * t.sumsPlane(), temp: address(grow(&w.temp, 36*16)), channels: n,
		pixels: address(t.partial[chunk*9*n:]), pixelStep: 4 * n, rowStep: 4 * 3 * n,
	}
	set.planes.winograd_filter_gradient_f32(&w.patch)
}

// gradientPlanes transforms count tiles of dy, from tile first on, to memory[36][batchTiles, Out].
func (t *winogradTask) gradientPlanes(w *workspace, first, count int, memory *[]float32) []float32 {
	s := t.s
	planes := grow(memory, 36*planeFloats(s.Out))
	kernel := t.d.set.transforms(s.Out).winograd_gradient_f32
	for tile := range count {
		n, h, k := t.position(first + tile)
		t.transform(w, kernel, planes[tile*s.Out:], t.y, n, s.OH, s.OW, s.Out, h, k, 4)
	}
	return planes
}

// sumElements is how many elements of the gradient one part sums.
const sumElements = 2048

// sumPart adds the chunks' sums to the first, in order, for some elements.
func (t *winogradTask) sumPart(_ *workspace, i int) {
	size := 9 * t.s.C * t.s.Out
	from, to := i*sumElements, min(size, (i+1)*sumElements)
	for chunk := 1; chunk < t.chunks; chunk++ {
		t.d.set.vector.add_scaled_f32(t.partial[from:to], t.partial[chunk*size+from:chunk*size+to], 1)
	}
}
