package avx

import (
	"unsafe"

	"baregrad/kernels"
)

// A convolution of one channel with ReLU and 2×2 max pooling that skips zeros:
//
//	z[i,j,o] = bias[o] + Σ over the taps (u,v) of x'[i+u, j+v] · w[u,v,o]
//	y = MaxPool(ReLU(z))
//
// where x' is an image with its padding. Most pixels of a handwritten digit are 0. The kernels
// compute tiles of two rows by four columns of z. For each of the two rows, one tap meets four
// neighbouring pixels; if all four are 0, the tap adds nothing. A bit mask for each row of a tile
// says which taps add something, and the kernel goes from one set bit to the next. With MNIST's
// digits and a 5×5 filter, five of eight taps drop out, and a quarter of the tiles have none. The
// remaining taps are added in the same order, so the bits are the same, with two exceptions. 0 times
// an infinity or NaN is NaN: if the filter has one, all bits are set. And a sum that is −0, which
// only products too small for a float32 make, would become +0 if a 0 were added to it; its sign is
// not checked.
//
// The tiles' sums stay in registers and are pooled there.

// tileColumns is the columns of z in a tile; maskColumns is the most columns of an image whose pixels
// fit the bits of a word.
const (
	tileColumns = 4
	maskColumns = 64
)

// pooledTiles is the kernels' argument: rows of tiles, for some filters. Steps are in bytes, indices
// in elements of z.
type pooledTiles struct {
	x         uintptr // the first pixel of the first tile
	xRow      int     // from a row of pixels to the next
	xNext     int     // from the end of a row's last tile to the next row's first tile
	pixels    uintptr // []int: from a position's first pixel to each tap's
	weights   uintptr // []int: from w to each tap's
	masks     uintptr // []uint64: two for each tile, for its upper and its lower row
	w, bias   uintptr // the first filter's
	y, arg    uintptr // the first window's
	step      int     // from window to window, in both
	first     int     // the index of the first tile's first position
	across    int32   // to the position on the right
	below     int32   // to the position below
	rowIndex  int     // from the end of a row's last tile to the next row's first tile
	rows      int
	tiles     int // of a row
	lastX     int // how far the last tile of a row is moved back if the number of windows is odd
	lastStep  int
	lastIndex int
	filters   int // filters left
}

// oneChannelTask is a pooled convolution of one channel being computed by the workers. A part is some
// images, or a band of one.
type oneChannelTask struct {
	d       *Device
	s       kernels.ConvPoolSpec
	y, x    []float32
	w, bias []float32
	arg     []int32
	view    view
	zeros   bool  // may be skipped
	pixels  []int // the kernel's
	weights []int
	tiles   int // of a row
	band    int // rows of windows of a band
	bands   int // of an image
	each    int // bands of a part
}

// poolsOneChannel tells whether these kernels compute the convolution: a tap is a bit of a
// mask of 64, and a row has two windows at least.
func (d *Device) poolsOneChannel(s kernels.ConvPoolSpec) bool {
	c := s.Conv
	return c.C == 1 && c.StrideH == 1 && c.StrideW == 1 && c.DilationH == 1 && c.DilationW == 1 &&
		c.Cols() <= 64 && s.Pool.OW >= 2 && c.Out >= d.set.convPool.leastFilters
}

// convPoolOne is Conv2DReLUMaxPool where poolsOneChannel.
func (d *Device) convPoolOne(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	t := &d.oneChannel
	t.d, t.s = d, s
	t.y, t.arg, t.x, t.w = kernels.Floats(y), kernels.Ints(arg), kernels.Floats(x), kernels.Floats(w)
	if bias != nil {
		t.bias = kernels.Floats(bias)
	} else {
		t.bias = grow(&d.panels, s.Conv.Out)
		clear(t.bias)
	}
	t.plan()
	d.runIfLarge(s.Conv.Rows()*s.Conv.Cols()*s.Conv.Out, (s.Pool.N*t.bands+t.each-1)/t.each, t)
	t.y, t.arg, t.x, t.w, t.bias = nil, nil, nil, nil, nil // they are the caller's, and may be freed
}

// plan splits the images into bands, and computes where the taps are.
func (t *oneChannelTask) plan() {
	c, p := t.s.Conv, t.s.Pool
	t.view = newView(c)
	t.zeros = t.view.w <= maskColumns && t.d.finite(t.w)
	t.tiles = (p.OW + 1) / 2
	work := p.OH * p.OW * 4 * c.Cols() * c.Out
	t.bands = 1
	if c.N < 4*t.d.pool.workers {
		t.bands = min(max(1, work/partWork), p.OH)
	}
	t.band = (p.OH + t.bands - 1) / t.bands
	t.bands = (p.OH + t.band - 1) / t.band
	t.each = max(1, partWork*t.bands/work)
	t.pixels, t.weights = t.pixels[:0], t.weights[:0]
	for u := range c.KH {
		for v := range c.KW {
			t.pixels = append(t.pixels, 4*(u*t.view.w+v))
			t.weights = append(t.weights, 4*len(t.weights)*c.Out)
		}
	}
	for i := range t.d.workspaces {
		w := &t.d.workspaces[i]
		if t.view.copied {
			grow(&w.image, t.lines(t.band)*t.view.w)
		}
		w.reserveBits(t.lines(t.band), 2*t.band*t.tiles)
	}
}

// lines is how many rows of pixels the given number of rows of windows reads.
func (t *oneChannelTask) lines(rows int) int { return 2*rows + t.s.Conv.KH - 1 }

func (t *oneChannelTask) part(worker, i int) {
	for band := i * t.each; band < min((i+1)*t.each, t.s.Pool.N*t.bands); band++ {
		t.compute(&t.d.workspaces[worker], band/t.bands, band%t.bands*t.band)
	}
}

// compute does one band: the rows of windows of image n from row i on.
func (t *oneChannelTask) compute(w *workspace, n, i int) {
	c, p, set := t.s.Conv, t.s.Pool, &t.d.set.convPool
	rows := min(t.band, p.OH-i)
	x := t.view.rows(w, t.x, n, 2*i, t.lines(rows))
	masks := t.masks(w, x, rows)
	out := (n*p.OH + i) * p.OW * p.C
	for o := 0; o < c.Out; o += set.tileFilters {
		if !set.tileMasked { // the last filters are computed again, with those before them
			o = min(o, c.Out-set.tileFilters)
		}
		a := &w.pooled
		*a = pooledTiles{
			x: address(x), xRow: 4 * t.view.w, xNext: 4 * (2*t.view.w - 2*p.OW),
			pixels: uintptr(unsafe.Pointer(&t.pixels[0])), weights: uintptr(unsafe.Pointer(&t.weights[0])), masks: uintptr(unsafe.Pointer(&masks[0])),
			w: address(t.w[o:]), bias: address(t.bias[o:]), y: address(t.y[out+o:]), arg: address(t.arg[out+o:]), step: 4 * p.C,
			first: (n*p.H+2*i)*p.W*p.C + o, across: int32(p.C), below: int32(p.W * p.C), rowIndex: 2 * (p.W - p.OW) * p.C,
			rows: rows, tiles: t.tiles, filters: c.Out - o,
		}
		if p.OW%2 != 0 { // the last tile starts again with the second-last window
			a.lastX, a.lastStep, a.lastIndex = 4*2, 4*p.C, 2*p.C
		}
		set.conv_pool_fwd_f32(a)
	}
}

// masks returns which taps add something, for rows of windows whose pixels are x: two masks for each
// tile, one for each of its rows.
func (t *oneChannelTask) masks(w *workspace, x []float32, rows int) []uint64 {
	c := t.s.Conv
	masks := w.masks[:2*rows*t.tiles]
	if !t.zeros {
		for i := range masks {
			masks[i] = 1<<c.Cols() - 1
		}
		return masks
	}
	// From here on, bit j of a row tells whether one of the pixels j to j+3 is not 0.
	nonzero := w.nonzero[:t.lines(rows)]
	t.d.set.convPool.nonzero_rows_f32(&nonzero[0], &x[0], t.view.w, len(nonzero))
	for h, row := range nonzero {
		row |= row >> 1
		nonzero[h] = row | row>>2
	}
	kw, last := c.KW&63, (c.KH-1)*c.KW&63
	taps := uint64(1)<<c.KW - 1
	for tile := range t.tiles {
		j := min(tileColumns*tile, 2*(t.s.Pool.OW-2)) & 63 // its first column
		mask := uint64(0)
		for _, row := range nonzero[:c.KH-1] {
			mask = mask>>kw | (row>>j&taps)<<last
		}
		below := nonzero[c.KH-1:] // the last row of pixels that each row of z reads
		for at := 2 * tile; len(below) > 1; at += 2 * t.tiles {
			mask = mask>>kw | (below[0]>>j&taps)<<last
			masks[at] = mask
			mask = mask>>kw | (below[1]>>j&taps)<<last
			masks[at+1] = mask
			below = below[2:]
		}
	}
	return masks
}
