package avx

import "baregrad/kernels"

// Products that leave out zeros of a transposed A, C[M,N] = Aᵀ[M,K]·B[K,N] with A stored as
// [K,M]: a layer's gradient by its weights, whose A is what the layer gets, [batch, features].
// See zeros.go for what is left out and why not a bit changes.
//
// A row of C is a column of A as it is stored. 16 of them are a block, because a row of A
// has them in one line of the cache, and so their zeros are found together: for each of the
// block's columns and each 64 k there is a word with a bit for each k whose element is not
// zero. The kernels take the bits of a word one after the other, which costs no more than
// a list would, and nothing has to make the list. They do so
//
//   - for two rows of C at a time, at every k at which either element is not zero; a row of B
//     is read once for both. That is best where the second cache, which gives a row of B in
//     the time that two rows of C take, is what limits.
//   - or for a single row of 8 registers, where that has far fewer k. Then K is
//     done in parts, so that a part of B stays in the first cache; the sums wait in memory
//     until the next part goes on with them. So they are the same chains of additions.

// zeroBlock is up to zeroColumns rows of C by a strip of B, for a part of a run of K.
// Steps are in bytes. The kernels move bits, a, sums, c and m on, and return before m is 0
// where a sum is −0, with bits, a and sums behind the rows and c at the rows that it is in.
type zeroBlock struct {
	bits  uintptr // [words][zeroColumns]uint64
	words int
	a     uintptr // the element of row 0 at k = 0; the next row's follows it
	aStep int     // from k to k+1
	b     uintptr
	bStep int
	sums  uintptr // of the rows, in whole registers, unless this is the first part and the last
	c     uintptr
	cStep int
	m     int // rows of C
	bias  uintptr

	// With each k they bring a line into the second cache, from ahead on in steps of aheadStep,
	// up to aheadEnd; and all of them before they return.
	ahead     uintptr
	aheadStep int
	aheadEnd  uintptr

	first bool   // sums begin at 0
	last  bool   // sums go to C
	add   bool   // C += …
	relu  bool   // C = max(C, 0)
	mask  uint16 // the lanes of the last register that belong to C
	lanes [8]int32
}

// columnKernels is the table of the kernels of such products.
type columnKernels struct {
	kernels []columnKernel // that for single rows, then those for pairs, the widest first
	// What a k costs, in percent of that of a k where nothing is left out: of a single row, of
	// a pair, and of a pair where a strip of B stays in the first cache.
	singleCost, pairCost, pairNearCost int
	// partCost is what another part of K costs a single row, in percent of such a k.
	partCost int
	// mark_nonzeros_f32 marks in bits which elements of zeroColumns columns are not zero.
	mark_nonzeros_f32 func(bits *uint64, src *float32, srcStep, n int, lanes uint16)
}

// columnKernel is a kernel for strips of so many registers.
type columnKernel struct {
	rows                   int // of C at a time
	registers              int
	matmul_columns_RxN_f32 func(s *zeroBlock)
}

// columnPlan is how a product of a transposed A is cut, besides what matmulTask says.
type columnPlan struct {
	single bool // rows of C are computed one by one where a strip is wide enough
	length int  // k of a part
	parts  int  // of a run
	words  int  // of a part
}

const (
	// zeroColumns is how many columns of a transposed A are a block.
	zeroColumns = 16
	// nearStrip is the most floats of a strip of B that stays in the first cache, with
	// what else is in it.
	nearStrip = 6 << 10
	// partStrip is the most floats of B, one strip wide, in a part of K: what stays in the
	// first cache.
	partStrip = 8 << 10
	// partLength is the most k of a part that is shorter than a run: of A a part has a line
	// for each k, and they are to stay there too.
	partLength = 128
	// mostSums is the most floats of the sums that wait for the next part of K.
	mostSums = 32 << 10
)

// columnCost is costWithoutZeros of a transposed A, and tells whether single rows cost less
// than pairs. It looks at places spread over all of A, one line of the cache each.
func (d *Device) columnCost(a []float32, s kernels.MatMulSpec) (cost int, single bool) {
	const places, neighbours = 32, 16
	const all = places * neighbours / 2 // pairs
	ones, pairs := 0, 0
	for p := range places {
		i := p * (s.M - neighbours) / (places - 1) / neighbours * neighbours
		k := spread(p, s.K)
		for row := a[k*s.M+i:][:neighbours]; len(row) > 0; row = row[2:] {
			is0, is1 := nonzero(row[0]), nonzero(row[1])
			ones += is0 + is1
			pairs += is0 | is1
		}
		if p == places/4 && ones == (p+1)*neighbours { // no zero yet: that will do
			return 1000, false
		}
	}
	c, depth := &d.set.zeros.columns, min(s.K, blockK)
	cost = c.pairCost
	if min(s.N, c.kernels[1].registers*d.set.tiles.lanes)*depth <= nearStrip {
		cost = c.pairNearCost
	}
	cost = cost * pairs / all
	if wide := c.kernels[0].registers * d.set.tiles.lanes; s.N >= wide {
		parts := (depth*wide + partStrip - 1) / partStrip
		// 3 k are what beginning and ending a row costs.
		if one := c.singleCost*ones/(2*all) + (c.partCost*(parts-1)+300)/depth; one < cost {
			cost, single = one, true
		}
	}
	// To find the bits costs what N columns share.
	return cost + 400/s.N + 10, single
}

// cutColumns cuts C into strips as wide as the kernels are.
func (t *matmulTask) cutColumns() {
	tiles := &t.d.set.tiles
	t.strips.tiles, t.strips.n = tiles, t.s.N
	t.strips.strips = t.strips.strips[:0]
	t.widest = 0
	for j := 0; j < t.s.N; {
		t.strips.strips = append(t.strips.strips, j)
		width := t.columnKernel(t.s.N-j).registers * tiles.lanes
		t.widest = max(t.widest, width)
		j += width
	}
	t.strips.strips = append(t.strips.strips, t.s.N)
	t.height = zeroColumns
}

// columnKernel is the kernel for the first of n columns that are left.
func (t *matmulTask) columnKernel(n int) *columnKernel {
	table, lanes := t.d.set.zeros.columns.kernels, t.d.set.tiles.lanes
	for i := range table {
		k := &table[i]
		if k.registers*lanes < n+lanes && (k.rows > 1 || t.column.single) {
			return k
		}
	}
	return &table[len(table)-1]
}

// planColumns decides what remains to be decided when the product is cut.
func (t *matmulTask) planColumns() {
	s, tiles, p := t.s, &t.d.set.tiles, &t.column
	// B is read in place unless its rows are no whole registers, or push each other out
	// of the second cache.
	t.inPlace = !s.TransB && s.N%tiles.lanes == 0 && (t.strips.count() == 1 || s.N%256 != 0)
	t.copyA, t.aStep = false, 4*s.M

	// With single rows B has to be in the first cache, and pairs of short rows read more of A
	// than of B from the second. Pairs of long rows are limited by neither.
	p.length, p.parts = t.depth, 1
	if p.single || t.widest <= 4*tiles.lanes {
		most := min(partStrip/t.widest, partLength)
		if p.length > most {
			p.parts = (t.depth + most - 1) / most
			p.length = (t.depth + p.parts - 1) / p.parts
			if p.length > 64 {
				p.length = most
			}
			p.parts = (t.depth + p.length - 1) / p.length
		}
	}
	p.words = (p.length + 63) / 64

	// The rows of a step pass by each strip of B: as many as stay in the second cache, and
	// their sums.
	most := max(t.blockRows, zeroColumns)
	if t.group > 1 {
		most = t.d.cacheL2 / 4 / 2 / t.depth
	}
	if p.parts > 1 {
		most = min(most, mostSums/t.widest)
	}
	steps := (t.blockRows + most - 1) / most
	t.step = ((t.blockRows+steps-1)/steps + zeroColumns - 1) / zeroColumns * zeroColumns
	panels := 0
	if !t.inPlace {
		panels = t.widest * t.depth
		if t.step < t.blockRows {
			panels *= t.group
		}
	}
	blocks := 1 // whose words are kept: a single strip needs them once
	if t.group > 1 {
		blocks = t.step / zeroColumns * p.parts
	}
	t.d.reserve(t.step, 0, 0, 0, 0)
	t.d.reservePanels(panels)
	for i := range t.d.workspaces {
		t.d.workspaces[i].zeros.reserve(blocks*p.words*zeroColumns, t.step*t.widest, t.group)
	}
	t.rows = t.rows[:0]
	for i := range t.step {
		t.rows = append(t.rows, 4*i)
	}
}

// computeColumns is compute, leaving out zeros of a transposed A.
func (t *matmulTask) computeColumns(w *workspace, c []float32, i0, m, k0, first, last int, add, fresh bool) {
	s, tiles, z := t.s, &t.d.set.tiles, &w.zeros
	depth := min(t.depth, s.K-k0)
	ends := t.ends(w, k0+depth)
	panels := w.panels
	for n := first; n < last; n++ {
		j, width := t.strips.strip(n)
		p := &w.strip
		p.rows, p.m, p.length = w.table(t.rows, m, 1), m, depth
		p.a, p.aStep = address(t.a[k0*s.M+i0:]), t.aStep
		p.c, p.cStep, p.add = address(c[i0*s.N+j:]), 4*s.N, add
		p.bias, p.relu = 0, false
		if ends {
			p.relu = s.ReLU
			if t.bias != nil {
				p.bias = address(t.bias[j:])
			}
		}
		b, bStep := t.operandRows(panels, j, width, k0, depth, fresh)
		p.b, p.bStep = address(b), 4*bStep
		if fresh {
			z.finite[n-first] = t.d.set.zeros.finite_f32(&b[0], p.bStep, width, depth)
		}
		if !t.inPlace && t.step < t.blockRows { // panels are read again
			panels = panels[tiles.padded(width)*depth:]
		}
		t.columnStrip(w, *p, i0, k0, n, first, last, z.finite[n-first])
	}
}

// columnStrip computes strip n for the rows of C and the run of K of dense, which leaves out
// nothing. The first strip's blocks mark the nonzeros.
func (t *matmulTask) columnStrip(w *workspace, dense strip, i0, k0, n, first, last int, finite bool) {
	s, p, z := t.s, &t.column, &w.zeros
	_, width := t.strips.strip(n)
	padded := t.d.set.tiles.padded(width)
	kernel := t.columnKernel(width)
	m, depth := dense.m, dense.length
	if !finite {
		t.leaveNone(w, &dense, 0, m, width)
		if n > first || n+1 == last {
			return
		}
	}
	b := &z.block
	b.aStep, b.bStep, b.cStep = dense.aStep, dense.bStep, dense.cStep
	b.bias, b.add, b.relu = dense.bias, dense.add, dense.relu
	b.setMask(width, t.d.set.tiles.lanes)
	for part, k := 0, 0; k < depth; part, k = part+1, k+p.length {
		length := min(p.length, depth-k)
		b.words, b.b = (length+63)/64, dense.b+uintptr(k*dense.bStep)
		b.first, b.last = k == 0, k+length == depth
		for i := 0; i < m; i += zeroColumns {
			bits := z.bits[:cap(z.bits)]
			if t.group > 1 {
				bits = bits[(i/zeroColumns*p.parts+part)*zeroColumns*p.words:]
			}
			rows := min(zeroColumns, m-i)
			if n == first {
				t.d.set.zeros.columns.mark_nonzeros_f32(&bits[0], &t.a[(k0+k)*s.M+i0+i], 4*s.M, length, uint16(1<<rows-1))
			}
			if !finite {
				continue
			}
			b.m, b.bits, b.a = rows, address(bits), dense.a+uintptr(k*dense.aStep+4*i)
			b.sums, b.c = address(z.sums[:cap(z.sums)])+uintptr(4*i*padded), dense.c+uintptr(i*dense.cStep)
			if n == first {
				t.aheadColumns(b, &dense, i, k)
			} else {
				t.aheadStrip(b, i, m, k0, n, last, depth)
			}
			kernel.matmul_columns_RxN_f32(b)
			for b.m > 0 { // a sum of the next rows is −0
				from := i + rows - b.m
				to := min(from+kernel.rows, i+rows)
				t.leaveNone(w, &dense, from, to, width)
				b.m, b.c, b.aheadEnd = b.m-to+from, b.c+uintptr((to-from)*b.cStep), 0
				if b.m > 0 {
					kernel.matmul_columns_RxN_f32(b)
				}
			}
		}
	}
}

// aheadColumns has b fetch A's part of the next block, or of the first one's next part.
func (t *matmulTask) aheadColumns(b *zeroBlock, dense *strip, i, k int) {
	next, from := i+zeroColumns, k
	if next >= dense.m {
		next, from = 0, k+t.column.length
	}
	length := min(t.column.length, dense.length-from)
	b.ahead, b.aheadStep = dense.a+uintptr(4*next+from*dense.aStep), dense.aStep
	b.aheadEnd = b.ahead + uintptr(max(0, length)*dense.aStep)
}

// aheadStrip has b fetch what its block, which begins with row i of m, is to fetch of the next
// strip of B: some rows' lines at one place.
func (t *matmulTask) aheadStrip(b *zeroBlock, i, m, k0, n, last, depth int) {
	b.aheadEnd = 0
	if n+1 == last || !t.inPlace {
		return
	}
	j, width := t.strips.strip(n + 1)
	lines := (4*width + cacheLine - 1) / cacheLine
	blocks := (m + zeroColumns - 1) / zeroColumns
	each := (blocks + lines - 1) / lines // blocks that share a line of all rows
	block := i / zeroColumns
	from, to := block%each*depth/each, (block%each+1)*depth/each
	if block/each >= lines {
		return
	}
	b.ahead, b.aheadStep = address(t.b[(k0+from)*t.s.N+j+block/each*cacheLine/4:]), 4*t.s.N
	b.aheadEnd = b.ahead + uintptr((to-from)*b.aheadStep)
}

// setMask says how many lanes of the last of n columns' registers belong to C.
func (b *zeroBlock) setMask(n, lanes int) {
	n -= (n - 1) / lanes * lanes
	b.mask = uint16(1<<n - 1)
	for i := range b.lanes {
		b.lanes[i] = 0
		if i < n {
			b.lanes[i] = -1
		}
	}
}
