package avx

import "baregrad/kernels"

// Conv2D of x[N,H,W,C] with w[KH,KW,C,Out] is the product of the im2col matrix with w, without the
// matrix: the patch of an output position is KH runs of KW·C contiguous floats in the image, which
// are a strip's segments. The table of rows says where in the image each output position's patch
// begins.
//
//	y[position, o] = Σ over u < KH, r < KW·C of image[start(position) + u·DilationH·W·C + r] · w[u·KW·C + r, o]
//
// The sum runs in that order in one chain, or in several if the window has more than blockK elements;
// then each covers some of the window's rows.
//
// If there is padding, a band of the image is first copied with zeros around it. The kernels multiply
// by those zeros, as the formula says, while the reference skips them: that differs if the filter has
// an infinity or NaN.
//
// The gradient of the input is a convolution too: see Conv2DGradInput.

// convTask is a convolution being computed by the workers. A part is some bands: rows of an image, or
// all of it.
type convTask struct {
	d        *Device
	s        kernels.ConvSpec
	y, x     []float32
	bias     []float32
	mode     kernels.Mode
	w        columns // [KH·KW·C, Out]
	view     view
	rows     []int            // where the patch of each position of a band begins, in bytes
	band     int              // output rows of a band
	bands    int              // bands of an image
	each     int              // bands of a part
	windowed int              // rows of the window that one kernel call covers
	arg      []int32          // nil, or the output is pooled to y and this: see conv_pool.go
	pool     kernels.PoolSpec // only with arg
	packing  bool             // the parts are strips of the filter
}

// Conv2D computes a convolution: see kernels.Device.
func (d *Device) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	if s.N*s.OH*s.OW*s.Out == 0 || s.Cols() == 0 {
		d.Device.Conv2D(y, x, w, bias, s)
		return
	}
	s.Check("conv2d", y, x, w, bias)
	if winogradPays(s) {
		d.winograd(kernels.Floats(y), kernels.Floats(x), kernels.Floats(w), kernels.Floats(bias), s, kernels.Overwrite)
		return
	}
	d.convolve(kernels.Floats(y), kernels.Floats(x), kernels.Floats(w), kernels.Floats(bias), s, kernels.Overwrite, newView(s))
}

// convolve computes y = x∗w + bias, or y += …, over the images as v shows them.
func (d *Device) convolve(y, x, w, bias []float32, s kernels.ConvSpec, m kernels.Mode, v view) {
	t := &d.conv
	t.d, t.s, t.y, t.x, t.bias, t.mode, t.view = d, s, y, x, bias, m, v
	t.w.set(&d.set.tiles, w, s.Out, s.Cols(), false, s.Rows(), &d.panels)
	if t.w.panels != nil {
		t.packing = true
		d.runIfLarge(s.Cols()*s.Out*16, t.w.packParts(), t)
		t.packing = false
	}
	t.plan()
	d.runIfLarge(s.Rows()*s.Cols()*s.Out, (s.N*t.bands+t.each-1)/t.each, t)
	t.y, t.x, t.w.b, t.bias = nil, nil, nil, nil // they are the caller's, and may be freed
}

// plan splits the images into bands, and fills in the table of one band's rows.
func (t *convTask) plan() {
	s := t.s
	work := s.OH * s.OW * s.Cols() * s.Out // multiply-adds of one image
	height := t.height()
	t.bands = 1
	if s.N < 4*t.d.pool.workers {
		t.bands = min(max(1, work/partWork), height)
	}
	// A copied band has to stay in the L2 cache.
	t.band = (height + t.bands - 1) / t.bands
	if t.view.copied {
		line := t.view.w * s.C * s.StrideH
		t.band = min(t.band, max(1, t.d.cacheL2/8/line))
	}
	if t.arg != nil {
		t.band = t.pooledBand(t.band)
	}
	t.bands = (height + t.band - 1) / t.band
	t.each = max(1, partWork*t.bands/work)
	t.rows = t.rows[:0]
	for i := range t.band {
		for j := range s.OW {
			t.rows = append(t.rows, 4*s.C*(i*s.StrideH*t.view.w+j*s.StrideW))
		}
	}
	t.d.reserve(len(t.rows), 0, t.view.size(t.band, s), 0, 0)
	t.windowed = min(s.KH, max(1, blockK/(s.KW*s.C)))
	if s.DilationW > 1 {
		t.windowed = 1
	}
}

// part packs strip i of the filter, or computes part i of y.
func (t *convTask) part(worker, i int) {
	if t.packing {
		t.w.pack(i)
		return
	}
	for band := i * t.each; band < min((i+1)*t.each, t.s.N*t.bands); band++ {
		t.computeBand(&t.d.workspaces[worker], band/t.bands, band%t.bands*t.band)
	}
}

// height is how many rows of each image's output are computed.
func (t *convTask) height() int {
	if t.arg != nil {
		return 2 * t.pool.OH
	}
	return t.s.OH
}

// computeBand computes one band: the rows of image n's output from oh on.
func (t *convTask) computeBand(w *workspace, n, oh int) {
	s, tiles := t.s, &t.d.set.tiles
	count := min(t.band, t.height()-oh)
	m := count * s.OW
	x := t.view.rows(w, t.x, n, oh*s.StrideH, (count-1)*s.StrideH+(s.KH-1)*s.DilationH+1)
	var y []float32
	if t.arg != nil {
		y = grow(&w.band, m*s.Out)
	} else {
		y = t.y[(n*s.OH+oh)*s.OW*s.Out:]
	}
	line := t.view.w * s.C // floats from one row of the image to the next
	run := s.KW * s.C      // floats of one row of the window
	rows := w.table(t.rows, m, tiles.height)
	for strip := range t.w.count() {
		first, width := t.w.strip(strip)
		for u := 0; u < s.KH; u += t.windowed {
			p := &w.strip
			p.rows = rows
			p.a, p.aStep = address(x[u*s.DilationH*line:]), 4
			p.length, p.segments = run, min(t.windowed, s.KH-u)
			p.aJump = 4 * (s.DilationH*line - run)
			if s.DilationW > 1 { // the window's row is separate pixels
				p.length, p.segments = s.C, s.KW
				p.aJump = 4 * (s.DilationW - 1) * s.C
			}
			p.b, p.bStep = t.w.at(strip, u*run)
			p.c, p.cStep, p.m = address(y[first:]), 4*s.Out, m
			p.add = u > 0 || t.mode == kernels.Accumulate
			p.bias, p.relu = 0, false
			if u+t.windowed >= s.KH {
				p.relu = s.ReLU
				if t.bias != nil {
					p.bias = address(t.bias[first:])
				}
			}
			tiles.run(p, width)
		}
	}
	if t.arg != nil {
		t.poolBand(&w.window, y, n, oh, count)
	}
}

// Conv2DGradInput is a convolution of dy, surrounded by zeros, with the filter rotated by 180° and
// its channels swapped:
//
//	dx[h,k,c] = Σ over u,v,o of dy'[h + u·DilationH, k + v·DilationW, o] · w[KH−1−u, KW−1−v, c, o]
//
// dy' has (KH−1)·DilationH − PadTop rows of zeros above the first row of dy, columns likewise, and
// StrideH−1 rows and StrideW−1 columns of zeros between its own.
func (d *Device) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	if s.N*s.H*s.W*s.C == 0 || s.OH*s.OW*s.KH*s.KW*s.Out == 0 {
		d.Device.Conv2DGradInput(dx, dy, w, s, m)
		return
	}
	s.Check("conv2d gradient by input", dy, dx, w, nil)
	d.gradInput(kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(w), s, m, true)
}

// gradInput is Conv2DGradInput, by Winograd's algorithm if transforms allows it and it pays.
func (d *Device) gradInput(dx, dy, w []float32, s kernels.ConvSpec, m kernels.Mode, transforms bool) {
	if transforms && scatterPays(s) {
		d.winogradGradInput(dx, dy, w, s, m)
		return
	}
	turned := grow(&d.turned, s.Cols()*s.Out)
	turn(&d.set.tiles, turned, w, s.KH*s.KW, s.C, s.Out)
	back := kernels.ConvSpec{
		N: s.N, H: s.OH, W: s.OW, C: s.Out, KH: s.KH, KW: s.KW, Out: s.C,
		StrideH: 1, StrideW: 1, DilationH: s.DilationH, DilationW: s.DilationW,
		PadTop: (s.KH-1)*s.DilationH - s.PadTop, PadLeft: (s.KW-1)*s.DilationW - s.PadLeft,
		OH: s.H, OW: s.W,
	}
	if transforms && s.StrideH == 1 && s.StrideW == 1 && winogradPays(back) {
		d.winograd(dx, dy, turned, nil, back, m)
		return
	}
	v := newView(back)
	v.spread(s.StrideH, s.StrideW)
	d.convolve(dx, dy, turned, nil, back, m, v)
}

// turn writes w[taps, C, Out] as dst[taps, Out, C] with the taps in reverse order.
func turn(t *tiles, dst, w []float32, taps, c, out int) {
	for tap := range taps {
		t.transpose(dst[(taps-1-tap)*c*out:], c, w[tap*c*out:], out, c, out)
	}
}
