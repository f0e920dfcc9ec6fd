package avx

import (
	"math"

	"baregrad/kernels"
)

// Products that leave out zeros of A, where the k of a row of A are neighbours:
//
//	C[i,j] = Σ over k with A[i,k] != 0 of A[i,k]·B[k,j]
//
// Of each row of A, bits say which k are not zero. The kernels take bit after bit off a
// word, with the row's sums in registers. With one row, each element of B serves one
// multiply-add alone, so B has to come from the first cache: a run of K is gone over in
// parts, so short that the part of a strip of B stays there while all rows of A pass by.
// Between the parts the sums are kept in memory. So the chain of additions is still that of
// the whole run, and the bits of the result are what zeros.go says.
//
// There are three forms of the kernels:
//
//   - single: each row by itself. It multiplies least, but loads a register of B for each
//     multiply-add, which is as much as the first cache gives.
//   - either: two rows, and at each k the one or both that are not zero. Where both are,
//     they share what is loaded. Which of the three comes next is a branch: it pays where
//     the next k is mostly like this one, as in images.
//   - both: two rows, and both at each k at which either is not zero. Of a narrow strip,
//     one row's sums would be too few: they wait for each other.

// rowKernels is the table of the kernels of such products.
type rowKernels struct {
	// For strips of so many registers and more, one after the other: single and either of
	// the same, either perhaps of none, and both from 1 register on.
	single, either, both []rowProduct
	// What a k costs for which there is something to multiply, in percent of that of a k where
	// nothing is left out: of a row, of a row, and of either of two rows. changeCost is what is
	// added to the second where another row is next.
	singleCost, eitherCost, bothCost, changeCost int
	// nonzero_bits_f32 finds the bits.
	nonzero_bits_f32 func(bits *uint64, a *float32, step, m, n, each int)
	// add_sums_f32 brings the sums of a run to C.
	add_sums_f32 func(s *strip, registers int)
}

// rowProduct is a kernel for strips of so many registers.
type rowProduct struct {
	registers int
	run       func(s *strip)
}

const (
	// nearBytes is how much of B stays in the first cache while rows of A pass by.
	nearBytes = 29 << 10
	// wordBits is the most k whose bits are in a word.
	wordBits = 64
)

// widest is the most registers that a form has.
func widest(form []rowProduct) int { return form[len(form)-1].registers }

// wide says whether a strip of so many registers is for single and either, not for both.
func (r *rowKernels) wide(registers int) bool { return registers > widest(r.both) }

// rowShares is what a sample of A tells, in percent of its places: at how many a row is not
// zero, at how many either of two rows, and at how many of these it is another one, or
// other ones, than at the k before that was not zero.
type rowShares struct{ one, either, changes int }

// nonzero is 1 if v is neither 0 nor −0, or else 0.
func nonzero(v float32) int {
	bits := math.Float32bits(v) << 1
	return int((bits | -bits) >> 31)
}

var (
	// change says whether others of two rows are not zero now than were last: 0 is neither,
	// 1 the first, 2 the second, 3 both.
	change = [4][4]int{1: {2: 1, 3: 1}, 2: {1: 1, 3: 1}, 3: {1: 1, 2: 1}}
	// after says what is last then.
	after = [4][4]int{{0, 1, 2, 3}, {1, 1, 2, 3}, {2, 1, 2, 3}, {3, 1, 2, 3}}
)

// sampleRows looks at pairs of rows of A, some neighbours each, at places spread over all of
// it. It depends on the shape and on A alone.
func sampleRows(a []float32, s kernels.MatMulSpec) rowShares {
	const places = 16
	neighbours := min(16, s.K)
	var n rowShares
	for p := range places {
		i := p * (s.M - 1) / places &^ 1
		k := spread(p, s.K-neighbours)
		row := a[i*s.K+k:][:neighbours]
		other := a[min(i+1, s.M-1)*s.K+k:][:neighbours]
		last := 0 // which of the two rows are not zero, at the last k at which any is
		for j, v := range row {
			// Without branches, which would be foretold wrongly.
			is0, is1 := nonzero(v), nonzero(other[j])
			this := is0 + 2*is1
			n.one += is0 + is1
			n.either += is0 | is1
			n.changes += change[last][this]
			last = after[last][this]
		}
		if p == places/4 && n.one == 2*(p+1)*neighbours { // no zero yet: that will do
			return rowShares{100, 100, 0}
		}
	}
	all := places * neighbours
	return rowShares{100 * n.one / (2 * all), 100 * n.either / all, 100 * n.changes / all}
}

// wideForm is the form for strips that are wide, and what it costs.
func (r *rowKernels) wideForm(shares rowShares) (form []rowProduct, cost int) {
	single := shares.one * r.singleCost
	if either := shares.one*r.eitherCost + shares.changes*r.changeCost; len(r.either) > 0 && either <= single {
		return r.either, either
	}
	return r.single, single
}

// rowsCost is costWithoutZeros where A is not stored transposed.
func (d *Device) rowsCost(s kernels.MatMulSpec, shares rowShares) int {
	r := &d.set.zeros.rows
	cost := shares.either * r.bothCost
	if r.wide((s.N + d.set.tiles.lanes - 1) / d.set.tiles.lanes) {
		_, cost = r.wideForm(shares)
	}
	// To find the bits costs what N columns share, to bring B to the first cache what M rows
	// do.
	return cost/100 + 400/s.N + 250/s.M + 3
}

// cutRows cuts C into strips as wide as the kernels are, and as equal as can be.
func (t *matmulTask) cutRows() {
	tiles, r := &t.d.set.tiles, &t.d.set.zeros.rows
	registers := (t.s.N + tiles.lanes - 1) / tiles.lanes
	form := r.both
	if r.wide(registers) {
		form, _ = r.wideForm(t.shares)
	}
	t.form = form
	count := (registers + widest(form) - 1) / widest(form)
	t.strips.tiles, t.strips.n = tiles, t.s.N
	t.strips.strips = t.strips.strips[:0]
	for n := range count {
		t.strips.strips = append(t.strips.strips, n*registers/count*tiles.lanes)
	}
	t.strips.strips = append(t.strips.strips, t.s.N)
	t.height, t.widest = 2, (registers+count-1)/count*tiles.lanes
}

// planRows decides what remains to be decided when the product is cut.
func (t *matmulTask) planRows() {
	s, tiles := t.s, &t.d.set.tiles
	// B is read in place unless its rows are no whole registers, or push each other out
	// of the second cache.
	t.inPlace = !s.TransB && s.N%tiles.lanes == 0 && (t.strips.count() == 1 || s.N%256 != 0)

	near := nearBytes / (4 * t.widest) // k of a part
	if lines := 4 * s.N / cacheLine; t.inPlace && lines&-lines > 4*t.widest/cacheLine {
		near /= 2 // rows of a strip fall on some of the cache's lines only
	}
	if near < 2*wordBits { // a word, and either knows no more
		near = min(near, wordBits)
	}
	parts := (t.depth + near - 1) / near
	t.each, t.words = (t.depth+parts-1)/parts, 1
	if t.each > wordBits {
		t.each, t.words = wordBits, ((t.depth+wordBits-1)/wordBits+parts-1)/parts
	}

	// The rows of a step pass by each strip of B: as many as stay in the second cache. A
	// single narrow strip needs none to stay but until their bits are found.
	most := t.d.cacheL2 / 4 / 2
	if t.group == 1 && t.words > 1 {
		most /= 4
	}
	steps := (t.blockRows*t.depth + most - 1) / most
	t.step = min(t.blockRows, ((t.blockRows+steps-1)/steps+1)&^1)
	panels := 0
	if !t.inPlace {
		panels = t.widest * t.depth
		if t.step < t.blockRows {
			panels *= t.group
		}
	}
	t.d.reserve(t.step, 0, 0, 0, 0)
	t.d.reservePanels(panels)
	for i := range t.d.workspaces {
		bits := (t.depth + t.each - 1) / t.each * t.step
		t.d.workspaces[i].zeros.reserve(bits, (t.step+1)*t.widest, t.group)
	}
	t.aStep = 4
	t.rows = t.rows[:0]
	for i := range t.step {
		t.rows = append(t.rows, 4*i*s.K)
	}
}

// computeRows is compute, leaving out zeros of A's rows.
func (t *matmulTask) computeRows(w *workspace, c []float32, i0, m, k0, first, last int, add, fresh bool) {
	s, tiles, z, r := t.s, &t.d.set.tiles, &w.zeros, &t.d.set.zeros.rows
	depth := min(t.depth, s.K-k0)
	if fresh {
		z.begin = i0
	}
	words := (depth + t.each - 1) / t.each // of a row
	bits := z.bits[:m*words]
	r.nonzero_bits_f32(&bits[0], &t.a[i0*s.K+k0], 4*s.K, m, depth, t.each)
	odd := m % 2
	if &t.form[0] == &r.single[0] {
		odd = 0
	}
	p := &w.strip
	ends := t.ends(w, k0+depth)
	panels := w.panels
	for n := first; n < last; n++ {
		j, width := t.strips.strip(n)
		padded := tiles.padded(width)
		p.a, p.aStep, p.aRow, p.length = address(t.a[i0*s.K+k0:]), t.aStep, 4*s.K, depth
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
		if !t.inPlace && t.step < t.blockRows { // panels are read again
			panels = panels[padded*depth:]
		}
		t.aheadRows(p, panels, n, first, last, i0+m < min(s.M, z.begin+t.blockRows), k0, fresh)
		p.setMask(width - (padded - tiles.lanes))
		p.maskStep, p.aWord, p.bWord = 8*words, t.each*p.aStep, t.each*p.bStep
		dense := *p

		product := t.form[padded/tiles.lanes-t.form[0].registers].run
		finite := fresh || z.finite[n-first]
		for q := 0; q < words && finite; q += t.words {
			k := q * t.each
			if fresh && !t.d.set.zeros.finite_f32(&b[k*bStep], p.bStep, padded, min(t.words*t.each, depth-k)) {
				finite = false
				break
			}
			if p.aheadStep == 0 && n+1 == last { // B has been fetched
				t.aheadPiece(p, z, i0, m, k0)
			}
			p.a, p.b = dense.a+uintptr(k*p.aStep), dense.b+uintptr(k*p.bStep)
			p.masks, p.words = address(bits[q:]), min(t.words, words-q)
			p.sums, p.begins = address(z.sums[:(m+1)*padded]), k == 0
			p.aRow, p.maskStep = dense.aRow, dense.maskStep
			if p.m = m - odd; p.m > 0 {
				product(p)
			}
			if odd == 1 { // the last row is its own neighbour
				p.m, p.aRow, p.maskStep = 2, 0, 0
				p.masks = address(bits[(m-1)*words+q:])
				product(p)
			}
		}
		if fresh {
			z.finite[n-first] = finite
		}
		if !finite {
			t.leaveNone(w, &dense, 0, m, width)
			continue
		}
		p.sums, p.m = address(z.sums[:(m+1)*padded]), m
		for r.add_sums_f32(p, padded/tiles.lanes); p.m > 0; r.add_sums_f32(p, padded/tiles.lanes) {
			i := m - p.m // a sum of row i is −0
			t.leaveNone(w, &dense, i, i+1, width)
			if p.m--; p.m == 0 {
				break
			}
			p.c, p.sums = p.c+uintptr(p.cStep), p.sums+uintptr(4*padded)
		}
	}
}

// operandRows gives the rows of B of a strip and a run of K, and the floats from one to the
// next: in place, or from the panel, which is made if fresh.
func (t *matmulTask) operandRows(panel []float32, j, width, k0, depth int, fresh bool) (b []float32, step int) {
	s, tiles := t.s, &t.d.set.tiles
	if t.inPlace {
		return t.b[k0*s.N+j:], s.N
	}
	padded := tiles.padded(width)
	panel = panel[:padded*depth]
	if fresh {
		if s.TransB {
			tiles.transpose(panel, padded, t.b[j*s.K+k0:], s.K, width, depth)
		} else {
			for k := range depth {
				copy(panel[k*padded:k*padded+width], t.b[(k0+k)*s.N+j:])
			}
		}
		clearBehind(panel, width, padded)
	}
	return panel, padded
}

// aheadRows has p fetch what comes of B behind strip n: the next strip's rows in place, or
// its panel, or what that is made of if it lies as the panel will; or the next run's first
// strip, unless more rows of this block follow.
func (t *matmulTask) aheadRows(p *strip, panel []float32, n, first, last int, more bool, k0 int, fresh bool) {
	s, depth := t.s, p.length
	j, width := t.strips.strip(first)
	if n+1 < last {
		j, width = t.strips.strip(n + 1)
	}
	switch {
	case n+1 < last && t.inPlace:
		p.fetch(t.b[k0*s.N+j:], 4*s.N, depth, width)
	case n+1 < last && !fresh:
		p.fetch(panel, p.bStep, depth, width)
	case n+1 < last && s.TransB && depth == s.K:
		p.fetch(t.b[j*s.K:], cacheLine, width*depth*4/cacheLine, 1)
	case n+1 == last && !more && t.inPlace && k0+depth < s.K:
		p.fetch(t.b[(k0+depth)*s.N+j:], 4*s.N, min(depth, s.K-k0-depth), width)
	default:
		p.fetchNothing()
	}
}

// aheadPiece has p fetch the piece of A that comes next: the block's next rows, or its first
// ones of the next run.
func (t *matmulTask) aheadPiece(p *strip, z *zeroSpace, i0, m, k0 int) {
	s, depth := t.s, p.length
	end := min(s.M, z.begin+t.blockRows)
	switch {
	case i0+m < end:
		p.fetch(t.a[(i0+m)*s.K+k0:], 4*s.K, min(t.step, end-i0-m), depth)
	case k0+depth < s.K:
		p.fetch(t.a[z.begin*s.K+k0+depth:], 4*s.K, min(t.step, end-z.begin), min(depth, s.K-k0-depth))
	}
}

// fetchNothing has s fetch the same line again and again.
func (s *strip) fetchNothing() {
	s.ahead, s.aheadStep, s.aheadEnd = s.b, 0, math.MaxUint
}
