package avx

import (
	"unsafe"

	"baregrad/kernels"
)

// Winograd's F(4×4, 3×3) computes a convolution with a 3×3 filter and stride 1 with a quarter of the
// multiplications. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.) For
// each tile of 4×4 output positions, channel c and filter o:
//
//	y = Aᵀ·[ Σ over c of (G·g·Gᵀ) ⊙ (Bᵀ·d·B) ]·A
//
// where d is the 6×6 pixels that the tile reads, g the filter and ⊙ the elementwise product. For each
// of the 36 elements, that sum over c is a matrix product: planes[36][tiles, C] · u[36][C, Out].
// Direct convolution needs 9·16 = 144 multiplications for a tile, channel and filter; this needs 36.
//
// The gradients use the transposed transforms. With ∂y, a tile of the output's gradient, the gradient
// of the input is a sum over the tiles that read a pixel, and the gradient of the filter is a sum
// over all tiles:
//
//	∂d = B·[ Σ over o of (G·g·Gᵀ) ⊙ (A·∂y·Aᵀ) ]·Bᵀ
//	∂g = Gᵀ·[ Σ over tiles of (A·∂y·Aᵀ) ⊙ (Bᵀ·d·B) ]·G
//
// The price is accuracy: the transforms add and subtract numbers larger than the result, and errors
// are about twice those of the direct sum. TestWinogradAccuracy measures them. So it is used only
// where it is clearly faster: winogradPays. Also, the transforms spread an infinity or a NaN over the
// whole tile: a tile whose result is not finite is computed again directly.

// The transforms evaluate polynomials at the points 0, ±a, ±b and ∞. (Their matrices follow from
// Toom–Cook multiplication of polynomials; they are in winograd_amd64.h.) These points have exact
// squares and cubes in float32, and give smaller errors than the usual 1 and 2.
const (
	a1 = 0.625
	b1 = 1.5
	a2 = a1 * a1
	b2 = b1 * b1
	na = 2 * a2 * (a2 - b2)
	nb = 2 * b2 * (b2 - a2)
)

// winogradFactors holds the constants of the transforms, each in all lanes of a register: a, b, a²,
// b², a³, b³, a²b², a²+b²; the rest is for the filters.
var winogradFactors = [15][16]float32{
	lanes16(a1), lanes16(b1), lanes16(a2), lanes16(b2), lanes16(a1 * a2), lanes16(b1 * b2), lanes16(a2 * b2), lanes16(a2 + b2),
	lanes16(1 / (a2 * b2)), lanes16(1 / na), lanes16(1 / nb), lanes16(a1 / na), lanes16(b1 / nb), lanes16(a2 / na), lanes16(b2 / nb),
}

func lanes16(v float32) (lanes [16]float32) {
	for i := range lanes {
		lanes[i] = v
	}
	return lanes
}

// patch is the argument of the transforms of one tile. Steps are in bytes.
type patch struct {
	pixels             uintptr // the tile in an image, the pixels that it reads, or the filter
	pixelStep, rowStep int     // from pixel to pixel, from row to row
	planes             uintptr // the tile's row in the first of the 36 planes
	planeStep          int     // from plane to plane
	temp               uintptr // memory for 36 registers, for transforms that need it
	channels           int     // a multiple of the transforms' lanes
	bias               uintptr // of the output; 0 for none
	add                bool    // the output is added to what is there
	relu               bool    // at the end
	newRows            int     // gradient of the input: the last newRows rows are written, the others added to
	addLeft            bool    // and the first two pixels of each row are added to
	arg                uintptr // pooled output: the indices' address; steps are from window to window
	first              int32   // the index of the tile's first position,
	across, below      int32   // and the steps to its neighbours' indices
	broken             uint32  // set by the transforms of results: not 0 if a result is not finite
}

// winogradKernels are the transforms of lanes channels at a time.
type winogradKernels struct {
	lanes                                              int
	winograd_input_f32, winograd_output_f32            func(p *patch)
	winograd_output_pool_f32                           func(p *patch) // nil if there is none
	winograd_gradient_f32, winograd_input_gradient_f32 func(p *patch)
}

// planeKernels work on all planes, with any number of channels.
type planeKernels struct {
	height, columns                                   int // of the product's tiles
	winograd_product_f32                              func(p *planeProduct)
	winograd_filter_f32, winograd_filter_gradient_f32 func(p *patch)
}

// transforms returns the widest transforms for which the channels are whole registers.
func (s *instructionSet) transforms(channels int) *winogradKernels {
	i := 0
	for channels%s.winograd[i].lanes != 0 {
		i++
	}
	return &s.winograd[i]
}

// batchTiles is how many tiles are transformed before they are multiplied: whole product tiles of 8
// or of 6 rows, whose planes stay in the L2 cache with the filter's.
const batchTiles = 24

// planeFloats is the distance between planes of c channels: one cache line more than they hold, so
// that the 36 lines of a tile don't fall on the same few sets of the L1 cache. filterPlane is the
// same for the filter.
func planeFloats(c int) int { return batchTiles*c + 16 }

func (t *winogradTask) filterPlane() int { return t.s.C*t.s.Out + 16 }

// winogradPays tells whether a convolution is faster this way: 3×3, whole registers of channels, and
// tiles that extend little past the edge. A tile costs 36 multiplications instead of 144, and up to
// 20 more for its transforms.
func winogradPays(s kernels.ConvSpec) bool {
	down, across := (s.OH+3)/4, (s.OW+3)/4
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.C > 0 && s.C%8 == 0 && s.Out > 0 && s.Out%8 == 0 &&
		s.N*down*across >= batchTiles/2 && down*across*(36+20) <= 9*s.OH*s.OW
}

// winogradTask is a convolution, or one of its gradients, being computed by the workers. In the first
// phase the parts are pieces of the filter, then some batches of tiles. For the gradient of the input
// they are images; for the gradient of the filter, chunks of batches and then pieces of the filter.
type winogradTask struct {
	d            *Device
	s            kernels.ConvSpec
	y, x, w      []float32 // for the gradients: dy, and x or dx
	bias         []float32
	mode         kernels.Mode
	down, across int       // tiles of an image
	tiles        int       // tiles of all images
	batches      int       // of all tiles
	each         int       // batches of a part, or images
	u            []float32 // [36][C, Out], filterPlane apart: the filter; for the gradient of the input [36][Out, C]
	strips       columns   // of Out
	phase        func(t *winogradTask, w *workspace, i int)
	chunks       int
	partial      []float32 // [chunks][3, 3, C, Out]: the filter's gradient, before it is known to be finite
	broken       []bool    // gradient of the input: images whose result is not finite
	arg          []int32   // nil, or the output is pooled: see winograd_pool.go
	pool         kernels.PoolSpec
}

func (t *winogradTask) part(worker, i int) { t.phase(t, &t.d.workspaces[worker], i) }

// set fills in what all uses of the task need. input and output are the numbers of channels of the
// planes before and after the product.
func (t *winogradTask) set(d *Device, y, x, w, bias []float32, s kernels.ConvSpec, m kernels.Mode, input, output int) {
	t.d, t.y, t.x, t.w, t.bias, t.s, t.mode = d, y, x, w, bias, s, m
	t.down, t.across = (s.OH+3)/4, (s.OW+3)/4
	t.tiles = s.N * t.down * t.across
	t.batches = (t.tiles + batchTiles - 1) / batchTiles
	// The last rows of a product tile may be past the planes.
	d.reserve(batchTiles, 36*planeFloats(input)+tileRows, 36*max(s.C, s.Out), 36*planeFloats(output), 36*max(s.C, s.Out))
}

// release drops the references to the caller's memory.
func (t *winogradTask) release() { t.y, t.x, t.w, t.bias = nil, nil, nil, nil }

// winograd computes y = x∗w + bias, or y += …: see convolve.
func (d *Device) winograd(y, x, w, bias []float32, s kernels.ConvSpec, m kernels.Mode) {
	t := &d.wino
	t.set(d, y, x, w, bias, s, m, s.C, s.Out)
	t.strips.cut(&d.set.tiles, s.Out)
	t.transformFilter(w)
	t.phase = (*winogradTask).forwardPart
	t.each = max(1, min(8, t.batches/(16*d.pool.workers)))
	for i := range d.workspaces {
		d.workspaces[i].background.reserve(t.each*batchTiles, 16*s.Out)
	}
	d.pool.run((t.batches+t.each-1)/t.each, t)
	t.release()
}

// filterElements is how many elements of the filter one part transforms: whole registers, because
// C·Out is a multiple of 64.
const filterElements = 512

// transformFilter sets u = G·g·Gᵀ for each element of a filter [3,3] of C·Out elements.
func (t *winogradTask) transformFilter(w []float32) {
	t.w = w
	t.u = grow(&t.d.panels, 36*t.filterPlane())
	t.phase = (*winogradTask).filterPart
	n := t.s.C * t.s.Out
	t.d.runIfLarge(40*n, (n+filterElements-1)/filterElements, t)
}

func (t *winogradTask) filterPart(w *workspace, i int) {
	n := t.s.C * t.s.Out
	from := i * filterElements
	w.patch = patch{
		pixels: address(t.w[from:]), pixelStep: 4 * n, rowStep: 4 * 3 * n,
		planes: address(t.u[from:]), planeStep: 4 * t.filterPlane(),
		temp: address(grow(&w.temp, 36*16)), channels: min(filterElements, n-from),
	}
	t.d.set.planes.winograd_filter_f32(&w.patch)
}

// forwardPart computes some tiles of the output, one batch at a time: it transforms the pixels that
// the tiles read, multiplies them with the filter, and transforms the products to the output. Tiles
// of background, except for the first, wait for the first one's output: see winograd_background.go.
func (t *winogradTask) forwardPart(w *workspace, i int) {
	first, end := i*t.each*batchTiles, min((i+1)*t.each*batchTiles, t.tiles)
	planes := grow(&w.a, 36*planeFloats(t.s.C)+tileRows)
	b := &w.background
	b.begin()
	w.batch = w.batch[:0]
	for tile := first; tile < end; tile++ {
		if !b.waits(t, tile) {
			t.inputTile(w, planes[len(w.batch)*t.s.C:], tile)
			w.batch = append(w.batch, tile)
		}
		if len(w.batch) == batchTiles || tile == end-1 {
			t.batchOutput(w, planes, first, tile+1)
			first, w.batch, b.waiting = tile+1, w.batch[:0], b.waiting[:0]
		}
	}
}

// batchOutput computes the output of tiles [first, end), of which w.batch lists those that are not
// background.
func (t *winogradTask) batchOutput(w *workspace, planes []float32, first, end int) {
	s, set := t.s, t.d.set
	sums := grow(&w.sums, 36*planeFloats(s.Out))
	if len(w.batch) > 0 {
		p := &w.product
		*p = planeProduct{
			a: address(planes), aRow: 4 * s.C, aStep: 4, aPlane: 4 * planeFloats(s.C),
			b: address(t.u), bStep: 4 * s.Out, bPlane: 4 * t.filterPlane(),
			c: address(sums), cStep: 4 * s.Out, cPlane: 4 * planeFloats(s.Out),
			rows: len(w.batch), width: 4 * s.Out, depth: s.C, planes: 36,
		}
		p.fetch, p.fetchEnd = t.outputSpan(first, end-first)
		p.fetch2, p.fetchEnd2 = t.span(t.x, end, min(batchTiles, t.tiles-end), s.H, s.W, s.C, s.PadTop, 6)
		set.planes.run(p)
	}
	for i, tile := range w.batch {
		t.output(w, sums[i*s.Out:], tile)
	}
	for _, tile := range w.background.waiting {
		t.place(w, w.background.output, tile)
	}
}

// output transforms the sums of one tile and puts the result into y.
func (t *winogradTask) output(w *workspace, sums []float32, tile int) {
	s := t.s
	_, h, k := t.position(tile)
	w.patch = patch{
		planes: address(sums), planeStep: 4 * planeFloats(s.Out), temp: address(grow(&w.temp, 36*16)),
		channels: s.Out, bias: address(t.bias), add: t.mode == kernels.Accumulate, relu: s.ReLU,
	}
	if t.pooledInRegisters(w, tile) {
		return
	}
	// A tile is written to separate memory first if it is to be pooled or used again, if it extends
	// past the edge, and if the sums that it is added to may be needed again.
	memory := &w.tile
	used := tile == w.background.tile
	if used {
		memory = &w.background.output
	}
	apart := t.arg != nil || used || w.patch.add || h+4 > s.OH || k+4 > s.OW
	if apart {
		t.outputApart(w, grow(memory, 16*s.Out), tile)
	} else {
		y := t.image(tile)
		w.patch.pixels, w.patch.pixelStep, w.patch.rowStep = address(y[(h*s.OW+k)*s.Out:]), 4*s.Out, 4*s.OW*s.Out
	}
	t.d.set.transforms(s.Out).winograd_output_f32(&w.patch)
	if w.patch.broken != 0 {
		apart = true
		t.outputApart(w, grow(memory, 16*s.Out), tile)
		t.directTile(w, *memory, tile)
	}
	if apart {
		t.place(w, *memory, tile)
	}
}

// image is the image of y that contains a tile.
func (t *winogradTask) image(tile int) []float32 {
	n, _, _ := t.position(tile)
	size := t.s.OH * t.s.OW * t.s.Out
	return t.y[n*size : (n+1)*size]
}

// outputApart directs the output of a tile to z [4,4,Out]; if the output is added, it copies the old
// values there.
func (t *winogradTask) outputApart(w *workspace, z []float32, tile int) {
	s := t.s
	if w.patch.add {
		_, h, k := t.position(tile)
		cut(z, t.image(tile), s.OH, s.OW, s.Out, h, k, 4)
	}
	w.patch.pixels, w.patch.pixelStep, w.patch.rowStep = address(z), 4*s.Out, 16*s.Out
}

// place copies or pools a tile's output z [4,4,Out] to y.
func (t *winogradTask) place(w *workspace, z []float32, tile int) {
	if t.arg != nil {
		t.windows(w, z, tile)
		return
	}
	s, y := t.s, t.image(tile)
	_, h, k := t.position(tile)
	for r := range min(4, s.OH-h) {
		copy(y[((h+r)*s.OW+k)*s.Out:((h+r)*s.OW+min(k+4, s.OW))*s.Out], z[r*4*s.Out:])
	}
}

// directTile computes a tile's output z [4,4,Out] without transforms: 16 rows of the im2col matrix
// times the filter.
func (t *winogradTask) directTile(w *workspace, z []float32, tile int) {
	s, set := t.s, t.d.set
	n, h, k := t.position(tile)
	pixels := grow(&w.image, 36*s.C)
	cut(pixels, t.x[n*s.H*s.W*s.C:(n+1)*s.H*s.W*s.C], s.H, s.W, s.C, h-s.PadTop, k-s.PadLeft, 6)
	w.rows = w.rows[:0]
	for i := range 18 { // 16 positions, rounded up to whole tiles of 6 rows
		position := min(i, 15)
		w.rows = append(w.rows, 4*(position/4*6+position%4)*s.C)
	}
	for i := range t.strips.count() {
		j, width := t.strips.strip(i)
		p := &w.strip
		*p = strip{
			rows: uintptr(unsafe.Pointer(&w.rows[0])), a: address(pixels), aStep: 4, aJump: 4 * 3 * s.C, length: 3 * s.C, segments: 3,
			b: address(t.w[j:]), bStep: 4 * s.Out, c: address(z[j:]), cStep: 4 * s.Out, m: 16,
			add: t.mode == kernels.Accumulate, relu: s.ReLU,
		}
		if t.bias != nil {
			p.bias = address(t.bias[j:])
		}
		set.tiles.run(p, width)
	}
}
