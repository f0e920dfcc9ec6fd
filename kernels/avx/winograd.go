package avx

import (
	"unsafe"

	"baregrad/kernels"
)

// Winograd's F(4×4, 3×3): a convolution with a 3×3 filter and stride 1 with a
// quarter of the multiplications. (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015.) For each tile of 4×4 output positions,
// channel c and filter o:
//
//	y = Aᵀ·[ Σ over c of (G·g·Gᵀ) ⊙ (Bᵀ·d·B) ]·A
//
// where d is the 6×6 pixels that the tile looks at, g the filter and ⊙ the
// product element by element. For each of the 36 elements that sum over c is a
// matrix product: planes[36][tiles, C] · u[36][C, Out]. Direct convolution needs
// 9·16 = 144 multiplications for a tile, channel and filter; this needs 36.
//
// The gradient by the filter turns the same formula round:
//
//	dg = Gᵀ·[ Σ over tiles of (A·dy·Aᵀ) ⊙ (Bᵀ·d·B) ]·G
//
// Its price is accuracy: the transforms add and subtract numbers that are larger
// than the result, and errors come out about twice as large as those of the
// direct sum. TestWinogradAccuracy measures them. So it is used only where it is
// clearly faster: winogradPays. And the transforms spread an infinity or a NaN over
// all of its tile: a tile whose result is not finite is computed again directly.

// The transforms evaluate polynomials at the points 0, ±a, ±b and ∞. (Their
// matrices follow from Toom and Cook's multiplication of polynomials; the
// assembly has A and B, filter6 has G.) These points have exact squares and cubes in
// float32 and make smaller errors than the usual 1 and 2.
const (
	a1 = 0.625
	b1 = 1.5
	a2 = a1 * a1
	b2 = b1 * b1
)

// winogradFactors holds the constants of the transforms, each in all lanes of a register.
var winogradFactors = [8][16]float32{
	lanes16(a1), lanes16(b1), lanes16(a2), lanes16(b2), lanes16(a1 * a2), lanes16(b1 * b2), lanes16(a2 * b2), lanes16(a2 + b2),
}

func lanes16(v float32) (lanes [16]float32) {
	for i := range lanes {
		lanes[i] = v
	}
	return lanes
}

// patch is the argument of the transforms of one tile. Steps are in bytes.
type patch struct {
	pixels             uintptr // the tile in an image, or the pixels that it looks at
	pixelStep, rowStep int     // from pixel to pixel, from row to row
	planes             uintptr // the tile's row in the first of the 36 planes
	planeStep          int     // from plane to plane
	temp               uintptr // memory for 36 registers
	channels           int     // a multiple of the transforms' lanes
	bias               uintptr // of the output; 0 for none
	add                bool    // the output is added to what is there
	relu               bool    // at the end
	broken             uint32  // set by the output's transform: not 0 if a result is not finite
}

// winogradKernels are the transforms of some channels at a time.
type winogradKernels struct {
	lanes                                                          int
	winograd_input_f32, winograd_output_f32, winograd_gradient_f32 func(p *patch)
}

// transforms are the widest transforms that whole registers of channels allow.
func (s *instructionSet) transforms(channels int) *winogradKernels {
	i := 0
	for channels%s.winograd[i].lanes != 0 {
		i++
	}
	return &s.winograd[i]
}

// batchTiles is how many tiles one part transforms before it multiplies: whole
// tiles of 8 and of 6 rows, whose planes stay in the second cache.
const batchTiles = 24

// planeFloats is the distance of planes of c channels: a line more than they hold,
// lest the 36 lines of a tile fall on the same few sets of the first cache.
func planeFloats(c int) int { return batchTiles*c + 16 }

// winogradPays tells whether a convolution is one that is quicker this way: 3×3,
// whole registers of channels, and tiles that hang over the edge but little. A
// tile costs 36 multiplications against 144, and as much as 20 more for its
// transforms.
func winogradPays(s kernels.ConvSpec) bool {
	down, across := (s.OH+3)/4, (s.OW+3)/4
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.C > 0 && s.C%8 == 0 && s.Out > 0 && s.Out%8 == 0 &&
		s.N*down*across >= batchTiles/2 && down*across*(36+20) <= 9*s.OH*s.OW
}

// winogradTask is a convolution, or its gradient by the filter, on its way
// through the workers. First parts are channels of the filter, then batches of
// tiles; of the gradient, chunks of batches and then channels of the filter.
type winogradTask struct {
	d            *Device
	s            kernels.ConvSpec
	y, x, w      []float32 // of the gradient: dy and x
	bias         []float32
	mode         kernels.Mode
	down, across int       // tiles of an image
	tiles        int       // tiles of all images
	u            []float32 // [36][C, Out]: the filter; of the gradient, one for each chunk
	strips       columns   // of Out
	rows         []int     // where each tile begins in a plane, or each channel in a tile
	phase        func(t *winogradTask, w *workspace, i int)
	chunks       int
	result       []float32 // the filter's gradient, before it is known to be finite
}

func (t *winogradTask) part(worker, i int) { t.phase(t, &t.d.workspaces[worker], i) }

func (t *winogradTask) set(d *Device, y, x, w, bias []float32, s kernels.ConvSpec, m kernels.Mode) {
	t.d, t.y, t.x, t.w, t.bias, t.s, t.mode = d, y, x, w, bias, s, m
	t.down, t.across = (s.OH+3)/4, (s.OW+3)/4
	t.tiles = s.N * t.down * t.across
	t.strips.cut(&d.set.tiles, s.Out)
	d.reserve(max(batchTiles, s.C), 36*planeFloats(s.C), 36*max(s.C, s.Out), 36*planeFloats(s.Out), 16*s.Out)
}

// release lets go of the caller's memory.
func (t *winogradTask) release() { t.y, t.x, t.w, t.bias = nil, nil, nil, nil }

// winograd is y = x∗w + bias, or y += …: see convolve.
func (d *Device) winograd(y, x, w, bias []float32, s kernels.ConvSpec, m kernels.Mode) {
	t := &d.wino
	t.set(d, y, x, w, bias, s, m)
	t.u = grow(&d.panels, 36*s.C*s.Out)
	t.rows = t.rows[:0]
	for i := range batchTiles {
		t.rows = append(t.rows, 4*i*s.C)
	}
	t.phase = (*winogradTask).filterPart
	d.runIfLarge(s.C*s.Out*500, s.C, t)
	t.phase = (*winogradTask).batchPart
	d.pool.run((t.tiles+batchTiles-1)/batchTiles, t)
	t.release()
}

// filterPart transforms channel c of the filter: u = G·g·Gᵀ.
func (t *winogradTask) filterPart(_ *workspace, c int) {
	out, plane := t.s.Out, t.s.C*t.s.Out
	for o := c * out; o < (c+1)*out; o++ {
		var columns [6][3]float32
		for v := range 3 {
			for i, value := range filter6(t.w[v*plane+o], t.w[(3+v)*plane+o], t.w[(6+v)*plane+o]) {
				columns[i][v] = value
			}
		}
		for i, row := range columns {
			for j, value := range filter6(row[0], row[1], row[2]) {
				t.u[(i*6+j)*plane+o] = value
			}
		}
	}
}

// filter6 is G·g.
func filter6(g0, g1, g2 float32) [6]float32 {
	const na, nb = 2 * a2 * (a2 - b2), 2 * b2 * (b2 - a2)
	return [6]float32{
		g0 * (1 / (a2 * b2)),
		(g0 + a1*g1 + a2*g2) * (1 / na),
		(g0 - a1*g1 + a2*g2) * (1 / na),
		(g0 + b1*g1 + b2*g2) * (1 / nb),
		(g0 - b1*g1 + b2*g2) * (1 / nb),
		g2,
	}
}

// batchPart computes batch i of the output's tiles.
func (t *winogradTask) batchPart(w *workspace, i int) {
	s, set := t.s, t.d.set
	first := i * batchTiles
	count := min(batchTiles, t.tiles-first)
	planes := t.inputPlanes(w, first, count)
	sums := grow(&w.sums, 36*planeFloats(s.Out))

	rows := w.table(t.rows, count, set.tiles.height)
	for k := range 36 {
		for n := range t.strips.count() {
			j, width := t.strips.strip(n)
			p := &w.strip
			*p = strip{
				rows: rows, a: address(planes[k*planeFloats(s.C):]), aStep: 4, length: s.C, segments: 1,
				b: address(t.u[k*s.C*s.Out+j:]), bStep: 4 * s.Out,
				c: address(sums[k*planeFloats(s.Out)+j:]), cStep: 4 * s.Out, m: count,
			}
			set.tiles.run(p, width)
		}
	}

	transforms := set.transforms(s.Out)
	for tile := range count {
		n, h, k := t.position(first + tile)
		y := t.y[n*s.OH*s.OW*s.Out : (n+1)*s.OH*s.OW*s.Out]
		w.patch = patch{
			planes: address(sums[tile*s.Out:]), planeStep: 4 * planeFloats(s.Out), temp: address(grow(&w.temp, 36*16)),
			channels: s.Out, bias: address(t.bias), add: t.mode == kernels.Accumulate, relu: s.ReLU,
			pixels: address(y[(h*s.OW+k)*s.Out:]), pixelStep: 4 * s.Out, rowStep: 4 * s.OW * s.Out,
		}
		// A tile that hangs over the edge is made in memory of its own, and so is one
		// that may have to be made again from what is there.
		apart := w.patch.add || h+4 > s.OH || k+4 > s.OW
		if apart {
			t.outputApart(w, y, h, k)
		}
		transforms.winograd_output_f32(&w.patch)
		if w.patch.broken != 0 {
			t.outputApart(w, y, h, k)
			t.directTile(w, n, h, k)
			apart = true
		}
		if apart {
			for r := range min(4, s.OH-h) {
				copy(y[((h+r)*s.OW+k)*s.Out:((h+r)*s.OW+min(k+4, s.OW))*s.Out], w.tile[r*4*s.Out:])
			}
		}
	}
}

// outputApart directs the output of the tile at (h,k) of image y to w.tile.
func (t *winogradTask) outputApart(w *workspace, y []float32, h, k int) {
	s := t.s
	tile := grow(&w.tile, 16*s.Out)
	if w.patch.add {
		cut(tile, y, s.OH, s.OW, s.Out, h, k, 4)
	}
	w.patch.pixels, w.patch.pixelStep, w.patch.rowStep = address(tile), 4*s.Out, 16*s.Out
}

// directTile computes the tile at (h,k) of image n's output into w.tile without
// transforms: 16 rows of the im2col matrix times the filter.
func (t *winogradTask) directTile(w *workspace, n, h, k int) {
	s, set := t.s, t.d.set
	pixels := grow(&w.image, 36*s.C)
	cut(pixels, t.x[n*s.H*s.W*s.C:(n+1)*s.H*s.W*s.C], s.H, s.W, s.C, h-s.PadTop, k-s.PadLeft, 6)
	w.rows = w.rows[:0]
	for i := range 18 { // a multiple of 6 and one of 8 above 16
		position := min(i, 15)
		w.rows = append(w.rows, 4*(position/4*6+position%4)*s.C)
	}
	for i := range t.strips.count() {
		j, width := t.strips.strip(i)
		p := &w.strip
		*p = strip{
			rows: uintptr(unsafe.Pointer(&w.rows[0])), a: address(pixels), aStep: 4, aJump: 4 * 3 * s.C, length: 3 * s.C, segments: 3,
			b: address(t.w[j:]), bStep: 4 * s.Out, c: address(w.tile[j:]), cStep: 4 * s.Out, m: 16,
			add: t.mode == kernels.Accumulate, relu: s.ReLU,
		}
		if t.bias != nil {
			p.bias = address(t.bias[j:])
		}
		set.tiles.run(p, width)
	}
}

// position is the image of a tile, and its first output row and column.
func (t *winogradTask) position(tile int) (n, h, k int) {
	each := t.down * t.across
	return tile / each, tile % each / t.across * 4, tile % t.across * 4
}

// inputPlanes transforms the pixels that count tiles look at, from first on, to
// planes[36][batchTiles, C].
func (t *winogradTask) inputPlanes(w *workspace, first, count int) []float32 {
	s := t.s
	planes := grow(&w.a, 36*planeFloats(s.C))
	for tile := range count {
		n, h, k := t.position(first + tile)
		t.transform(w, t.d.set.transforms(s.C).winograd_input_f32, planes[tile*s.C:], t.x, n, s.H, s.W, s.C, h-s.PadTop, k-s.PadLeft, 6)
	}
	return planes
}

// transform applies a kernel that takes size×size pixels of an image [H,W,C],
// from (h,k) on, to a row of planes [36][batchTiles, C]. What lies outside the
// image is 0.
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

// cut copies size×size pixels of an image [H,W,C] from (h,k) on, and zeros for
// those that lie outside.
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
