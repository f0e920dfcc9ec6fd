package avx

import "baregrad/kernels"

// The gradients of a convolution whose output z is pooled, computed from the nonzeros of dz alone. Of
// a 2×2 window only one position has a gradient, which one depending on the filter o, and of the
// chosen positions some are closed by the ReLU:
//
//	dx[n, h, k, c] += dz[n,i,j,o] · w[u,v,c,o]
//	dw[u,v,c,o]    += dz[n,i,j,o] · x[n,h,k,c]    for h = i·StrideH + u·DilationH − PadTop, k = j·StrideW + v − PadLeft
//
// for all nonzeros (n,i,j,o) of dz [N, OH, OW, Out], and all u, v and c. Both are the product of a
// sparse matrix with a dense one, where a row of the dense matrix, and of the result, is a patch: KH
// lines of KW·C contiguous floats. They are
//
//	of the input:  row = the position (i,j), its elements the filters o: patch(i,j) of dx += dz · w[o]
//	of the filter: row = the filter o, its elements the positions (i,j): dw[o] += dz · patch(i,j) of x
//
// with w and dw as [Out, KH, KW, C]. Each of the two gradients takes nonzeros·KH·KW·C multiply-adds,
// where the definition has N·OH·OW·Out·KH·KW·C. See conv_sparse_product.go. Zeros of dz are skipped
// even if x or w has an infinity or NaN: see kernels.Device.
//
// One worker processes an image: it finds the nonzeros by position (see conv_sparse_rows.go), adds up
// dx and, if x comes out of a ReLU, takes dx through that; then it reorders the nonzeros by filter,
// and adds up dw. The images are split into chunks by the shape alone, and the chunks' dw are added
// up in order.

// sparseChunks is the most chunks of images; sparsePartial is the most floats of all their sums.
const sparseChunks, sparsePartial = 32, 1 << 22

// sparseFilter is the most floats of a filter, and sparseImage of an image: both, and as much of
// gradients, should stay in an L2 cache.
const sparseFilter, sparseImage = 1 << 17, 1 << 17

// bandOfImage is how many floats of an image the gradient of the filter processes at a time. With
// more, its patches come from the L2 cache; with fewer, the sums do, which are read and written each
// time.
const bandOfImage = 12 << 10

// sparsePays tells whether the gradients are computed from the nonzeros alone. The lines of a patch
// must be contiguous and made of whole registers, and the filter and the images must fit the limits
// above.
func sparsePays(s kernels.ConvPoolSpec) bool {
	c := s.Conv
	v := newView(c)
	return fusesPooling(s) && c.C > 1 && c.KW*c.C%8 == 0 && c.DilationW == 1 &&
		c.Cols()*c.Out <= sparseFilter && max(c.H*c.W*c.C, v.height(c)*v.w*c.C) <= sparseImage
}

// sparseTask is both gradients being computed by the workers. In the first phase, a part is a chunk
// of images; in the second, some elements of the sums of all chunks.
type sparseTask struct {
	d                 *Device
	s                 kernels.ConvPoolSpec
	dx, dw, dbias     []float32 // nil if not wanted
	dy, y, x          []float32
	arg               []int32
	mx                kernels.Mode
	view              view
	w                 []float32 // [Out, KH, KW, C]
	chunks            int
	partial           []float32 // [chunks, Out, KH, KW, C]
	sums              []float64 // dbias of each image
	behindReLU        bool      // dx is taken through the ReLU whose output x is
	dbelow            []float32 // and the gradient of that ReLU's bias, unless nil
	mbelow            kernels.Mode
	below             []float64 // dbelow of each image
	phase             func(t *sparseTask, w *workspace, i int)
	windows, capacity int // windows of an image, and the most nonzeros that one of its four lists can have
	bands             int // of an image's windows, for the gradient of the filter
}

// sparseGrad is Conv2DReLUMaxPoolGrad where sparsePays.
func (d *Device) sparseGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	t, c, p := &d.sparse, s.Conv, s.Pool
	t.d, t.s, t.mx = d, s, mx
	t.dx, t.dw, t.dbias = kernels.Floats(dx), kernels.Floats(dw), kernels.Floats(dbias)
	t.dy, t.y, t.arg, t.x = kernels.Floats(dy), kernels.Floats(y), kernels.Ints(arg), kernels.Floats(x)
	t.plan()
	size := c.Cols() * c.Out
	if dx != nil {
		t.w = grow(&d.turned, size)
		d.set.tiles.transpose(t.w, c.Cols(), kernels.Floats(w), c.Out, c.Cols(), c.Out)
	}
	t.phase = (*sparseTask).imagesPart
	d.runIfLarge(p.N*p.OH*p.OW*size, t.chunks, t)
	if dw != nil {
		t.phase = (*sparseTask).sumPart
		d.runIfLarge(t.chunks*size, (size+sumElements-1)/sumElements, t)
		sums := t.partial[:size]
		if mw == kernels.Accumulate {
			turned := grow(&d.turned, size)
			d.set.tiles.transpose(turned, c.Out, sums, c.Cols(), c.Out, c.Cols())
			d.set.vector.add_scaled_f32(t.dw, turned, 1)
		} else {
			d.set.tiles.transpose(t.dw, c.Out, sums, c.Cols(), c.Out, c.Cols())
		}
	}
	if dbias != nil {
		store(t.dbias, d.addParts(t.sums, c.N, c.Out), 1, mb)
	}
	if t.dbelow != nil {
		store(t.dbelow, d.addParts(t.below, c.N, c.C), 1, t.mbelow)
	}
	t.dx, t.dw, t.dbias, t.dy, t.y, t.x, t.arg = nil, nil, nil, nil, nil, nil, nil // they are the caller's, and may be freed
}

// plan splits the images into chunks, and reserves memory.
func (t *sparseTask) plan() {
	c, p := t.s.Conv, t.s.Pool
	size := c.Cols() * c.Out
	t.view = newView(c)
	t.chunks = min(sparseChunks, c.N, max(1, sparsePartial/size))
	if t.dw != nil {
		t.partial = grow(&t.d.partial, t.chunks*size)
	}
	sums := t.d.sumScratch(c.N * (padded(c.Out) + padded(c.C)))
	t.sums, t.below = sums[:c.N*padded(c.Out)], sums[c.N*padded(c.Out):]
	t.windows = p.OH * p.OW
	t.bands = min(p.OH, (t.view.height(c)*t.view.w*c.C+bandOfImage-1)/bandOfImage)
	t.capacity = t.windows*c.Out + 16
	for i := range t.d.workspaces {
		w := &t.d.workspaces[i]
		if t.view.copied {
			grow(&w.image, t.view.height(c)*t.view.w*c.C)
			grow(&w.tile, t.view.height(c)*t.view.w*c.C)
		}
		w.sparse.plan(t)
	}
}

func (t *sparseTask) part(worker, i int) { t.phase(t, &t.d.workspaces[worker], i) }

// imagesPart computes dx and the sums for dw of one chunk of images.
func (t *sparseTask) imagesPart(w *workspace, chunk int) {
	c := t.s.Conv
	size := c.Cols() * c.Out
	var sums []float32
	if t.dw != nil {
		sums = t.partial[chunk*size : (chunk+1)*size]
		clear(sums)
	}
	from, to := chunk*c.N/t.chunks, (chunk+1)*c.N/t.chunks
	for n := from; n < to; n++ {
		w.sparse.find(t, n)
		if t.dx != nil {
			t.input(w, n)
		}
		if t.behindReLU {
			t.undoReLU(n)
		}
		if t.dw != nil || t.dbias != nil {
			t.filter(w, sums, n, n+1 < to)
		}
	}
}

// place returns where the patch of an output position begins in an image, in bytes.
func (t *sparseTask) place(i, j int) int {
	c := t.s.Conv
	return 4 * c.C * (i*c.StrideH*t.view.w + j*c.StrideW)
}

// input computes the gradient of image n.
func (t *sparseTask) input(w *workspace, n int) {
	c, v := t.s.Conv, &t.view
	size := c.H * c.W * c.C
	dx := image(t.dx, n, size)
	sums, already, height := dx, t.mx == kernels.Accumulate, c.H
	if v.copied {
		sums, already, height = grow(&w.tile, v.height(c)*v.w*c.C), false, v.height(c)
	}
	overlap := len(t.d.set.sparse.positions) > 0 && c.KH == 3 && c.KW == 3 && c.StrideW == 1
	// If patches overlap in both directions and leave no pixel out, the first one writes a pixel.
	p := t.s.Pool
	whole := overlap && c.StrideH == 1 && c.DilationH == 1 && height == 2*p.OH+2 && v.w == 2*p.OW+2
	if !already && !whole {
		clear(sums)
		already = true
	}
	s := &w.sparse
	s.product = sparseProduct{
		rows: addressOf(s.rows), values: address(s.values), indices: address(s.indices), mask: 1<<16 - 1,
		dense: address(t.w), denseStep: 4 * c.Cols(), denseLine: 4 * c.KW * c.C,
		sums: address(sums), sumsLine: 4 * c.DilationH * v.w * c.C,
	}
	var next []float32
	if t.dw != nil {
		next = image(t.x, n, size)
	}
	if overlap {
		t.positions(&s.product, next, already)
	} else {
		t.patches(&s.product, len(s.rows), next)
	}
	if v.copied {
		v.back(&t.d.set.vector, dx, sums, v.height(c), t.mx)
	}
}

// undoReLU takes the gradient of image n through the ReLU that the image comes out of, while it is in
// the L2 cache, and adds it up for that ReLU's bias.
func (t *sparseTask) undoReLU(n int) {
	c, k := t.s.Conv, &t.d.set.vector
	size := c.H * c.W * c.C
	dx := image(t.dx, n, size)
	k.relu_bwd_f32(dx, dx, image(t.x, n, size), kernels.Overwrite)
	if t.dbelow != nil {
		sumSlab(k, t.below[n*padded(c.C):][:c.C], dx, c.H*c.W)
	}
}

// filter adds image n's contribution to the gradient of the filter to sums, unless sums is nil, and
// adds up the gradient of the bias. more tells whether another image follows.
func (t *sparseTask) filter(w *workspace, sums []float32, n int, more bool) {
	c, v, s := t.s.Conv, &t.view, &w.sparse
	dbias := t.sums[n*padded(c.Out):][:c.Out]
	clear(dbias)
	var x, next []float32
	if sums != nil {
		x = v.rows(w, t.x, n, 0, v.height(c))
		switch size := c.H * c.W * c.C; {
		case more && t.dx == nil:
			next = image(t.x, n+1, size)
		case more && !v.copied:
			next = image(t.dx, n+1, size)
		}
	}
	for band := range t.bands {
		s.turn(t, dbias, band*t.windows/t.bands, (band+1)*t.windows/t.bands)
		if sums == nil {
			continue
		}
		s.product = sparseProduct{
			rows: addressOf(s.filters), values: address(s.turned), indices: address(s.places), mask: 1<<32 - 1,
			dense: address(x), denseStep: 1, denseLine: 4 * c.DilationH * v.w * c.C,
			sums: address(sums), sumsLine: 4 * c.KW * c.C,
		}
		t.patches(&s.product, len(s.filters), next[band*len(next)/t.bands:(band+1)*len(next)/t.bands])
	}
}

// image is image n of several of the given size.
func image(images []float32, n, size int) []float32 { return images[n*size : (n+1)*size] }

// sumPart adds the chunks' sums to the first, in order, for some elements.
func (t *sparseTask) sumPart(_ *workspace, i int) {
	size := t.s.Conv.Cols() * t.s.Conv.Out
	from, to := i*sumElements, min(size, (i+1)*sumElements)
	for chunk := 1; chunk < t.chunks; chunk++ {
		t.d.set.vector.add_scaled_f32(t.partial[from:to], t.partial[chunk*size+from:chunk*size+to], 1)
	}
}
