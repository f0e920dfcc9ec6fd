package avx

import "baregrad/kernels"

// The gradient of the input of a 3×3 convolution with Winograd's transforms:
//
//	∂d = B·[ Σ over o of (G·g·Gᵀ) ⊙ (A·∂y·Aᵀ) ]·Bᵀ
//
// A tile of 4×4 output positions reads 6×6 input pixels, so its gradient goes to these. Neighbouring
// tiles overlap by two pixels: a tile writes them first, and the tiles on its right and below add to
// them. So one worker processes an image, its tiles from the top left to the bottom right.
//
// The alternative is a convolution of the padded dy, in tiles of 4×4 of the input. If it needs no
// more tiles it is faster, because it writes less.

// scatterImages is the least number of images to add up tiles for: fewer are too few to share among
// workers.
const scatterImages = 8

// scatterPays tells whether the output has clearly fewer tiles than the input: for 24×24 from 26×26
// they are 36 and 49. (It depends on the shape alone, so that the bits of a result don't depend on
// the number of workers.)
func scatterPays(s kernels.ConvSpec) bool {
	output, input := (s.OH+3)/4*((s.OW+3)/4), (s.H+3)/4*((s.W+3)/4)
	return s.N >= scatterImages && winogradPays(s) && 8*output <= 7*input
}

// winogradGradInput computes the gradient of the input: see Conv2DGradInput.
func (d *Device) winogradGradInput(dx, dy, w []float32, s kernels.ConvSpec, m kernels.Mode) {
	t := &d.wino
	t.set(d, dy, dx, nil, nil, s, m, s.Out, s.C)
	swapped := grow(&d.turned, s.Cols()*s.Out) // [3,3,Out,C]
	for tap := range 9 {
		n := s.C * s.Out
		d.set.tiles.transpose(swapped[tap*n:], s.C, w[tap*n:], s.Out, s.C, s.Out)
	}
	t.transformFilter(swapped)
	if len(t.broken) < s.N {
		t.broken = make([]bool, s.N)
	}
	clear(t.broken[:s.N])
	image := 0
	if m == kernels.Accumulate {
		image = s.H * s.W * s.C
	}
	for i := range d.workspaces {
		grow(&d.workspaces[i].u, image)
	}
	t.phase = (*winogradTask).scatterPart
	each := t.down * t.across
	t.each = max(1, min((3*batchTiles+each-1)/each, s.N/(4*d.pool.workers)))
	d.pool.run((s.N+t.each-1)/t.each, t)
	t.release()

	// Images over which the transforms spread an infinity, a NaN or an overflow are computed again
	// directly.
	for from := 0; from < s.N; from++ {
		if !t.broken[from] {
			continue
		}
		to := from + 1
		for to < s.N && t.broken[to] {
			to++
		}
		some := s
		some.N = to - from
		in, out := s.H*s.W*s.C, s.OH*s.OW*s.Out
		d.gradInput(dx[from*in:to*in], dy[from*out:to*out], w, some, m, false)
		from = to
	}
}

// scatterPart computes some images of dx.
func (t *winogradTask) scatterPart(w *workspace, i int) {
	s, set := t.s, t.d.set
	each := t.down * t.across
	from, to := i*t.each*each, min((i+1)*t.each, s.N)*each // tiles
	for first := from; first < to; first += batchTiles {
		count := min(batchTiles, to-first)
		gradients := t.gradientPlanes(w, first, count, &w.a)
		sums := grow(&w.sums, 36*planeFloats(s.C))
		p := &w.product
		*p = planeProduct{
			a: address(gradients), aRow: 4 * s.Out, aStep: 4, aPlane: 4 * planeFloats(s.Out),
			b: address(t.u), bStep: 4 * s.C, bPlane: 4 * t.filterPlane(),
			c: address(sums), cStep: 4 * s.C, cPlane: 4 * planeFloats(s.C),
			rows: batchTiles, width: 4 * s.C, depth: s.Out, planes: 36,
		}
		p.fetch, p.fetchEnd = t.span(t.x, first, count, s.H, s.W, s.C, s.PadTop, 6)
		p.fetch2, p.fetchEnd2 = t.outputSpan(first+count, min(batchTiles, t.tiles-first-count))
		set.planes.run(p)
		for tile := range count {
			t.scatter(w, sums[tile*s.C:], first+tile)
		}
	}
}

// scatter transforms the sums of one tile and adds them to the 6×6 pixels of dx that the tile reads,
// or sets the pixels that no earlier tile reads.
func (t *winogradTask) scatter(w *workspace, sums []float32, tile int) {
	s := t.s
	n, h, k := t.position(tile)
	size := s.H * s.W * s.C
	image := t.x[n*size : (n+1)*size]
	if t.mode == kernels.Accumulate { // separate, because it may have to be computed again
		image = grow(&w.u, size)
	}
	if h == 0 && k == 0 && (t.down*4+2-s.PadTop < s.H || t.across*4+2-s.PadLeft < s.W) {
		clear(image) // there are pixels that no tile reads
	}
	w.patch = patch{
		planes: address(sums), planeStep: 4 * planeFloats(s.C), temp: address(grow(&w.temp, 36*16)),
		channels: s.C, newRows: 6,
	}
	p := &w.patch
	top, left := h-s.PadTop, k-s.PadLeft
	if top >= 0 && left >= 0 && top+6 <= s.H && left+6 <= s.W {
		p.pixels, p.pixelStep, p.rowStep = address(image[(top*s.W+left)*s.C:]), 4*s.C, 4*s.W*s.C
		p.addLeft = k > 0
		if h > 0 {
			p.newRows = 4
		}
		t.d.set.transforms(s.C).winograd_input_gradient_f32(p)
	} else {
		apart := grow(&w.tile, 36*s.C)
		p.pixels, p.pixelStep, p.rowStep = address(apart), 4*s.C, 4*6*s.C
		t.d.set.transforms(s.C).winograd_input_gradient_f32(p)
		t.scatterInside(image, apart, h, k)
	}
	if p.broken != 0 {
		t.broken[n] = true
	}
	if t.mode == kernels.Accumulate && h+4 >= s.OH && k+4 >= s.OW && !t.broken[n] {
		t.d.set.vector.add_scaled_f32(t.x[n*size:(n+1)*size], image, 1)
	}
}

// scatterInside adds or writes those of a tile's 6×6 pixels that are in the image.
func (t *winogradTask) scatterInside(image, tile []float32, h, k int) {
	s := t.s
	from, to := max(0, s.PadLeft-k), min(6, s.W+s.PadLeft-k) // columns of the tile
	for r := max(0, s.PadTop-h); r < min(6, s.H+s.PadTop-h) && from < to; r++ {
		at := (h-s.PadTop+r)*s.W + k - s.PadLeft
		written := from // the first column that is new
		if h > 0 && r < 2 {
			written = to
		} else if k > 0 {
			written = min(max(2, from), to)
		}
		if from < written {
			t.d.set.vector.add_scaled_f32(image[(at+from)*s.C:(at+written)*s.C], tile[(r*6+from)*s.C:(r*6+written)*s.C], 1)
		}
		if written < to {
			copy(image[(at+written)*s.C:(at+to)*s.C], tile[(r*6+written)*s.C:(r*6+to)*s.C])
		}
	}
}
