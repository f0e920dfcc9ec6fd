package avx

import (
	"unsafe"

	"baregrad/kernels"
)

// The gradient of a one-channel filter from the pooled gradient. Of the four positions of a window,
// one has a gradient, which one depending on the filter o:
//
//	dw[u,v,o] = Σ over n,i,j of dz[n,i,j,o] · x'[n, (2i+p)·StrideH + u·DilationH, (2j+q)·StrideW + v·DilationW]
//
// where dz = dy where y > 0, else 0; x' is x with its padding; and (p,q) is the position of the
// maximum, known from arg. So for each tap (u,v) a window meets four pixels, and each filter picks
// one of them. First the four are laid out side by side:
//
//	quads[h,w] = x'[h,w], x'[h,w+StrideW], x'[h+StrideH,w], x'[h+StrideH,w+StrideW]
//
// Then one shuffle picks the pixels for a register of filters, and one more instruction multiplies
// and adds. That is a quarter of the cost of a gradient computed from z's, and reads a quarter of the
// memory.
//
// A row u of taps reads two rows of pixels of a window. If they are all 0, as for half of the windows
// of MNIST's digits, the window adds nothing, and the list of windows that the kernel processes for
// this row skips it. But 0 times an infinity or NaN is NaN: if dz has one, all windows are processed.
//
// The images are split into chunks by the shape alone; their sums are added up in order.

// chosen is the kernels' argument: windows that meet one row of taps, for as many taps and filters as
// a kernel computes. Steps are in bytes.
type chosen struct {
	windows   uintptr // []chosenWindow
	count     int     // at least 1
	quads     uintptr // of the first window's first tap
	tapStep   int     // from tap to tap, in quads
	dz, place uintptr // the first window's first filter; place is 2p+q
	dw        uintptr // [taps, filters], added to
	dwStep    int     // from tap to tap

	// With each window, one line of each of these is prefetched into the L2 cache.
	dyAhead, yAhead, argAhead uintptr
}

// chosenWindow holds the offsets of a window's quads and of its dz, in bytes.
type chosenWindow struct{ quad, dz int }

// places is the argument of conv_pool_places_f32: rows of count windows of c filters.
type places struct {
	dz, place    uintptr // written: [rows·count, c], step bytes from window to window
	dy, y, arg   uintptr // [rows·count, c]
	step         int
	first        int   // index of the first window's first position
	windowIndex  int   // index step from window to window
	rowIndex     int   // index step from the end of a row's last window to the next row
	across, down int32 // index steps to the position on the right and to the one below
	rows, count  int
	c            int
}

// convPoolKernels are one instruction set's kernels for a pooled convolution of one
// channel.
type convPoolKernels struct {
	tileFilters       int  // filters of a tile of conv_pool_fwd_f32
	tileMasked        bool // a tile may have fewer
	leastFilters      int  // fewest filters for which it pays
	conv_pool_fwd_f32 func(t *pooledTiles)
	nonzero_rows_f32  func(bits *uint64, x *float32, n, rows int)

	filters                     int // filters of the next two kernels
	conv_pool_grad_filter_3_f32 func(c *chosen)
	conv_pool_grad_filter_5_f32 func(c *chosen)
	conv_pool_places_f32        func(p *places)
	conv_pool_quads_f32         func(quads, upper, lower *float32, right, n int)
}

// oneChannelFilterTask is the gradient of a one-channel filter being computed by the workers. A part
// is one chunk of images.
type oneChannelFilterTask struct {
	d           *Device
	s           kernels.ConvPoolSpec
	dy, y, x    []float32
	arg         []int32
	view        view
	zeros       bool           // may be skipped
	windows     []chosenWindow // of all rows of quads that are 2·StrideH apart: see lists
	rows        int            // rows of windows
	taps        int            // taps of a row, padded to what the kernels compute
	filters     int            // filters, padded likewise
	band, bands int            // rows of windows whose dz and places stay in the L1 cache; number of such bands
	lines, line int            // quads[lines, line]
	chunks      int
	partial     []float32 // [chunks, KH, taps, filters]
	sums        []float64 // dbias of each band of an image
}

// convPoolGradFilter is Conv2DReLUMaxPoolGrad with one channel and without the gradient of x, which a
// first layer does not need.
func (d *Device) convPoolGradFilter(dw, dbias, dy, y, arg, x kernels.Buffer, s kernels.ConvPoolSpec, mw, mb kernels.Mode) {
	t, c, p := &d.oneFilter, s.Conv, s.Pool
	t.d, t.s = d, s
	t.dy, t.y, t.x, t.arg = kernels.Floats(dy), kernels.Floats(y), kernels.Floats(x), kernels.Ints(arg)
	t.plan()
	d.runIfLarge(p.N*p.OH*p.OW*c.Cols()*c.Out, t.chunks, t)

	size, result := c.KH*t.taps*t.filters, t.partial[:c.KH*t.taps*t.filters]
	for chunk := 1; chunk < t.chunks; chunk++ {
		d.set.vector.add_scaled_f32(result, t.partial[chunk*size:][:size], 1)
	}
	for tap := range c.KH * c.KW {
		to := kernels.Floats(dw)[tap*c.Out:][:c.Out]
		from := result[(tap/c.KW*t.taps+tap%c.KW)*t.filters:][:c.Out]
		if mw == kernels.Accumulate {
			d.set.vector.add_scaled_f32(to, from, 1)
		} else {
			copy(to, from)
		}
	}
	if dbias != nil {
		store(kernels.Floats(dbias), d.addParts(t.sums, c.N*t.bands, t.filters)[:c.Out], 1, mb)
	}
	t.dy, t.y, t.x, t.arg = nil, nil, nil, nil // they are the caller's, and may be freed
}

// tapsOf is how many taps the next kernel computes if left are left.
func tapsOf(left int) int {
	if left <= 3 || left == 6 {
		return 3
	}
	return 5
}

// bandBytes is how much of the L1 cache dz and the places of a band may take.
const bandBytes = 18 << 10

// plan splits the images into chunks and bands, and computes where the windows are.
func (t *oneChannelFilterTask) plan() {
	c, p, set := t.s.Conv, t.s.Pool, &t.d.set.convPool
	t.view = newView(c)
	t.zeros = t.view.w <= maskColumns
	t.lines = 2*(p.OH-1)*c.StrideH + (c.KH-1)*c.DilationH + 1
	t.line = (2*(p.OW-1)*c.StrideW + (c.KW-1)*c.DilationW + 8) &^ 7
	t.taps = 0
	for t.taps < c.KW {
		t.taps += tapsOf(c.KW - t.taps)
	}
	t.filters = (c.Out + set.filters - 1) / set.filters * set.filters
	t.band = min(p.OH, max(1, bandBytes/(8*p.OW*t.filters)))
	t.bands = (p.OH + t.band - 1) / t.band
	t.rows = p.OH + (c.KH-1)*c.DilationH/(2*c.StrideH)
	t.windows = t.windows[:0]
	for i := range t.rows {
		for j := range p.OW {
			t.windows = append(t.windows, chosenWindow{16 * 2 * (i*c.StrideH*t.line + j*c.StrideW), 4 * (i*p.OW + j) * t.filters})
		}
	}
	const most = 32
	t.chunks = min(most, c.N)
	t.partial = grow(&t.d.partial, t.chunks*c.KH*t.taps*t.filters)
	t.sums = t.d.sumScratch(c.N * t.bands * t.filters)
	for i := range t.d.workspaces {
		w := &t.d.workspaces[i]
		grow(&w.image, t.imageFloats())
		grow(&w.a, t.quadFloats())
		grow(&w.masked, t.band*p.OW*t.filters)
		if n := t.band * p.OW * t.filters; cap(w.places) < n {
			w.places = kernels.Ints(kernels.NewHost(kernels.Int32, n))
		}
		if n := 2 * c.StrideH * len(t.windows); cap(w.windows) < n {
			w.windows = make([]chosenWindow, n)
		}
		if n := 2 * c.StrideH * (t.rows + 1); cap(w.begins) < n {
			w.begins = make([]int, n)
		}
		w.reserveBits(t.lines+c.StrideH, 0)
	}
}

// imageFloats is the size of an image with its padding, and of what is read past it.
func (t *oneChannelFilterTask) imageFloats() int {
	return (t.lines+t.s.Conv.StrideH)*t.view.w + 8 + t.line + t.s.Conv.StrideW
}

// quadFloats is the size of the quads, and of what is read past them for taps that the filter does
// not have.
func (t *oneChannelFilterTask) quadFloats() int {
	return 4 * (t.lines*t.line + t.taps*t.s.Conv.DilationW)
}

func (t *oneChannelFilterTask) part(worker, chunk int) {
	w, c := &t.d.workspaces[worker], t.s.Conv
	size := c.KH * t.taps * t.filters
	dw := t.partial[chunk*size : (chunk+1)*size]
	clear(dw)
	for n := chunk * c.N / t.chunks; n < (chunk+1)*c.N/t.chunks; n++ {
		t.image(w, dw, n)
	}
}

// image adds the contribution of image n to dw.
func (t *oneChannelFilterTask) image(w *workspace, dw []float32, n int) {
	c, p, set := t.s.Conv, t.s.Pool, t.d.set
	quads := t.quads(w, n)
	if t.zeros {
		t.lists(w)
	}
	for band := range t.bands {
		first, rows := band*t.band, min(t.band, p.OH-band*t.band)
		sums := t.sums[(n*t.bands+band)*t.filters:][:t.filters]
		dz, place := t.choose(w, sums, n, first, rows)
		ahead := 4 * (n*p.OH + first + rows) * p.OW * p.C // of the next band; past the last one it does no harm
		all := !t.zeros || !finiteSums(sums[:c.Out])
		for u := range c.KH {
			// The windows' rows of quads are rows above+first and on, counting every 2·StrideH-th row
			// from row on.
			above, row := u*c.DilationH/(2*c.StrideH), u*c.DilationH%(2*c.StrideH)
			windows := t.windows[(above+first)*p.OW : (above+first+rows)*p.OW]
			if !all {
				windows = t.list(w, row, above+first, rows)
			}
			if len(windows) == 0 {
				continue
			}
			back := uintptr(4 * (above + first) * p.OW * t.filters) // bytes of dz before the band's
			for v := 0; v < c.KW; {
				kernel, taps := set.convPool.conv_pool_grad_filter_5_f32, tapsOf(c.KW-v)
				if taps == 3 {
					kernel = set.convPool.conv_pool_grad_filter_3_f32
				}
				for o := 0; o < t.filters; o += set.convPool.filters {
					w.chosen = chosen{
						windows: uintptr(unsafe.Pointer(&windows[0])), count: len(windows),
						quads: address(quads[4*(row*t.line+v*c.DilationW):]), tapStep: 16 * c.DilationW,
						dz: address(dz[o:]) - back, place: address(place[o:]) - back,
						dw: address(dw[(u*t.taps+v)*t.filters+o:]), dwStep: 4 * t.filters,
						dyAhead: address(t.dy) + uintptr(ahead), yAhead: address(t.y) + uintptr(ahead), argAhead: address(t.arg) + uintptr(ahead),
					}
					kernel(&w.chosen)
					ahead += cacheLine * len(windows)
				}
				v += taps
			}
		}
	}
}

// choose returns dz and the places of the maxima for rows of windows of image n, and sums up dz for
// the bias.
func (t *oneChannelFilterTask) choose(w *workspace, sums []float64, n, i, rows int) (dz []float32, place []int32) {
	p := t.s.Pool
	dz, place = w.masked[:rows*p.OW*t.filters], w.places[:rows*p.OW*t.filters]
	at := (n*p.OH + i) * p.OW * p.C
	w.choice = places{
		dz: address(dz), place: address(place), step: 4 * t.filters,
		dy: address(t.dy[at:]), y: address(t.y[at:]), arg: address(t.arg[at:]),
		first: (n*p.H + 2*i) * p.W * p.C, windowIndex: 2 * p.C, rowIndex: 2 * (p.W - p.OW) * p.C,
		across: int32(p.C), down: int32(p.W * p.C), rows: rows, count: p.OW, c: p.C,
	}
	t.d.set.convPool.conv_pool_places_f32(&w.choice)
	sumSlab(&t.d.set.vector, sums, dz, rows*p.OW)
	return dz, place
}

// finiteSums tells whether the summands had no infinity and no NaN: float64 sums of float32 do not
// overflow.
func finiteSums(sums []float64) bool {
	for _, v := range sums {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// lists makes the lists of windows that meet a nonzero pixel, from the bits of w.nonzero. Row u of
// the taps meets row 2i·StrideH + u·DilationH of the quads. So for each of the first 2·StrideH rows
// of quads there is one list, over every 2·StrideH-th row from there on, and row u of the taps uses a
// part of one list.
func (t *oneChannelFilterTask) lists(w *workspace) {
	c, ow := t.s.Conv, t.s.Pool.OW
	for first := range 2 * c.StrideH {
		list, n := w.windows[first*len(t.windows):(first+1)*len(t.windows)], 0
		begins := w.begins[first*(t.rows+1):][:t.rows+1]
		for i := range t.rows {
			begins[i] = n
			h := first + 2*i*c.StrideH
			if h >= t.lines || w.nonzero[h] == 0 {
				continue
			}
			row, step := w.nonzero[h], 2*c.StrideW&63
			for _, window := range t.windows[i*ow : (i+1)*ow] {
				list[n] = window
				n += int(row & 1) // no branch: it would be mispredicted
				row >>= step
			}
		}
		begins[t.rows] = n
	}
}

// list returns the part of the list of a row of quads for some rows of windows, from row i on.
func (t *oneChannelFilterTask) list(w *workspace, row, i, rows int) []chosenWindow {
	begins := w.begins[row*(t.rows+1):]
	return w.windows[row*len(t.windows):][begins[i]:begins[i+rows]]
}

// quads lays out the pixels of image n. Afterwards, bit j of w.nonzero[h] tells whether a row of taps
// that begins at quad j of row h meets a pixel that is not 0.
func (t *oneChannelFilterTask) quads(w *workspace, n int) []float32 {
	c, line, set := t.s.Conv, t.view.w, &t.d.set.convPool
	image := grow(&w.image, t.imageFloats())
	if t.view.copied {
		t.view.rows(w, t.x, n, 0, t.lines+c.StrideH)
	} else { // the kernel reads some floats past a row, perhaps past all images
		copy(image, t.x[n*c.H*c.W:][:(t.lines+c.StrideH)*line])
	}
	quads := grow(&w.a, t.quadFloats())
	for h := range t.lines {
		set.conv_pool_quads_f32(&quads[4*h*t.line], &image[h*line], &image[(h+c.StrideH)*line], c.StrideW, t.line)
	}
	if t.zeros {
		nonzero := w.nonzero[:t.lines+c.StrideH]
		set.nonzero_rows_f32(&nonzero[0], &image[0], line, len(nonzero))
		for h := range t.lines {
			pixels, met := nonzero[h]|nonzero[h+c.StrideH], uint64(0)
			pixels |= pixels >> c.StrideW
			for v := range c.KW {
				met |= pixels >> (v * c.DilationW)
			}
			nonzero[h] = met
		}
	}
	return quads
}
