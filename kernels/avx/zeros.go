package avx

import (
	"math"
	"slices"

	"baregrad/kernels"
)

// Matrix products that skip zeros of A: C[M,N] = op(A)[M,K]·op(B)[K,N], where many elements of A are
// 0: background pixels, the outputs of ReLU, of dropout and of max pooling after a ReLU, and the
// gradients that come back through them.
//
// zeros_rows.go says how that is done if the k of a row of A are contiguous, and zeros_columns.go if
// A is stored transposed.
//
// The bits of C are those of the product that skips nothing. The sums begin at +0, the k have the
// same order and the same runs, and adding 0·b = ±0 changes no sum, with two exceptions. The kernels
// that skip nothing compute these:
//
//   - b is infinite or NaN: 0·b is NaN. So each strip of B is checked before it is used,
//     which costs one instruction for 16 elements; or the sums show it, see zeros_rows.go.
//   - The sum is −0, which only a product too small for a float32 can make of +0: adding +0
//     would turn it into +0. The kernels tell whether any of their sums is −0.

// zeroKernels is the table of the kernels that skip zeros. There are none if finite_f32 is nil.
type zeroKernels struct {
	// finite_f32 tells whether rows of columns elements have neither infinity nor NaN.
	finite_f32 func(b *float32, step, columns, rows int) bool
	// add_sums_f32 adds or stores the sums of rows to C.
	add_sums_f32 func(s *strip, registers int)
	rows         rowKernels
	columns      columnKernels
	adam         adamKernels
}

// zeroSpace is a worker's memory for skipping zeros.
type zeroSpace struct {
	product uint64       // the number of the product
	finite  []finiteness // of the strips of B in each run, as far as the worker has checked them
	dense   strip        // the same product without skipping
	rows    [tileRows]int
	bits    []uint64  // which elements of A are not zero, and for rows, which of any row
	sums    []float32 // of a step's rows and a strip
	begin   int       // for rows of A: the first row of the part
	marked  piece     // the piece of A whose bits these are
}

// piece is a piece of A: m rows from i0 on in the run from k0 on of a product.
type piece struct {
	product   uint64
	i0, m, k0 int
}

// finiteness is what a worker knows of a strip of B. It checks a strip once in a product, however
// many parts it does.
type finiteness uint8

const (
	unseen finiteness = iota
	finite
	notFinite
)

// finiteIf returns finite or notFinite.
func finiteIf(is bool) finiteness {
	if is {
		return finite
	}
	return notFinite
}

// leastZeros is the least number of multiply-adds for which zeros are sampled.
const leastZeros = 1 << 19

// manyZeros decides whether skipping zeros pays. It samples A, a few neighbours each from places
// spread over all of it, or reuses the answer of an earlier call: see zeros_choice.go. The result
// also selects the product's kernels.
func (d *Device) manyZeros(a []float32, s kernels.MatMulSpec) bool {
	return d.costWithoutZeros(a, s) <= 100
}

// costWithoutZeros is the cost of a product that skips zeros of A, in percent of one that skips
// nothing; it is above 100 if zeros should not be skipped.
func (d *Device) costWithoutZeros(a []float32, s kernels.MatMulSpec) int {
	const no = 101
	if d.set.zeros.finite_f32 == nil || s.M < 16 || s.K < 16 || s.N < 16 || s.M*s.N*s.K < leastZeros {
		return no
	}
	choice := d.choices.find(a, s)
	if choice.calls == 0 {
		choice.calls = choiceCalls
		if s.TransA {
			choice.cost, choice.single = d.columnCost(a, s)
		} else {
			choice.shares = d.sampleRows(a, s)
			choice.cost = d.rowsCost(s, choice.shares)
		}
	}
	choice.calls--
	d.product.column.single, d.product.shares = choice.single, choice.shares
	return choice.cost
}

// spread is the p-th of places that are evenly spread over 0 to n−1, however many there are:
// multiples of the golden ratio.
func spread(p, n int) int { return int(uint32(p)*2654435769>>16) * n >> 16 }

// The memory that most products need is allocated from the start. Whether and how zeros are skipped
// depends on the data, so otherwise a training step would allocate when that changes.
const (
	usualBits   = 1 << 12 // words
	usualSums   = 1 << 14 // floats
	usualStrips = 64      // of B
	usualPiece  = 1 << 15 // floats of A, copied
	usualPanels = 1 << 16 // floats of B
	usualRows   = 1 << 12 // of A in a step
)

// seen returns what the worker knows of the strips of B in the run from k0 on.
func (t *matmulTask) seen(z *zeroSpace, k0 int) []finiteness {
	strips := t.strips.count()
	if z.product != t.number {
		z.product = t.number
		clear(z.finite[:(t.s.K+t.depth-1)/t.depth*strips])
	}
	return z.finite[k0/t.depth*strips:][:strips]
}

// reserve enlarges the memory to what a product needs.
func (z *zeroSpace) reserve(bits, sums, strips int) {
	if cap(z.bits) < bits {
		z.bits = make([]uint64, bits)
	}
	if len(z.finite) < strips {
		z.finite = make([]finiteness, strips)
	}
	grow(&z.sums, sums)
}

// fetch makes s prefetch floats elements of each of the rows from x on, which are step bytes apart.
func (s *strip) fetch(x []float32, step, rows, floats int) {
	s.ahead, s.aheadStep, s.aheadTiles = address(x), step, (4*floats+cacheLine-1)/cacheLine
	s.aheadFirst, s.aheadEnd = s.ahead, s.ahead+uintptr(rows*step)
}

// cutStrips splits C into strips as equal as possible, for the kernels of a form, which multiply rows
// rows at a time.
func (t *matmulTask) cutStrips(form []rowProduct, rows int) {
	tiles, c := &t.d.set.tiles, &t.strips
	registers := (t.s.N + tiles.lanes - 1) / tiles.lanes
	count := (registers + widest(form) - 1) / widest(form)
	c.tiles, c.n, c.strips = tiles, t.s.N, c.strips[:0]
	for n := range count {
		c.strips = append(c.strips, n*registers/count*tiles.lanes)
	}
	c.strips = append(c.strips, t.s.N)
	t.widest = (registers + count - 1) / count * tiles.lanes
	// B is read in place unless its rows are not whole registers, or evict each other from the L2
	// cache.
	t.inPlace = !t.s.TransB && t.s.N%tiles.lanes == 0 && (count == 1 || t.s.N%256 != 0)
	t.form, t.tall = form, rows
}

// planPanels reserves B's panels if B is not read in place: one strip at a time, while rows pass by;
// or all of a worker's panels, if several parts use a strip, so that the worker has the panel ready
// for the next part.
func (t *matmulTask) planPanels() {
	panels, all := 0, t.allPanels()
	t.kept = !t.inPlace && t.blocks > 1 && all <= mostPanels
	switch {
	case t.inPlace:
	case t.kept:
		panels = all
	case t.step < t.blockRows:
		panels = t.group * t.widest * t.depth
	default:
		panels = t.widest * t.depth
	}
	t.d.reservePanels(panels)
}

// reservePanels reserves the panels for a product that skips nothing, because it may skip zeros the
// next time.
func (t *matmulTask) reservePanels() {
	s, all := t.s, t.allPanels()
	if t.d.pool.workers > 1 && all <= mostPanels && s.M >= 16 && s.M*s.N*s.K >= leastZeros &&
		(s.TransB || s.N%t.d.set.tiles.lanes != 0 || s.N%256 == 0) {
		t.d.reservePanels(all)
	}
}

// allPanels is how many floats the panels of all of B have.
func (t *matmulTask) allPanels() int {
	runs := (t.s.K + t.depth - 1) / t.depth
	return runs * t.depth * t.d.set.tiles.padded(t.s.N)
}

// panel returns where the worker keeps the panel of strip n in the run from k0 on.
func (t *matmulTask) panel(w *workspace, n, k0 int) []float32 {
	first, _ := t.strips.strip(n)
	return w.panels[:cap(w.panels)][k0*t.d.set.tiles.padded(t.s.N)+first*t.depth:]
}

// product returns the form's kernel for a strip of padded columns, whole registers.
func (t *matmulTask) product(padded int) func(s *strip) {
	return t.form[padded/t.d.set.tiles.lanes-t.form[0].registers].run
}

// multiplyRows runs a kernel that multiplies rows rows at a time, 1 or 2, on m rows.
func (s *strip) multiplyRows(product func(s *strip), m, rows int) {
	odd := m % rows
	if s.m = m - odd; s.m > 0 {
		product(s)
	}
	if odd == 0 {
		return
	}
	// The last row is paired with itself.
	aRow, maskStep, sumStep, minus, infinite := s.aRow, s.maskStep, s.sumStep, s.minus && m > odd, s.infinite && m > odd
	s.m, s.aRow, s.maskStep, s.sumStep = rows, 0, 0, 0
	product(s)
	s.aRow, s.maskStep, s.sumStep = aRow, maskStep, sumStep
	s.minus, s.infinite = s.minus || minus, s.infinite || infinite
}

// endRows moves the sums of m rows of a strip to C, unless they are there already, and recomputes the
// rows in which a sum is −0. p has c and the sums of the first of these rows, which is row i of
// dense.
func (t *matmulTask) endRows(w *workspace, p, dense *strip, i, m, width int, sums []float32) {
	lanes, end := t.d.set.tiles.lanes, t.d.set.zeros.add_sums_f32
	registers := (width + lanes - 1) / lanes
	p.sums = address(sums)
	there := p.sums == p.c
	if !p.minus {
		if p.m = m; !there {
			end(p, registers)
		}
		return
	}
	p.m = 1
	for r := range m {
		switch row := sums[r*p.sumStep/4:][:width]; {
		case slices.ContainsFunc(row, minusZero):
			t.leaveNone(w, dense, i+r, i+r+1, width)
		case !there:
			p.sums = address(row)
			end(p, registers)
		}
		p.c += uintptr(p.cStep)
	}
}

// minusZero tells whether v is −0.
func minusZero(v float32) bool { return math.Float32bits(v) == 1<<31 }

// leaveNone computes rows [from, to) of p with the kernels that skip nothing. p is as it was before
// its first row.
func (t *matmulTask) leaveNone(w *workspace, p *strip, from, to, width int) {
	tiles, z := &t.d.set.tiles, &w.zeros
	for i := from; i < to; i += tiles.height {
		m := min(tiles.height, to-i)
		for r := range tiles.height {
			z.rows[r] = (i + min(r, m-1)) * t.rowStep
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
