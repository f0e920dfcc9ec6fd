package avx

import "baregrad/kernels"

// Conv2DGradFilter is a product whose K is all output positions of all images:
//
//	dw[(u,v,c), o] = Σ over n,i,j of x'[n, i·StrideH + u·DilationH, j·StrideW + v·DilationW, c] · dy[n,i,j,o]
//
// where x' is the view of x with its padding. Each row (u,v,c) of dw has its own start in the image,
// and the steps of k are the same for all rows: by StrideW pixels along an output row, which is one
// segment, then on to the next.
//
// K is summed in the order of the images; within an image in runs of some output rows, about 2·blockK
// positions long. It is split into chunks, whose number depends on the shape alone; their sums are
// added up in order.

// filterTask is a filter's gradient being computed by the workers.
type filterTask struct {
	d        *Device
	s        kernels.ConvSpec
	dw, x    []float32
	mode     kernels.Mode
	dy       []float32
	strips   columns // of dw and dy; only where they begin
	packed   bool    // dy is copied, each row padded to whole registers
	view     view
	rows     []int     // where each row of dw begins in the image, in bytes
	height   int       // output rows of one run
	block    int       // rows of dw of one part
	blocks   int       // blocks of rows
	runs     int       // runs of one image
	chunks   int       // chunks of all runs
	partial  []float32 // [chunks−1, KH·KW·C, Out]: the sums of all chunks but the first
	summing  bool      // the parts add up the chunks
	sumParts int
}

// Conv2DGradFilter computes the gradient of the filter: see kernels.Device.
func (d *Device) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	if s.Rows() == 0 || s.Cols()*s.Out == 0 {
		d.Device.Conv2DGradFilter(dw, dy, x, s, m)
		return
	}
	s.Check("conv2d gradient by filter", dy, x, dw, nil)
	if winogradPays(s) && d.winogradGradFilter(kernels.Floats(dw), kernels.Floats(dy), kernels.Floats(x), s, m) {
		return
	}
	d.gradFilter(kernels.Floats(dw), kernels.Floats(dy), kernels.Floats(x), s, m)
}

func (d *Device) gradFilter(dw, dy, x []float32, s kernels.ConvSpec, m kernels.Mode) {
	t := &d.filter
	t.d, t.s, t.mode = d, s, m
	t.dw, t.x, t.dy = dw, x, dy
	t.plan()
	work := s.Rows() * s.Cols() * s.Out
	d.runIfLarge(work, t.chunks*t.blocks, t)
	if t.chunks > 1 {
		t.summing = true
		d.runIfLarge(len(t.dw)*t.chunks*16, t.sumParts, t)
		t.summing = false
	}
	t.dw, t.x, t.dy = nil, nil, nil // they are the caller's, and may be freed
}

// plan splits the work into chunks of K and blocks of dw's rows.
func (t *filterTask) plan() {
	s, tiles := t.s, &t.d.set.tiles
	t.view = newView(s)
	t.height = min(s.OH, max(1, 2*blockK/s.OW))
	t.runs = (s.OH + t.height - 1) / t.height

	// The kernels read dy in whole registers; without masks, only if those end where a row does.
	t.packed = !tiles.masked && s.Out%tiles.lanes != 0

	// Chunks: at most 32, each at least as much work as a part should be, and not so many that their
	// sums take more than partialMemory. Depends on the shape alone.
	const most, partialMemory = 32, 1 << 24 // chunks; floats
	size := s.Cols() * s.Out
	perRun := t.height * s.OW * size
	t.chunks = max(1, min(most, s.N*t.runs, s.N*t.runs*perRun/partWork, partialMemory/size))
	if t.chunks > 1 {
		t.partial = grow(&t.d.partial, (t.chunks-1)*size)
	}
	// Blocks of rows, if there are too few chunks for the workers.
	parts := min(s.Rows()*size/partWork, 4*t.d.pool.workers)
	t.blocks = max(1, parts/t.chunks)
	t.block = max(24, ((s.Cols()+t.blocks-1)/t.blocks+23)/24*24)
	t.blocks = (s.Cols() + t.block - 1) / t.block
	t.sumParts = min(4*t.d.pool.workers, s.Cols())

	t.rows = t.rows[:0]
	for u := range s.KH {
		for v := range s.KW {
			for c := range s.C {
				t.rows = append(t.rows, 4*((u*s.DilationH*t.view.w+v*s.DilationW)*s.C+c))
			}
		}
	}
	t.strips.cut(tiles, s.Out)
	packed := 0
	if t.packed {
		packed = t.height * s.OW * tiles.padded(s.Out)
	}
	t.d.reserve(len(t.rows), packed, t.view.size(t.height, s), 0, 0)
}

// part computes one chunk for one block of rows, or adds up a part of the chunks.
func (t *filterTask) part(worker, i int) {
	if t.summing {
		t.sum(i)
		return
	}
	s := t.s
	w := &t.d.workspaces[worker]
	chunk, block := i/t.blocks, i%t.blocks
	all := s.N * t.runs
	first, last := chunk*all/t.chunks, (chunk+1)*all/t.chunks
	c, add := t.dw, t.mode == kernels.Accumulate
	if chunk > 0 {
		c, add = t.partial[(chunk-1)*len(t.dw):chunk*len(t.dw)], false
	}
	for run := first; run < last; run++ {
		t.run(w, c, block*t.block, run/t.runs, run%t.runs*t.height, add)
		add = true
	}
}

// run adds the contribution of image n's output rows from oh on to one block of c, from row r0 on.
func (t *filterTask) run(w *workspace, c []float32, r0, n, oh int, add bool) {
	s, tiles := t.s, &t.d.set.tiles
	count := min(t.height, s.OH-oh)
	x := t.view.rows(w, t.x, n, oh*s.StrideH, (count-1)*s.StrideH+(s.KH-1)*s.DilationH+1)
	dy, stride := t.dy[(n*s.OH+oh)*s.OW*s.Out:], s.Out
	if t.packed {
		stride = tiles.padded(s.Out)
		packed := grow(&w.a, count*s.OW*stride)
		for i := range count * s.OW {
			clear(packed[i*stride+copy(packed[i*stride:], dy[i*s.Out:(i+1)*s.Out]) : (i+1)*stride])
		}
		dy = packed
	}
	m := min(t.block, s.Cols()-r0)
	for strip := range t.strips.count() {
		first, width := t.strips.strip(strip)
		kernel := t.kernel(m, width)
		p := &w.strip
		p.rows = w.table(t.rows[r0:], m, kernel.height)
		p.a, p.aStep = address(x), 4*s.StrideW*s.C
		p.length, p.segments = s.OW, count
		p.aJump = 4 * s.C * (s.StrideH*t.view.w - s.StrideW*s.OW)
		p.b, p.bStep = address(dy[first:]), 4*stride
		p.c, p.cStep, p.m = address(c[r0*s.Out+first:]), 4*s.Out, m
		p.add, p.bias, p.relu = add, 0, false
		if kernel.run == nil {
			if strip == 0 { // the next run's dy; past the last one it does no harm
				p.ahead = address(t.dy) + uintptr(4*(n*s.OH+oh+count)*s.OW*s.Out)
				p.aheadStep, p.aheadNext = cacheLine, cacheLine*count*s.OW
				p.aheadTiles = (4*s.Out + cacheLine - 1) / cacheLine
			}
			tiles.run(p, width)
			continue
		}
		p.mask = uint16(1<<(width-tiles.lanes) - 1)
		kernel.run(p)
	}
}

// filterKernel computes strips two registers wide, in tiles of height rows.
type filterKernel struct {
	height int
	run    func(s *strip) // nil: the kernels of all products
}

// kernel is the one that wastes the fewest rows of its tiles on a strip with m rows.
func (t *filterTask) kernel(m, width int) filterKernel {
	set := t.d.set
	best := filterKernel{height: set.tiles.height}
	if width > 2*set.tiles.lanes || width <= set.tiles.lanes {
		return best
	}
	wasted := func(height int) int { return (m+height-1)/height*height - m }
	for _, k := range set.filter {
		if wasted(k.height) < wasted(best.height) {
			best = k
		}
	}
	return best
}

// sum adds up the chunks for part i of dw.
func (t *filterTask) sum(i int) {
	from, to := i*t.s.Cols()/t.sumParts*t.s.Out, (i+1)*t.s.Cols()/t.sumParts*t.s.Out
	for chunk := range t.chunks - 1 {
		t.d.set.vector.add_scaled_f32(t.dw[from:to], t.partial[chunk*len(t.dw)+from:chunk*len(t.dw)+to], 1)
	}
}
