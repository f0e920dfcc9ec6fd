package avx

import "baregrad/kernels"

// Matrix products that leave out zeros of A: C[M,N] = op(A)[M,K]·op(B)[K,N], where many
// elements of A are 0, as pixels of a background are, and what comes out of ReLU, of
// dropout, and of max pooling behind a ReLU, and the gradients that come back through them.
//
// How that is done where the k of a row of A are neighbours is in zeros_rows.go. Where A is
// stored transposed, its rows are taken in pairs. For each pair and each run of K there is
// a list of the k at which either row is not zero; a kernel keeps two rows of C in
// registers, as wide as they reach, and goes through the list instead of through all k:
//
//	C[i,j] = Σ over k in list(i/2) of A[i,k]·B[k,j]
//
// so that of M·N·K multiply-adds those remain whose k is in the list. Two rows, because
// of more rows fewer k are zero in all, and with one row each element of B that comes from
// the second cache would serve one multiply-add alone.
//
// The bits of C are those of the product that leaves out nothing. Its sums begin at +0,
// k follow each other in the same order, in the same runs, and an added 0·b = ±0 changes
// no sum, with two exceptions, which are computed by the kernels that leave out nothing:
//
//   - b is infinite or NaN: 0·b is NaN. So each strip of B is looked through before it
//     is used, which costs one instruction for 16 elements of it.
//   - The sum is −0, which only a product that is too small for a float32 can make of +0:
//     a following +0 would turn it into +0. The kernels look for −0 before they add old C.

// zeroKernels is the table of the kernels that leave out zeros.
type zeroKernels struct {
	products []zeroProduct // the widest first; none where there are no such kernels
	cost     int           // of a k in a list, in percent of that of a k where nothing is left out
	costNear int           // the same where a strip of B stays in the first cache
	// copy_nonzeros_f32 copies zeroColumns columns of a matrix, unless dst is nil, and
	// marks in masks which elements of each row are not zero.
	copy_nonzeros_f32 func(dst *float32, masks *uint16, src *float32, srcStep, n int, lanes uint16)
	// list_mask_nonzeros_f32 makes the lists of such columns.
	list_mask_nonzeros_f32 func(list *int32, listStep int, counts *int, masks *uint16, n int)
	// finite_f32 says whether rows of so many columns have neither infinity nor NaN.
	finite_f32 func(b *float32, step, columns, rows int) bool
	rows       rowKernels
}

// zeroProduct is a kernel for strips of up to so many registers.
type zeroProduct struct {
	registers            int
	matmul_zeros_2xN_f32 func(s *strip)
}

// zeroSpace is what a worker needs besides.
type zeroSpace struct {
	lists  []int32  // of the pairs of rows of a step
	counts []int    // their lengths
	masks  []uint16 // of a run of K
	finite []bool   // strips of B
	dense  strip    // what leaves out nothing
	rows   [tileRows]int

	// For rows of A: see zeros_rows.go.
	bits  []uint64  // of a step's rows and a run of K
	sums  []float32 // of a step's rows and a strip
	begin int       // the first row of the part
}

const (
	// zeroColumns is how many columns of a transposed A are looked at together.
	zeroColumns = 16
	// listGap is the room behind a list, in which its kernels may write, and which keeps
	// lists from the same lines of the cache.
	listGap = 32
	// nearStrip is the most floats of a strip of B that stays in the first cache, with
	// what else is in it.
	nearStrip = 6 << 10
	// leastZeros is the least number of multiply-adds for which zeros are looked for.
	leastZeros = 1 << 19
)

// manyZeros decides whether leaving out zeros pays, by samples of A: some neighbours
// each, from places spread over all of it. It depends on the shape and on A alone. What the
// sample tells of rows is kept for the product, which chooses its kernels by it.
func (d *Device) manyZeros(a []float32, s kernels.MatMulSpec) bool {
	return d.costWithoutZeros(a, s) <= 100
}

// costWithoutZeros is what a product takes that leaves out zeros of A, in percent of the one
// that leaves out nothing, or above 100 where they are not to be left out.
func (d *Device) costWithoutZeros(a []float32, s kernels.MatMulSpec) int {
	const no = 101
	if len(d.set.zeros.products) == 0 || s.M < 16 || s.K < 16 || s.N < 16 || s.M*s.N*s.K < leastZeros {
		return no
	}
	if !s.TransA {
		d.product.shares = sampleRows(a, s)
		return d.rowsCost(s, d.product.shares)
	}
	const places, neighbours = 32, 8
	listed, all := 0, 0
	for p := range places {
		// Multiples of the golden ratio spread evenly however many there are.
		i := p * (s.M - neighbours) / places &^ 1
		k := int(uint32(p)*2654435769>>16) * (s.K - neighbours) >> 16
		for row := a[k*s.M+i:][:neighbours]; len(row) > 0; row = row[2:] {
			if row[0] != 0 || row[1] != 0 {
				listed++
			}
		}
		all += neighbours / 2
		if p == places/4 && listed == all {
			return no
		}
	}
	// What it costs in percent of the product that leaves out nothing: the k in the lists,
	// looking at A, which N columns share, and the rest.
	z := &d.set.zeros
	cost := z.cost
	if strip := min(s.N, z.products[0].registers*d.set.tiles.lanes) * min(s.K, blockK); strip <= nearStrip {
		cost = z.costNear
	}
	return cost*listed/all + 600/s.N + 10
}

// cutForZeros cuts C into strips as wide as the kernels for zeros are.
func (t *matmulTask) cutForZeros() {
	tiles, products := &t.d.set.tiles, t.d.set.zeros.products
	t.strips.tiles, t.strips.n = tiles, t.s.N
	t.strips.strips = t.strips.strips[:0]
	for j := 0; j < t.s.N; {
		t.strips.strips = append(t.strips.strips, j)
		left, width := (t.s.N-j+tiles.lanes-1)/tiles.lanes, 1
		for _, p := range products {
			if p.registers <= left {
				width = p.registers
				break
			}
		}
		j += width * tiles.lanes
	}
	t.strips.strips = append(t.strips.strips, t.s.N)
	t.height, t.widest = zeroColumns, products[0].registers*tiles.lanes
}

// planZeros decides what remains to be decided when the product is cut.
func (t *matmulTask) planZeros() {
	s, tiles := t.s, &t.d.set.tiles
	// B is read in place unless its rows are no whole registers, or push each other out
	// of the second cache.
	t.inPlace = !s.TransB && s.N%tiles.lanes == 0 && (t.strips.count() == 1 || s.N%256 != 0)

	// The rows of a step pass by each strip of B: as many as stay in the second cache. A
	// single strip needs none to stay, and fewer rows do better in the first.
	most := t.d.cacheL2 / 4 / 2
	if t.group == 1 {
		most = max(t.depth*zeroColumns, 1<<13)
	}
	steps := (t.blockRows*t.depth + most - 1) / most
	t.step = (t.blockRows/steps + zeroColumns - 1) / zeroColumns * zeroColumns
	t.step = min(t.step, (t.blockRows+zeroColumns-1)/zeroColumns*zeroColumns)
	copied, panels := 0, 0
	t.tileStep = zeroColumns*t.depth + copyGap
	t.copyA = s.M%128 == 0 // or else its rows don't push each other out of the caches
	if t.copyA {
		copied = t.step / zeroColumns * t.tileStep
	}
	if !t.inPlace {
		panels = t.widest * t.depth
		if t.step < t.blockRows {
			panels *= t.group
		}
	}
	t.d.reserve(t.step, copied, 0, 0, 0)
	t.d.reservePanels(panels)
	for i := range t.d.workspaces {
		t.d.workspaces[i].zeros.reserve(t.step/2*(t.depth+listGap), t.step/2, t.depth, t.group)
	}
	t.rows = t.rows[:0]
	for i := range t.step {
		if t.copyA { // 16 columns of A together, [depth][16]
			t.aStep = 4 * zeroColumns
			t.rows = append(t.rows, 4*(i/zeroColumns*t.tileStep+i%zeroColumns))
		} else {
			t.aStep = 4 * s.M
			t.rows = append(t.rows, 4*i)
		}
	}
}

// reserve enlarges the memory to what a product needs.
func (z *zeroSpace) reserve(lists, counts, depth, strips int) {
	if cap(z.lists) < lists {
		z.lists = make([]int32, lists)
	}
	if cap(z.counts) < counts {
		z.counts = make([]int, counts)
	}
	if masks := (depth + 31) &^ 31; cap(z.masks) < masks {
		z.masks = make([]uint16, masks)
	}
	if cap(z.finite) < strips {
		z.finite = make([]bool, strips)
	}
}

// computeZeros is compute, leaving out zeros of A.
func (t *matmulTask) computeZeros(w *workspace, c []float32, i0, m, k0, first, last int, add, fresh bool) {
	s, tiles, z := t.s, &t.d.set.tiles, &w.zeros
	depth := min(t.depth, s.K-k0)
	p := &w.strip
	p.rows, p.m, p.aStep, p.length = w.table(t.rows, m, 2), m, t.aStep, depth
	p.list, p.listStep, p.counts = address(z.lists), 4*(t.depth+listGap), address(z.counts)
	t.list(w, p, i0, m, k0)
	begun := *p
	ends := t.ends(w, k0+depth)
	panels := w.panels
	for n := first; n < last; n++ {
		j, width := t.strips.strip(n)
		*p = begun
		p.c, p.cStep, p.add = address(c[i0*s.N+j:]), 4*s.N, add
		p.bias, p.relu = 0, false
		if ends {
			p.relu = s.ReLU
			if t.bias != nil {
				p.bias = address(t.bias[j:])
			}
		}
		finite := t.operandZeros(p, panels, j, width, k0, depth, fresh)
		if fresh {
			z.finite[n-first] = finite
		}
		if !t.inPlace && t.step < t.blockRows { // panels are read again
			panels = panels[tiles.padded(width)*depth:]
		}
		t.aheadZeros(p, panels, i0, n, first, last, k0, fresh)
		dense := *p
		if !z.finite[n-first] {
			t.leaveNone(w, &dense, 0, m, width)
			continue
		}
		for {
			t.d.set.zeros.run(p, width, tiles.lanes)
			if p.m == 0 {
				break
			}
			i := m - p.m // a sum of row i or i+1 is −0
			t.leaveNone(w, &dense, i, min(i+2, m), width)
			if i+2 >= m {
				break
			}
			p.m, p.c = p.m-2, p.c+uintptr(2*p.cStep)
		}
	}
}

// list makes the lists of m rows of A from i0 on for the run of K from k0 on, and sets
// where p reads these rows.
func (t *matmulTask) list(w *workspace, p *strip, i0, m, k0 int) {
	s, z, k := t.s, &w.zeros, &t.d.set.zeros
	p.a = address(t.a[k0*s.M+i0:])
	if t.copyA {
		p.a = address(w.a)
	}
	masks := z.masks[:(p.length+31)&^31]
	clear(masks[p.length:])
	for i := 0; i < m; i += zeroColumns {
		lanes := uint16(1<<min(zeroColumns, m-i) - 1)
		var dst *float32
		if t.copyA {
			dst = &w.a[i/zeroColumns*t.tileStep]
		}
		k.copy_nonzeros_f32(dst, &masks[0], &t.a[k0*s.M+i0+i], 4*s.M, p.length, lanes)
		k.list_mask_nonzeros_f32(&z.lists[i/2*p.listStep/4], p.listStep, &z.counts[i/2], &masks[0], p.length)
	}
}

// operandZeros sets where p reads B: in place, or from the panel, which is made if
// fresh. Then it also says whether the strip is finite.
func (t *matmulTask) operandZeros(p *strip, panel []float32, j, width, k0, depth int, fresh bool) (finite bool) {
	s, tiles, z := t.s, &t.d.set.tiles, &t.d.set.zeros
	if t.inPlace {
		b := t.b[k0*s.N+j:]
		p.b, p.bStep = address(b), 4*s.N
		return fresh && z.finite_f32(&b[0], p.bStep, width, depth)
	}
	padded := tiles.padded(width)
	panel = panel[:padded*depth]
	p.b, p.bStep = address(panel), 4*padded
	if !fresh {
		return false
	}
	if s.TransB {
		tiles.transpose(panel, padded, t.b[j*s.K+k0:], s.K, width, depth)
	} else {
		for k := range depth {
			copy(panel[k*padded:k*padded+width], t.b[(k0+k)*s.N+j:])
		}
	}
	clearBehind(panel, width, padded)
	return z.finite_f32(&panel[0], 4*padded, padded, depth)
}

// aheadZeros has p fetch what comes behind strip n: the next strip's rows of B in place,
// or its panel, or what that is made of if it lies as the panel will. Behind the last strip
// comes another piece of A, or the next run's first strip.
func (t *matmulTask) aheadZeros(p *strip, panel []float32, i0, n, first, last, k0 int, fresh bool) {
	s, depth := t.s, p.length
	j, width := t.strips.strip(first)
	if n+1 < last {
		j, width = t.strips.strip(n + 1)
	}
	rows := min(t.step, s.M-i0-t.step) // of the next piece of A
	switch {
	case n+1 < last && t.inPlace:
		p.fetch(t.b[k0*s.N+j:], 4*s.N, depth, width)
	case n+1 < last && !fresh:
		p.fetch(panel, p.bStep, depth, width)
	case n+1 < last && s.TransB && depth == s.K:
		p.fetch(t.b[j*s.K:], cacheLine, width*depth*4/cacheLine, 1)
	case n+1 == last && rows > 0:
		p.fetch(t.a[k0*s.M+i0+t.step:], 4*s.M, depth, rows)
	case n+1 == last && rows <= 0 && t.inPlace && k0+depth < s.K:
		p.fetch(t.b[(k0+depth)*s.N+j:], 4*s.N, min(depth, s.K-k0-depth), width)
	default:
		p.fetchNothing()
	}
}

// fetch has s fetch so many floats of each of the rows from x on, which are step bytes
// apart.
func (s *strip) fetch(x []float32, step, rows, floats int) {
	s.ahead, s.aheadStep, s.aheadTiles = address(x), step, (4*floats+cacheLine-1)/cacheLine
	s.aheadFirst, s.aheadEnd = s.ahead, s.ahead+uintptr(rows*step)
}

// run computes a strip with n columns.
func (z *zeroKernels) run(p *strip, n, lanes int) {
	v := (n + lanes - 1) / lanes
	p.setMask(n - (v-1)*lanes)
	for _, product := range z.products {
		if product.registers == v {
			product.matmul_zeros_2xN_f32(p)
			return
		}
	}
}

// leaveNone computes the rows of p from (included) to (excluded) by the kernels that
// leave out nothing. p is as it was before its first row.
func (t *matmulTask) leaveNone(w *workspace, p *strip, from, to, width int) {
	tiles, z := &t.d.set.tiles, &w.zeros
	for i := from; i < to; i += tiles.height {
		m := min(tiles.height, to-i)
		for r := range tiles.height {
			z.rows[r] = t.rows[i+min(r, m-1)]
		}
		for j := 0; j < width; {
			columns := min(tiles.columns(width-j), width-j)
			q := &z.dense
			*q = *p
			q.rows, q.aJump, q.segments, q.panel = address(z.rows[:]), 0, 1, 0
			q.b, q.c, q.m = p.b+uintptr(4*j), p.c+uintptr(i*p.cStep+4*j), m
			if p.bias != 0 {
				q.bias = p.bias + uintptr(4*j)
			}
			q.aheadTiles = 0
			tiles.run(q, columns)
			j += columns
		}
	}
}
