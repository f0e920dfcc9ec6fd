package avx

import "math"

// Products that skip zeros of A, where the k of a row of A are contiguous:
//
//	C[i,j] = Σ over k with A[i,k] != 0 of A[i,k]·B[k,j]
//
// For each row of A, bits say which k are not zero. The kernels, shared with zeros_columns.go,
// iterate over the set bits of a word, with the row's sums in registers. With one row, each element
// of B serves only one multiply-add, so B has to come from the L1 cache. Therefore a run of K is
// processed in parts so short that the part of a strip of B stays there while all rows of A pass by.
// Between the parts the sums are kept in memory. So the chain of additions is still that of the whole
// run, and the bits of the result are what zeros.go says.
//
// Skipping zeros requires that B is finite. The sums show that: an infinity or a NaN of B that is
// multiplied with an element of A, even a zero, makes a sum infinite or NaN for good. So the first
// row does not skip the k that every row of A would skip, and the first rows of A to be multiplied
// with a strip of B give the answer for the others. But with many rows of A, or if a strip's rows of
// B are far apart, all of a part is checked before it is used: that costs little in comparison, and
// brings it into the L1 cache faster than the products would.
//
// The kernels have three forms:
//
//   - single: each row by itself. It multiplies least, but loads a register of B for each
//     multiply-add, which is as much as the L1 cache delivers.
//   - either: two rows, and at each k the one or both that are not zero. If both are, they
//     share the loads. Which of the three cases comes next is a branch, so it pays if
//     the next k is mostly like this one, as in images.
//   - both: two rows, and both at each k at which either is not zero. With a narrow strip,
//     one row's sums would be too few: they wait for each other.

// rowKernels is the table of the kernels of such products.
type rowKernels struct {
	// Kernels for consecutive numbers of registers. single and either begin at the same number, but
	// either may be empty; both begins at 1.
	single, either, both []rowProduct
	// Cost of a k that is multiplied, in percent of a k where nothing is skipped: for single and
	// either per row, for both per pair. changeCost is added to eitherCost if other rows are next.
	singleCost, eitherCost, bothCost, changeCost int
	// nonzero_bits_f32 finds the bits, and ORs them into those of any row.
	nonzero_bits_f32 func(bits, any *uint64, a *float32, step, m, n, each int)
}

// rowProduct is a kernel for strips of the given number of registers.
type rowProduct struct {
	registers int
	run       func(s *strip)
}

const (
	// nearBytes is how much of B stays in the L1 cache while rows of A pass by.
	nearBytes = 29 << 10
	// fewRows is the most rows of A for which their sums tell whether B is finite.
	fewRows = 256
	// wordBits is the most k whose bits are in a word.
	wordBits = 64
)

// widest is the most registers that a form has.
func widest(form []rowProduct) int { return form[len(form)-1].registers }

// wide tells whether a strip of this many registers is for single and either, not for both.
func (r *rowKernels) wide(registers int) bool { return registers > widest(r.both) }

// cutRows splits C into strips as wide as the kernels are, and as equal as possible.
func (t *matmulTask) cutRows() {
	lanes, r := t.d.set.tiles.lanes, &t.d.set.zeros.rows
	form, rows := r.both, 2
	if r.wide((t.s.N + lanes - 1) / lanes) {
		if form, _ = r.wideForm(t.shares); &form[0] == &r.single[0] {
			rows = 1
		}
	}
	t.cutStrips(form, rows)
	t.height, t.tells = 2, len(r.either) > 0 && &form[0] == &r.either[0]
}

// planRows makes the remaining decisions once the product is cut.
func (t *matmulTask) planRows() {
	s := t.s
	t.lookThrough = t.blockRows > fewRows || t.inPlace && t.strips.count() > 1

	near := nearBytes / (4 * t.widest) // k of a part
	if lines := 4 * s.N / cacheLine; t.inPlace && lines&-lines > 4*t.widest/cacheLine {
		near /= 2 // rows of a strip use only some of the cache's sets
	}
	if near < 2*wordBits { // one word is the most that either can handle
		near = min(near, wordBits)
	}
	parts := (t.depth + near - 1) / near
	t.each, t.words = (t.depth+parts-1)/parts, 1
	if t.each > wordBits {
		t.each, t.words = wordBits, ((t.depth+wordBits-1)/wordBits+parts-1)/parts
	}

	// The rows of a step pass by each strip of B: as many as stay in the L2 cache. With a single
	// narrow strip, rows need to stay only until their bits are found.
	most := t.d.cacheL2 / 4 / 2
	if t.group == 1 && t.words > 1 {
		most /= 4
	}
	steps := (t.blockRows*t.depth + most - 1) / most
	t.step = min(t.blockRows, ((t.blockRows+steps-1)/steps+1)&^1)
	t.d.reserve(t.step, 0, 0, 0, 0)
	t.planPanels()
	for i := range t.d.workspaces { // words of the step's rows, of any row, and two more that kernels read in vain
		z, words := &t.d.workspaces[i].zeros, (t.depth+t.each-1)/t.each
		z.reserve((t.step+3)*words, t.step*t.widest, (s.K+t.depth-1)/t.depth*t.strips.count())
	}
	t.aStep, t.rowStep = 4, 4*s.K
}

// computeRows is compute, skipping zeros of A's rows.
func (t *matmulTask) computeRows(w *workspace, c []float32, i0, m, k0, first, last int, add, fresh bool) {
	s, tiles, z, r := t.s, &t.d.set.tiles, &w.zeros, &t.d.set.zeros.rows
	depth := min(t.depth, s.K-k0)
	if fresh {
		z.begin = i0
	}
	words := (depth + t.each - 1) / t.each // of a row
	ones, anyRow := z.bits[:m*words], z.bits[m*words:(m+1)*words]
	if p := (piece{t.number, i0, m, k0}); z.marked != p {
		z.marked = p
		clear(anyRow)
		r.nonzero_bits_f32(&ones[0], &anyRow[0], &t.a[i0*s.K+k0], 4*s.K, m, depth, t.each)
		if !t.lookThrough { // the first row takes the k that every row would skip
			for q, met := range anyRow {
				unused := wordBits - min(t.each, depth-q*t.each)
				ones[q] |= ^met << unused >> unused
			}
		}
	}
	p, seen := &w.strip, t.seen(z, k0)
	ends := t.ends(w, k0+depth)
	panels := w.panels
	for n := first; n < last; n++ {
		j, width := t.strips.strip(n)
		padded := tiles.padded(width)
		p.a, p.aStep, p.aRow, p.length = address(t.a[i0*s.K+k0:]), t.aStep, 4*s.K, depth
		p.c, p.cStep, p.add = address(c[(i0-w.first)*s.N+j:]), 4*s.N, add
		p.bias, p.relu = 0, false
		if ends {
			p.relu = s.ReLU
			if t.bias != nil {
				p.bias = address(t.bias[j:])
			}
		}
		if t.kept {
			panels, fresh = t.panel(w, n, k0), seen[n] == unseen
		}
		b, bStep := t.operandRows(panels, j, width, k0, depth, fresh)
		p.b, p.bStep = address(b), 4*bStep
		switch {
		case t.kept && n+1 < last:
			panels, fresh = t.panel(w, n+1, k0), seen[n+1] == unseen
		case !t.inPlace && t.step < t.blockRows: // panels are read again
			panels = panels[padded*depth:]
		}
		t.aheadRows(p, panels, n, first, last, i0+m < w.end, k0, fresh)
		p.setMask(width - (padded - tiles.lanes))
		p.maskStep, p.maskNext, p.aWord, p.bWord = 8*words, 8, t.each*p.aStep, t.each*p.bStep
		dense := *p

		isFinite, look := seen[n] != notFinite, seen[n] == unseen
		sums := z.sums[:m*padded]
		if width == padded && width == s.N && !add && p.bias == 0 && !p.relu { // nothing more is done to them
			sums = c[(i0-w.first)*s.N:][:m*padded]
		}
		p.looks, p.infinite = look && !t.lookThrough && t.tells, false
		for q := 0; q < words && isFinite; q += t.words {
			k := q * t.each
			if look && t.lookThrough {
				isFinite = t.d.set.zeros.finite_f32(&b[k*bStep], p.bStep, padded, min(t.words*t.each, depth-k))
			}
			if !isFinite {
				break
			}
			if p.aheadStep == 0 && n+1 == last { // B has been prefetched
				t.aheadPiece(p, z, i0, m, w.end, k0)
			}
			p.a, p.b = dense.a+uintptr(k*p.aStep), dense.b+uintptr(k*p.bStep)
			p.masks, p.words = address(ones[q:]), min(t.words, words-q)
			p.sums, p.sumStep, p.begins, p.last = address(sums), 4*padded, k == 0, q+t.words >= words
			p.multiplyRows(t.product(padded), m, t.tall)
		}
		if look {
			isFinite = isFinite && !p.infinite &&
				(t.lookThrough || t.tells || t.d.set.zeros.finite_f32(&sums[0], 4*padded, padded, m))
			seen[n] = finiteIf(isFinite)
		}
		if !isFinite {
			t.leaveNone(w, &dense, 0, m, width)
			continue
		}
		t.endRows(w, p, &dense, 0, m, width, sums)
	}
}

// operandRows returns the rows of B of a strip and a run of K, and the floats from one to the next:
// in place, or from the panel, which is made if fresh.
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

// aheadRows makes p prefetch the part of B needed after strip n: the next strip's rows in place, its
// panel, or the source of the panel if that has the same layout; or the next run's first strip,
// unless more rows of this block follow.
func (t *matmulTask) aheadRows(p *strip, panel []float32, n, first, last int, more bool, k0 int, fresh bool) {
	s, depth := t.s, p.length
	j, width := t.strips.strip(first)
	next := n+1 < last || t.halved && t.groups > 1 && n+1 < t.strips.count() // otherwise the next strip is in the worker's next part
	if next {
		j, width = t.strips.strip(n + 1)
	}
	switch {
	case next && t.inPlace:
		p.fetch(t.b[k0*s.N+j:], 4*s.N, depth, width)
	case n+1 < last && !fresh:
		p.fetch(panel, p.bStep, depth, width)
	case n+1 < last && s.TransB && depth == s.K:
		p.fetch(t.b[j*s.K:], cacheLine, width*depth*4/cacheLine, 1)
	case n+1 == last && !more && t.inPlace && k0+depth < s.K && !t.halved:
		p.fetch(t.b[(k0+depth)*s.N+j:], 4*s.N, min(depth, s.K-k0-depth), width)
	default:
		p.fetchNothing()
	}
}

// aheadPiece makes p prefetch the next piece of A: the block's next rows, or its first rows in the
// next run.
func (t *matmulTask) aheadPiece(p *strip, z *zeroSpace, i0, m, end, k0 int) {
	s, depth := t.s, p.length
	switch {
	case i0+m < end:
		p.fetch(t.a[(i0+m)*s.K+k0:], 4*s.K, min(t.step, end-i0-m), depth)
	case k0+depth < s.K && !t.halved:
		p.fetch(t.a[z.begin*s.K+k0+depth:], 4*s.K, min(t.step, end-z.begin), min(depth, s.K-k0-depth))
	}
}

// fetchNothing makes s touch the same line again and again.
func (s *strip) fetchNothing() {
	s.ahead, s.aheadStep, s.aheadEnd = s.b, 0, math.MaxUint
}
