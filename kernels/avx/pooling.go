package avx

import "baregrad/kernels"

// Max and average pooling over windows of KH×KW of x[N,H,W,C] to y[N,OH,OW,C], and their gradients.
// Channels are contiguous, and one register holds 16 or 8 channels of a pixel. A kernel processes the
// taps of a window, then the next channels, then the next window of the same output row. The most
// common window, 2×2, has its own kernel for maxima.
//
//	MaxPool:     y = x[arg], arg = the first tap that no other one exceeds
//	MaxPoolGrad: dx[tap] += dy if arg = tap
//	AvgPool:     y = (Σ over taps of x[tap]) / taps
//	AvgPoolGrad: dx[tap] += dy / taps
//
// Windows at the edge have fewer taps: padding does not count.

// window is the kernels' argument: count windows of one output row, with the same number of taps.
// Steps are in bytes, indices in elements.
type window struct {
	x, y, arg   uintptr // the first window's first tap and its output; or their gradients
	count       int     // windows
	c           int     // channels
	kh, kw      int     // taps
	tapStep     int     // bytes from one tap to the next
	rowStep     int     // bytes from the end of a row's last tap to the first of the next
	windowStep  int     // bytes from window to window
	first       int32   // index of the first tap
	tapIndex    int32   // tapStep, rowStep and windowStep in elements
	rowIndex    int32
	windowIndex int32
	taps        float32 // kh·kw
	add         bool    // gradients: dx += …, else dx = …
}

// poolingKernels are one instruction set's kernels for windows.
type poolingKernels struct {
	max_pool_fwd_f32, max_pool_bwd_f32         func(w *window)
	max_pool_2x2_fwd_f32, max_pool_2x2_bwd_f32 func(w *window)
	avg_pool_fwd_f32, avg_pool_bwd_f32         func(w *window)
}

// poolingTask is one of the four operations being computed by the workers. A part is some images.
type poolingTask struct {
	d      *Device
	s      kernels.PoolSpec
	kernel func(w *window)
	square func(w *window) // for windows with 2×2 taps in the image, or nil
	x, y   []float32       // or dx, dy
	arg    []int32         // nil for averages
	gate   []float32       // BiasReLUMaxPoolGrad: the pooled values; only those above 0 pass a gradient on
	sums   []float64       // the sums of y by channel, a row for each part; nil if not wanted
	clear  bool            // x is a gradient that starts as zeros
	add    bool
	images int // of one part
}

func (d *Device) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	s.CheckMax("maxpool", y, arg, x)
	k := &d.set.pooling
	d.runPooling(x, y, arg, s, k.max_pool_fwd_f32, k.max_pool_2x2_fwd_f32, false, false)
}

func (d *Device) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckMax("maxpool gradient", dy, arg, dx)
	d.poolingGrad(dx, dy, arg, s, d.set.pooling.max_pool_bwd_f32, d.set.pooling.max_pool_2x2_bwd_f32, m)
}

// BiasReLUMaxPoolGrad takes the gradient through the ReLU where it is smallest, at the pooled values,
// some images at a time; it adds up that gradient and spreads it over the windows while it is in the
// cache.
func (d *Device) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckBiasReLU("bias relu maxpool gradient", dx, dbias, dy, y, arg)
	if s.N*s.H*s.W*s.C == 0 {
		d.Device.BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg, s, m)
		return
	}
	images := imagesOfPart(s)
	for i := range d.workspaces {
		grow(&d.workspaces[i].masked, images*s.OH*s.OW*s.C)
	}
	t := &d.pooling
	t.gate = kernels.Floats(y)
	count := (s.N + images - 1) / images
	if dbias != nil {
		t.sums = d.sumScratch(count * padded(s.C))
	}
	sums := t.sums
	d.poolingGrad(dx, dy, arg, s, d.set.pooling.max_pool_bwd_f32, d.set.pooling.max_pool_2x2_bwd_f32, kernels.Overwrite)
	if dbias != nil {
		store(kernels.Floats(dbias), d.addParts(sums, count, s.C), 1, m)
	}
}

// imagesOfPart is how many images one part of a pooling has.
func imagesOfPart(s kernels.PoolSpec) int { return max(1, partElements/(s.H*s.W*s.C)) }

func (d *Device) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	s.Check("avgpool", y, nil, x)
	d.runPooling(x, y, nil, s, d.set.pooling.avg_pool_fwd_f32, nil, false, false)
}

func (d *Device) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.Check("avgpool gradient", dy, nil, dx)
	d.poolingGrad(dx, dy, nil, s, d.set.pooling.avg_pool_bwd_f32, nil, m)
}

// poolingGrad runs a gradient's kernel. If the windows tile the whole image, the kernel writes each
// element once; otherwise it adds to zeros.
func (d *Device) poolingGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, kernel, square func(w *window), m kernels.Mode) {
	tiled := s.StrideH == s.KH && s.StrideW == s.KW && s.PadTop == 0 && s.PadLeft == 0 &&
		s.OH*s.KH == s.H && s.OW*s.KW == s.W
	zeros := m == kernels.Overwrite && !tiled
	add := zeros || m == kernels.Accumulate
	if add {
		square = nil
	}
	d.runPooling(dx, dy, arg, s, kernel, square, zeros, add)
}

func (d *Device) runPooling(x, y, arg kernels.Buffer, s kernels.PoolSpec, kernel, square func(w *window), zeros, add bool) {
	if s.N*s.H*s.W*s.C == 0 {
		return
	}
	t := &d.pooling
	defer func() { *t = poolingTask{} }() // the buffers are the caller's, and may be freed
	t.d, t.s, t.kernel, t.square, t.clear, t.add = d, s, kernel, square, zeros, add
	t.x, t.y, t.arg = kernels.Floats(x), kernels.Floats(y), kernels.Ints(arg)
	t.images = imagesOfPart(s)
	d.pool.run((s.N+t.images-1)/t.images, t)
}

// part does the windows of some images.
func (t *poolingTask) part(worker, i int) {
	s, w := t.s, &t.d.workspaces[worker].window
	w.c, w.add = s.C, t.add
	w.tapStep, w.tapIndex = 4*s.C, int32(s.C)
	w.windowStep, w.windowIndex = 4*s.StrideW*s.C, int32(s.StrideW*s.C)
	first, last := i*t.images, min((i+1)*t.images, s.N)
	begin := first * s.OH * s.OW * s.C
	y := t.y[begin : last*s.OH*s.OW*s.C]
	if t.gate != nil {
		y = t.masked(&t.d.workspaces[worker], i, y)
	}
	for n := first; n < last; n++ {
		if t.clear {
			size := s.H * s.W * s.C
			clear(t.x[n*size : (n+1)*size])
		}
		for oh := range s.OH {
			h0, h1 := inside(oh, s.KH, s.StrideH, s.PadTop, s.H)
			w.kh = h1 - h0
			for ow := 0; ow < s.OW; {
				k0, k1 := inside(ow, s.KW, s.StrideW, s.PadLeft, s.W)
				w.kw, w.count = k1-k0, 1
				if w.kw == s.KW { // so do all further ones that end inside the image
					w.count = min((s.W-k1)/s.StrideW+1, s.OW-ow)
				}
				w.rowStep, w.rowIndex = 4*(s.W-w.kw)*s.C, int32((s.W-w.kw)*s.C)
				w.taps = float32(w.kh * w.kw)
				tap := ((n*s.H+h0)*s.W + k0) * s.C
				out := ((n*s.OH+oh)*s.OW + ow) * s.C
				w.first = int32(tap)
				w.x, w.y = address(t.x[tap:]), address(y[out-begin:])
				if t.arg != nil {
					w.arg = address(t.arg[out:])
				}
				ow += w.count
				if t.square != nil && w.kh == 2 && w.kw == 2 {
					t.square(w)
				} else {
					t.kernel(w)
				}
			}
		}
	}
}

// masked returns dy, the gradient of the images of part i, where the ReLU was open, and 0 elsewhere.
// It adds up the channels if their sums are wanted.
func (t *poolingTask) masked(w *workspace, i int, dy []float32) []float32 {
	k, c := &t.d.set.vector, t.s.C
	begin := i * t.images * t.s.OH * t.s.OW * c
	masked := w.masked[:len(dy)]
	k.relu_bwd_f32(masked, dy, t.gate[begin:begin+len(dy)], kernels.Overwrite)
	if t.sums != nil {
		sumSlab(k, t.sums[i*padded(c):][:c], masked, len(dy)/c)
	}
	return masked
}

// inside returns the part [from, to) of window i along one axis that is inside the image.
func inside(i, kernel, stride, pad, size int) (from, to int) {
	from = i*stride - pad
	return max(from, 0), min(from+kernel, size)
}
