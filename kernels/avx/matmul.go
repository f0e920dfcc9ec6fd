package avx

import (
	"slices"

	"baregrad/kernels"
)

// MatMul computes C[M,N] = op(A)[M,K]·op(B)[K,N], and what MatMulSpec adds to it.
//
// The work is split at three levels, from the outside in:
//
//  1. C into blocks of rows by groups of columns: the parts that workers share.
//  2. A part's rows into steps, and K into runs of at most blockK, so that the
//     piece of A (rows of a step × blockK) and one strip of B (blockK × 48
//     columns) stay in the caches while they are used. Each run but the first
//     adds to C.
//  3. Columns into strips, each one call of a kernel: see strip.
//
// Operands are copied to contiguous memory where that pays. The kernel copies a strip of B to the
// worker's panel while it computes the first rows, which costs next to nothing. A is copied if its
// rows would evict each other from the caches, or if it is stored transposed.
//
// If A has many zeros, they are skipped: see zeros.go. Strips and tiles then have other sizes, but
// the runs of K are the same, and so are the bits of the result.
//
// The bits of the result depend on M, N and K alone. Each element of C is a chain of fused
// multiply-adds in the order of k, broken only between runs of K, which have equal lengths, and, for
// tall products, between chunks. Neither the number of workers nor the width of the registers changes
// that.

const (
	// blockK is the longest run of K. Longer runs touch C less often; shorter ones keep the strip of
	// B in a faster cache.
	blockK = 512
	// partWork is about how many multiply-adds make a part worth handing to another worker: 10 to 20
	// µs.
	partWork = 1 << 20
)

// matmulTask is one product being computed by the workers.
type matmulTask struct {
	d           *Device
	s           kernels.MatMulSpec
	c, a, b     []float32
	bias        []float32
	number      uint64       // counts the products
	strips      columns      // only where they begin
	copyA       bool         // pieces of A are copied
	zeros       bool         // zeros of A are skipped
	inPlace     bool         // zeros skipped: B is read in place,
	kept        bool         // or else a worker keeps all its panels
	height      int          // rows of a tile, or of several that stay together
	widest      int          // columns of the widest strip
	depth       int          // k in the longest run
	rows        []int        // offsets of the rows of a whole step,
	rowStep     int          // or, where zeros are skipped, bytes from row to row of A
	aStep       int          // bytes from k to k+1 in A
	sample      [3]uint64    // bits of two rows of A, and of either
	shares      rowShares    // what they say about A's rows; set by manyZeros
	form        []rowProduct // zeros skipped: the kernels
	tall        int          // and the rows that they multiply at a time
	each        int          // zeros of rows skipped: k in a word of bits
	words       int          // and words of a part of a run
	lookThrough bool         // whether each part of B is searched for values that are not finite
	tells       bool         // or else whether kernels check the sums, instead of a pass over them
	column      columnPlan   // zeros of a transposed A skipped
	tileStep    int          // floats from tile to tile of a copied piece of A
	step        int          // rows of a step
	blockRows   int          // most rows of C in one part
	blocks      int          // blocks of rows
	series      int          // blocks of a series, each smaller than the one before; or 1
	group       int          // most strips in one part
	groups      int          // groups of strips
	chunks      int          // chunks of K
	partial     []float32    // [chunks−1, M, N]: products of all chunks but the first
	halved      bool         // the chunks are two runs that meet in C: see matmul_halves.go
	cells       []halves
	cuts        cuts           // the last ones found
	update      *optimizerStep // the step with C as the gradient, or nil: see matmul_update.go
	updates     bool           // it is done as soon as rows of C are finished,
	own         bool           // which are only in the worker's own memory,
	fused       bool           // or as they are computed: see matmul_adam.go
	leastB      int            // the exponent of B's smallest nonzero magnitude
}

// MatMul computes a matrix product: see kernels.Device.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	if s.M == 0 || s.N == 0 || s.K == 0 {
		d.Device.MatMul(c, a, b, bias, s)
		return
	}
	s.Check(c, a, b, bias)
	d.matmul(kernels.Floats(c), kernels.Floats(a), kernels.Floats(b), kernels.Floats(bias), s)
}

func (d *Device) matmul(c, a, b, bias []float32, s kernels.MatMulSpec) {
	if s.N == 1 && s.TransA && bias == nil { // one column is also the row bᵀ·A, whose tiles are wide
		a, b = b, a
		s.M, s.N, s.TransA, s.TransB = 1, s.M, false, false
	}
	if s.N > 1 && s.N <= fewColumns && s.M >= fewColumns && s.TransA && !s.TransB && bias == nil && !s.ReLU && s.Mode == kernels.Overwrite {
		d.multiplyAcross(c, a, b, s)
		return
	}
	if isSmall(s) {
		d.multiplySmall(c, a, b, bias, s)
		return
	}
	d.multiply(c, a, b, bias, s, d.manyZeros(a, s))
}

// fewColumns is how many columns leave part of the widest registers empty.
const fewColumns = 16

// multiplyAcross computes C = Aᵀ·B with few columns as Cᵀ = Bᵀ·A, for A [K,M] and B [K,N] as they are
// stored: rows of A fill registers, and each element of B is multiplied with several of them. Each
// element's products are added in the same order.
func (d *Device) multiplyAcross(c, a, b []float32, s kernels.MatMulSpec) {
	across := grow(&d.across, s.N*s.M)
	d.product.update = nil // C is not finished here
	if turned := (kernels.MatMulSpec{M: s.N, N: s.M, K: s.K, TransA: true}); isSmall(turned) {
		d.multiplySmall(across, b, a, nil, turned)
	} else {
		d.multiply(across, b, a, nil, turned, false)
	}
	d.set.tiles.transpose(c, s.N, across, s.M, s.N, s.M)
}

// multiply computes the product, skipping zeros of A or not. The bits are the same.
func (d *Device) multiply(c, a, b, bias []float32, s kernels.MatMulSpec, zeros bool) {
	t := &d.product
	t.number++
	t.d, t.s, t.c, t.a, t.b, t.bias, t.zeros = d, s, c, a, b, bias, zeros
	switch {
	case zeros && s.TransA:
		t.cutColumns()
	case zeros:
		t.cutRows()
	default:
		t.strips.cut(&d.set.tiles, s.N)
		t.height, t.widest = d.set.tiles.height, d.set.tiles.widest()
	}
	t.plan()
	t.planUpdate()
	d.pool.run(t.blocks*t.groups*t.chunks, t)
	if t.chunks > 1 && !t.halved {
		t.sumChunks()
	}
	t.c, t.a, t.b, t.bias = nil, nil, nil, nil // they are the caller's, and may be freed
}

// runIfLarge shares n parts among the workers if together they are enough work, and otherwise does
// them at once. work is in multiply-adds.
func (d *Device) runIfLarge(work, n int, t task) {
	if work > partWork/8 {
		d.pool.run(n, t)
		return
	}
	for i := range n {
		t.part(0, i)
	}
}

// plan decides how the product is split.
func (t *matmulTask) plan() {
	s, tiles, l2 := t.s, &t.d.set.tiles, t.d.cacheL2/4 // in floats
	// Runs have the same length, whole cache lines.
	runs := (s.K + blockK - 1) / blockK
	t.chunks, t.depth, t.halved = 1, min(s.K, ((s.K+runs-1)/runs+15)&^15), false
	if s.M*s.N <= 1<<16 && s.K >= max(2*s.M, 2*s.N, blockK) && s.M*s.N*s.K >= 4*leastPart {
		t.chunks = max(2, min(maxChunks, s.K/chunkK))
		t.partial = grow(&t.d.partial, (t.chunks-1)*s.M*s.N)
		each := (s.K + t.chunks - 1) / t.chunks
		runs = (each + blockK - 1) / blockK
		t.depth = ((each+runs-1)/runs + 15) &^ 15
		if (t.d.pool.workers == 1 || t.zeros) && t.chunks == (s.K+t.depth-1)/t.depth {
			// Each chunk is one run, and runs are added up as chunks are. Where zeros are skipped,
			// two runs that meet in C are faster than a pass over both sums afterwards:
			// matmul_halves.go.
			t.chunks = 1
		}
	}
	t.cut()
	switch {
	case t.zeros && s.TransA:
		t.planColumns()
		return
	case t.zeros:
		t.planRows()
		return
	}
	t.reservePanels()

	// A piece of A is short, to stay in the L2 cache while strips of B pass by. If all panels stay
	// there too, it gets the space that they leave.
	panels := t.group * tiles.widest() * t.depth
	near := panels <= l2*3/8
	most := l2 / 2
	if near {
		most = l2 / 8
	}
	steps := (t.blockRows*t.depth + most - 1) / most
	t.step = (t.blockRows/steps + tiles.height - 1) / tiles.height * tiles.height
	t.step = min(t.step, mostRows*min(16, blockK/t.depth)) // short rows, more of them
	if t.step >= t.blockRows {                             // no panel is read again
		panels = tiles.widest() * t.depth
	}

	// A is copied if its columns would be walked many times, or if its rows evict each other from the
	// L2 cache, being a multiple of 8 KB apart.
	stride := s.K
	if s.TransA {
		stride = s.M
	}
	t.copyA = s.TransA && (t.group >= 4 || stride%512 == 0 && t.group > 1) || !near && stride%2048 == 0
	t.tileStep = 8*t.depth + copyGap
	copied := 0
	if t.copyA {
		copied = (t.step + tiles.height - 1) / tiles.height * t.tileStep
	}
	t.d.reserve(t.step, copied, 0, 0, 0)
	t.d.reservePanels(panels)
	t.rows = slices.Grow(t.rows[:0], t.step)[:t.step]
	if t.copyA { // tile by tile, [depth][8]
		t.aStep = 4 * 8
		for i := range t.rows {
			t.rows[i] = 4 * (i/tiles.height*t.tileStep + i%tiles.height)
		}
		return
	}
	each := 4 * stride // bytes from row to row
	t.aStep = 4
	if s.TransA {
		each, t.aStep = 4, each
	}
	for i, at := 0, 0; i < len(t.rows); i, at = i+1, at+each {
		t.rows[i] = at
	}
}

const (
	// tileRows is a number of rows that makes whole tiles, whether they are 8 or 6 rows high.
	tileRows = 24
	// mostRows is the most rows of a step for runs of blockK.
	mostRows = 3 * tileRows
	// copyGap is the gap between tiles of a copied piece of A, in floats, so that they don't fall on
	// the same cache lines.
	copyGap = 16
	// chunkK is the least number of k in a chunk of a tall product, if there are more than two.
	chunkK = 4 * blockK
	// maxChunks is the most chunks that a tall product is split into.
	maxChunks = 16
)

// part computes part i of C. Blocks of rows vary fastest in i, then chunks of K, then groups of
// columns.
func (t *matmulTask) part(worker, i int) {
	block, rest := i%t.blocks, i/t.blocks
	chunk, group := rest%t.chunks, rest/t.chunks
	w, s := &t.d.workspaces[worker], t.s
	c, add := t.c, s.Mode == kernels.Accumulate
	if chunk > 0 && !t.halved {
		c, add = t.partial[(chunk-1)*s.M*s.N:], false
	}
	if t.halved {
		chunk, w.cell = t.half(i)
		group, block = w.cell/t.blocks, w.cell%t.blocks
		w.second = t.cells[w.cell].enter()
		add = w.second
	}
	first, last := group*t.strips.count()/t.groups, (group+1)*t.strips.count()/t.groups
	i0 := t.begin(block)
	w.end = t.begin(block + 1)
	m := w.end - i0
	all := (s.K + t.depth - 1) / t.depth // runs of K
	from, to := chunk*all/t.chunks, (chunk+1)*all/t.chunks

	for run := from; run < to; run++ {
		for r := 0; r < m; r += t.step {
			compute := t.compute
			switch {
			case t.zeros && s.TransA:
				compute = t.computeColumns
			case t.zeros:
				compute = t.computeRows
			}
			rows := min(t.step, m-r)
			if w.first = 0; t.own {
				c, w.first = w.gradient[:cap(w.gradient)], i0+r
			}
			compute(w, c, i0+r, rows, run*t.depth, first, last, run > from || add, r == 0)
			if t.updates && !t.fused && run+1 == to && (!t.halved || w.second) {
				t.updateRows(w, c, i0+r, rows)
			}
		}
	}
	if t.halved && !w.second {
		t.cells[w.cell].leave()
	}
}

// compute does the run of K from k0 on for m rows of C from i0 on, in strips [first, last). add says
// that C already holds a sum, and fresh that the panels are still to be made.
func (t *matmulTask) compute(w *workspace, c []float32, i0, m, k0, first, last int, add, fresh bool) {
	s, tiles := t.s, &t.d.set.tiles
	depth := min(t.depth, s.K-k0)
	rows := w.table(t.rows, m, tiles.height)
	a := t.piece(w, i0, m, k0, depth)
	ends := t.ends(w, k0+depth)
	panels := w.panels
	for n := first; n < last; n++ {
		j, width := t.strips.strip(n)
		p := &w.strip
		p.rows, p.a, p.aStep, p.aJump, p.length, p.segments = rows, a, t.aStep, 0, depth, 1
		p.c, p.cStep, p.m, p.add = address(c[(i0-w.first)*s.N+j:]), 4*s.N, m, add
		p.bias, p.relu = 0, false
		if ends {
			p.relu = s.ReLU
			if t.bias != nil {
				p.bias = address(t.bias[j:])
			}
		}
		t.operand(p, panels, j, width, k0, depth, fresh)
		if t.step < t.blockRows { // they are read again
			panels = panels[tiles.padded(width)*depth:]
		}
		if n+1 < last {
			t.aheadB(p, panels, n+1, k0, depth, fresh)
		} else {
			t.aheadA(p, i0+t.step, k0, depth)
		}
		tiles.run(p, width)
	}
}
