package avx

// Where Winograd's tiles are in an image, and how they get from there to the planes of the 36 matrix
// products: see winograd.go.

// position returns the image of a tile, and its first output row and column.
func (t *winogradTask) position(tile int) (n, h, k int) {
	each := t.down * t.across
	return tile / each, tile % each / t.across * 4, tile % t.across * 4
}

// span is the memory of the rows of images [H,W,C] that contain count tiles, where a tile is size
// rows high and begins before rows above its position. It is empty if it is much larger than the
// tiles themselves.
func (t *winogradTask) span(images []float32, first, count, H, W, C, before, size int) (from, end uintptr) {
	if count <= 0 {
		return 0, 0
	}
	n, h, _ := t.position(first)
	start := (n*H + min(max(h-before, 0), H)) * W * C
	n, h, _ = t.position(first + count - 1)
	floats := (n*H+min(max(h-before+size, 0), H))*W*C - start
	if floats <= 0 || floats > 3*count*16*C {
		return 0, 0
	}
	from = address(images[start:])
	return from, from + uintptr(4*floats)
}

// inputPlanes transforms the pixels that count tiles read, from tile first on, to
// planes[36][batchTiles, C].
func (t *winogradTask) inputPlanes(w *workspace, first, count int) []float32 {
	s := t.s
	planes := grow(&w.a, 36*planeFloats(s.C)+tileRows)
	for tile := range count {
		t.inputTile(w, planes[tile*s.C:], first+tile)
	}
	return planes
}

// inputTile transforms the pixels that a tile reads to a row of planes.
func (t *winogradTask) inputTile(w *workspace, planes []float32, tile int) {
	s := t.s
	n, h, k := t.position(tile)
	t.transform(w, t.d.set.transforms(s.C).winograd_input_f32, planes, t.x, n, s.H, s.W, s.C, h-s.PadTop, k-s.PadLeft, 6)
}

// transform applies a kernel that maps size×size pixels of an image [H,W,C], from (h,k) on, to a row
// of planes [36][batchTiles, C]. Pixels outside the image are 0.
func (t *winogradTask) transform(w *workspace, kernel func(p *patch), planes, images []float32, n, H, W, C, h, k, size int) {
	image := images[n*H*W*C : (n+1)*H*W*C]
	w.patch = patch{planes: address(planes), planeStep: 4 * planeFloats(C), temp: address(grow(&w.temp, 36*16)), channels: C}
	if h >= 0 && k >= 0 && h+size <= H && k+size <= W {
		w.patch.pixels, w.patch.pixelStep, w.patch.rowStep = address(image[(h*W+k)*C:]), 4*C, 4*W*C
	} else {
		edge := grow(&w.image, 36*C)
		cut(edge, image, H, W, C, h, k, size)
		w.patch.pixels, w.patch.pixelStep, w.patch.rowStep = address(edge), 4*C, 4*size*C
	}
	kernel(&w.patch)
}

// cut copies size×size pixels of an image [H,W,C] from (h,k) on, with zeros for those outside.
func cut(dst, image []float32, H, W, C, h, k, size int) {
	for r := range size {
		row := dst[r*size*C : (r+1)*size*C]
		from, to := max(k, 0), min(k+size, W)
		if h+r < 0 || h+r >= H || from >= to {
			clear(row)
			continue
		}
		clear(row[:(from-k)*C])
		copy(row[(from-k)*C:(to-k)*C], image[((h+r)*W+from)*C:])
		clear(row[(to-k)*C:])
	}
}
