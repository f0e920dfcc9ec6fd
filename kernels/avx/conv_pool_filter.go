package avx

import (
	"unsafe"

	"baregrad/kernels"
)

// The gradient by a one-channel filter from the pooled gradient. Of the four positions
// of a window, one has a gradient, for each filter o another one:
//
//	dw[u,v,o] = Σ over n,i,j of dz[n,i,j,o] · x'[n, (2i+p)·StrideH + u·DilationH, (2j+q)·StrideW + v·DilationW]
//
// where dz = dy where y > 0, else 0, x' is x with its padding, and (p,q) the position of
// the maximum, which arg tells. So for each tap (u,v) a window meets four pixels, of
// which each filter picks one. They are laid out side by side first:
//
//	quads[h,w] = x'[h,w], x'[h,w+StrideW], x'[h+StrideH,w], x'[h+StrideH,w+StrideW]
//
// and then a register of filters picks with one shuffle, and multiplies and adds with
// one more instruction: a quarter of what the gradient by z costs, and a quarter of the
// memory is read.
//
// The images are cut into chunks by the shape alone; their sums are added up in order.

// tapsAtOnce is how many taps the kernels keep in registers.
const tapsAtOnce = 13

// chosen is the argument of the kernels: rows of count windows, for some filters and
// tapsAtOnce taps. Steps are in bytes, indices in elements.
type chosen struct {
	quads             uintptr // of the first window
	quadStep, quadRow int     // from window to window, from behind a row's last window to the next row
	taps              uintptr // [tapsAtOnce]int: from a window to the quads of each tap
	dz, arg           uintptr // of the first window's first filter
	step              int     // from window to window, in both and in dw from tap to tap
	first             int     // arg for the first window's first position
	windowIndex       int     // from window to window
	rowIndex          int     // from behind a row's last window to the next row
	across, down      int32   // to the position on the right, to the one below
	rows, count       int
	dw                uintptr // [tapsAtOnce, filters], added to
	filters           int     // that are left; a multiple of 8
}

// convPoolKernels are one instruction set's kernels for the gradient of a pooled convolution.
type convPoolKernels struct {
	channels                  int // filters at once
	conv_pool_quads_f32       func(quads, upper, lower *float32, right, n int)
	conv_pool_grad_filter_f32 func(c *chosen)
}

// convPoolTask is the gradient by a filter on its way through the workers. A part is
// one chunk of images.
type convPoolTask struct {
	d           *Device
	s           kernels.ConvPoolSpec
	dy, y, x    []float32
	arg         []int32
	view        view
	taps        []int // where each tap's quads begin, in bytes; rounded up to groups
	lines, line int   // quads[lines, line]
	chunks      int
	partial     []float32 // [chunks, taps, Out]
	sums        []float64 // dbias of each image
}

func (d *Device) convPoolGradFilter(dw, dbias, dy, y, arg, x kernels.Buffer, s kernels.ConvPoolSpec, mw, mb kernels.Mode) {
	t, c, p := &d.convPool, s.Conv, s.Pool
	t.d, t.s = d, s
	t.dy, t.y, t.x, t.arg = kernels.Floats(dy), kernels.Floats(y), kernels.Floats(x), kernels.Ints(arg)
	t.plan()
	d.runIfLarge(p.N*p.OH*p.OW*c.Cols()*c.Out, t.chunks, t)

	size, result := len(t.taps)*c.Out, t.partial[:c.Cols()*c.Out]
	for chunk := 1; chunk < t.chunks; chunk++ {
		d.set.vector.add_scaled_f32(result, t.partial[chunk*size:][:len(result)], 1)
	}
	if mw == kernels.Accumulate {
		d.set.vector.add_scaled_f32(kernels.Floats(dw), result, 1)
	} else {
		copy(kernels.Floats(dw), result)
	}
	if dbias != nil {
		store(kernels.Floats(dbias), addParts(t.sums, c.N, c.Out), 1, mb)
	}
	t.dy, t.y, t.x, t.arg = nil, nil, nil, nil // the caller's; they may be freed
}

// plan cuts the images into chunks, and says where the quads of the taps lie.
func (t *convPoolTask) plan() {
	c, p := t.s.Conv, t.s.Pool
	t.view = newView(c)
	t.lines = 2*(p.OH-1)*c.StrideH + (c.KH-1)*c.DilationH + 1
	t.line = (2*(p.OW-1)*c.StrideW + (c.KW-1)*c.DilationW + 8) &^ 7
	t.taps = t.taps[:0]
	for u := range c.KH {
		for v := range c.KW {
			t.taps = append(t.taps, 16*(u*c.DilationH*t.line+v*c.DilationW))
		}
	}
	for len(t.taps)%tapsAtOnce != 0 {
		t.taps = append(t.taps, 0) // sums that nobody reads
	}
	const most = 32
	t.chunks = min(most, c.N)
	t.partial = grow(&t.d.partial, t.chunks*len(t.taps)*c.Out)
	t.sums = t.d.sumScratch(c.N * padded(c.Out))
	for i := range t.d.workspaces {
		w := &t.d.workspaces[i]
		grow(&w.image, t.imageFloats())
		grow(&w.a, 4*t.lines*t.line)
		grow(&w.masked, p.OH*p.OW*p.C)
	}
}

// imageFloats is the size of an image with its padding, and what is read behind it.
func (t *convPoolTask) imageFloats() int {
	return (t.lines+t.s.Conv.StrideH)*t.view.w + 8 + t.line + t.s.Conv.StrideW
}

func (t *convPoolTask) part(worker, chunk int) {
	w, c := &t.d.workspaces[worker], t.s.Conv
	size := len(t.taps) * c.Out
	dw := t.partial[chunk*size : (chunk+1)*size]
	clear(dw)
	for n := chunk * c.N / t.chunks; n < (chunk+1)*c.N/t.chunks; n++ {
		t.image(w, dw, n)
	}
}

// image adds to dw what image n contributes.
func (t *convPoolTask) image(w *workspace, dw []float32, n int) {
	c, p, set := t.s.Conv, t.s.Pool, t.d.set
	size := p.OH * p.OW * p.C
	dz := grow(&w.masked, size)
	set.vector.relu_bwd_f32(dz, t.dy[n*size:(n+1)*size], t.y[n*size:(n+1)*size], kernels.Overwrite)
	sumSlab(&set.vector, t.sums[n*padded(p.C):][:p.C], dz, p.OH*p.OW)
	quads := t.quads(w, n)
	for o := 0; o < c.Out; o += set.convPool.channels {
		for tap := 0; tap < len(t.taps); tap += tapsAtOnce {
			w.chosen = chosen{
				quads: address(quads), quadStep: 16 * 2 * c.StrideW, quadRow: 16 * 2 * (c.StrideH*t.line - p.OW*c.StrideW),
				taps: uintptr(unsafe.Pointer(&t.taps[tap])), dz: address(dz[o:]), arg: address(t.arg[n*size+o:]), step: 4 * p.C,
				first: n*p.H*p.W*p.C + o, windowIndex: 2 * p.C, rowIndex: 2 * (p.W - p.OW) * p.C,
				across: int32(p.C), down: int32(p.W * p.C), rows: p.OH, count: p.OW,
				dw: address(dw[tap*c.Out+o:]), filters: min(set.convPool.channels, c.Out-o),
			}
			set.convPool.conv_pool_grad_filter_f32(&w.chosen)
		}
	}
}

// quads lays out the pixels of image n.
func (t *convPoolTask) quads(w *workspace, n int) []float32 {
	c, line := t.s.Conv, t.view.w
	image := grow(&w.image, t.imageFloats())
	if t.view.copied {
		t.view.rows(w, t.x, n, 0, t.lines+c.StrideH)
	} else { // the kernel reads some floats behind a row, which may be behind all images
		copy(image, t.x[n*c.H*c.W:][:(t.lines+c.StrideH)*line])
	}
	quads := grow(&w.a, 4*t.lines*t.line)
	for h := range t.lines {
		t.d.set.convPool.conv_pool_quads_f32(&quads[4*h*t.line], &image[h*line], &image[(h+c.StrideH)*line], c.StrideW, t.line)
	}
	return quads
}
