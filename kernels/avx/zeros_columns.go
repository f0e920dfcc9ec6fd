package avx

import (
	"math/bits"

	"baregrad/kernels"
)

// Products that skip zeros of a transposed A, C[M,N] = Aᵀ[M,K]·B[K,N] with A stored as [K,M]: the
// gradient of a layer's weights, where A is the layer's input, [batch, features]. See zeros.go for
// what is skipped and why no bit changes.
//
// A row of C is a column of A as it is stored. 16 of them form a block: they share a cache line in
// each row of A, so their zeros are found together. For each of the block's columns and each 64 k,
// there is a word with a bit for each k whose element is not zero. The kernels iterate over the set
// bits, which costs no more than a list would, and saves making the list. They do so
//
//   - for two rows of C at a time, at every k at which either element is not zero; a row of B
//     is read once for both. That is best if the L2 cache is the limit, which delivers a row
//     of B in the time that two rows of C take.
//   - or for a single row, if that has far fewer k. Then K is processed in parts, so that a
//     part of B stays in the L1 cache; the sums wait in memory for the next part, which
//     continues them. So they are the same chains of additions.
//
// The kernels are those of zeros_rows.go. They store sums in memory, directly in C if nothing else is
// done to them. So rows are finished in one place, endRows.

// columnKernels is the table of the kernels of such products.
type columnKernels struct {
	// Two forms of rowKernels; both also for wider strips.
	single, both []rowProduct
	// Cost of a k, in percent of a k where nothing is skipped: of a single row, of a pair, and of a
	// pair if a strip of B stays in the L1 cache.
	singleCost, pairCost, pairNearCost int
	// partCost is the cost of another part of K for a single row, in percent of such a k.
	partCost int
	// mark_nonzeros_f32 marks in bits which elements of zeroColumns columns are not zero.
	mark_nonzeros_f32 func(bits *uint64, src *float32, srcStep, n int, lanes uint16)
	// fetch_rest prefetches what a kernel should have but has not, because its rows had few k.
	fetch_rest func(s *strip)
}

// columnPlan is how a product of a transposed A is cut, besides what matmulTask says.
type columnPlan struct {
	single bool // rows of C are computed one by one, if it is wide enough: set by manyZeros
	length int  // k of a part
	parts  int  // of a run
	words  int  // of a part
}

const (
	// zeroColumns is how many columns of a transposed A form a block.
	zeroColumns = 16
	// nearStrip is the most floats of a strip of B that stays in the L1 cache together with the other
	// data.
	nearStrip = 6 << 10
	// partStrip is the most floats of B, one strip wide, in a part of K: they stay in the L1 cache.
	partStrip = 8 << 10
	// partLength is the most k in a part that is shorter than a run: a part has one line of A for
	// each k, and these should stay in the L1 cache too.
	partLength = 128
	// beyond is about how many lines too many a kernel prefetches, because it checks only once per
	// row of C whether it is done. If two workers have one run each, the lines past the first run
	// belong to the other worker, which would have to take them back when it writes them.
	beyond = 64
	// mostSums is the most floats of sums that wait for the next part of K.
	mostSums = 32 << 10
)

// columnCost is costWithoutZeros for a transposed A; it also tells whether single rows cost less than
// pairs. It samples places spread over all of A, one cache line each.
func (d *Device) columnCost(a []float32, s kernels.MatMulSpec) (cost int, single bool) {
	const places, neighbours = 32, 16
	const all = places * neighbours / 2 // pairs
	const even = 0x5555                 // the first place of each pair
	ones, pairs := 0, 0
	word, anyRow := &d.product.sample[0], &d.product.sample[2]
	for p := range places {
		i := p * (s.M - neighbours) / (places - 1) / neighbours * neighbours
		k := spread(p, s.K)
		d.set.zeros.rows.nonzero_bits_f32(word, anyRow, &a[k*s.M+i], 0, 1, neighbours, wordBits)
		ones += bits.OnesCount64(*word)
		pairs += bits.OnesCount64((*word | *word>>1) & even)
		if p == places/4 && ones == (p+1)*neighbours { // no zero so far: skipping will not pay
			return 1000, false
		}
	}
	c, depth := &d.set.zeros.columns, min(s.K, blockK)
	cost = c.pairCost
	if min(s.N, widest(c.both)*d.set.tiles.lanes)*depth <= nearStrip {
		cost = c.pairNearCost
	}
	cost = cost * pairs / all
	if wide := widest(c.single) * d.set.tiles.lanes; s.N >= wide {
		parts := (depth*wide + partStrip - 1) / partStrip
		// Beginning and ending a row costs about 3 k.
		if one := c.singleCost*ones/(2*all) + (c.partCost*(parts-1)+300)/depth; one < cost {
			cost, single = one, true
		}
	}
	// Finding the bits is shared by N columns.
	return cost + 400/s.N + 10, single
}

// cutColumns chooses the form of the kernels, and splits C into strips.
func (t *matmulTask) cutColumns() {
	c := &t.d.set.zeros.columns
	if t.column.single && t.s.N >= widest(c.single)*t.d.set.tiles.lanes {
		t.cutStrips(c.single, 1)
	} else {
		t.cutStrips(c.both, 2)
	}
	t.height = zeroColumns
}

// planColumns makes the remaining decisions once the product is cut.
func (t *matmulTask) planColumns() {
	s, tiles, p := t.s, &t.d.set.tiles, &t.column
	t.copyA, t.aStep = false, 4*s.M

	// For single rows, B has to be in the L1 cache. Pairs of short rows read more of A than of B from
	// the L2 cache. Pairs of long rows are limited by neither.
	p.length, p.parts = t.depth, 1
	if t.tall == 1 || t.widest <= 4*tiles.lanes {
		most := min(partStrip/t.widest, partLength)
		if t.tall == 1 {
			most = min(most, wordBits) // all lines of A stay near, too
		}
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

	// The rows of a step pass by each strip of B: as many as stay in the L2 cache with their sums.
	most := max(t.blockRows, zeroColumns)
	if t.group > 1 {
		most = t.d.cacheL2 / 4 / 2 / t.depth
	}
	if p.parts > 1 {
		most = min(most, mostSums/t.widest)
	}
	if rows := t.mostUpdated(); rows >= leastUpdated {
		most = min(most, rows)
	}
	steps := (t.blockRows + most - 1) / most
	t.step = ((t.blockRows+steps-1)/steps + zeroColumns - 1) / zeroColumns * zeroColumns
	sums := zeroColumns // rows whose sums are kept
	if p.parts > 1 {
		sums = t.step
	}
	blocks := 1 // blocks whose words are kept: a single strip needs them once
	if t.group > 1 {
		blocks = t.step / zeroColumns * p.parts
	}
	t.d.reserve(t.step, 0, 0, 0, 0)
	t.planPanels()
	for i := range t.d.workspaces {
		t.d.workspaces[i].zeros.reserve(blocks*p.words*zeroColumns, sums*t.widest, (s.K+t.depth-1)/t.depth*t.strips.count())
	}
	t.rowStep = 4
}

// computeColumns is compute, skipping zeros of a transposed A.
func (t *matmulTask) computeColumns(w *workspace, c []float32, i0, m, k0, first, last int, add, fresh bool) {
	s, tiles, z := t.s, &t.d.set.tiles, &w.zeros
	depth := min(t.depth, s.K-k0)
	ends, seen := t.ends(w, k0+depth), t.seen(z, k0)
	panels := w.panels
	for n := first; n < last; n++ {
		j, width := t.strips.strip(n)
		p := &w.strip
		p.m, p.length = m, depth
		p.a, p.aStep = address(t.a[k0*s.M+i0:]), t.aStep
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
		if seen[n] == unseen {
			seen[n] = finiteIf(t.d.set.zeros.finite_f32(&b[0], p.bStep, width, depth))
		}
		if !t.kept && !t.inPlace && t.step < t.blockRows { // panels are read again
			panels = panels[tiles.padded(width)*depth:]
		}
		dense := *p
		t.columnStrip(w, &dense, c[(i0-w.first)*s.N+j:], i0, k0, n, first, last, seen[n] == finite)
	}
}

// columnStrip computes strip n for the rows of C and the run of K given by dense, the product that
// skips nothing. The first strip's blocks mark the nonzeros.
func (t *matmulTask) columnStrip(w *workspace, dense *strip, c []float32, i0, k0, n, first, last int, finite bool) {
	s, plan, z := t.s, &t.column, &w.zeros
	_, width := t.strips.strip(n)
	padded := t.d.set.tiles.padded(width)
	m, depth := dense.m, dense.length
	if !finite {
		t.leaveNone(w, dense, 0, m, width)
		if t.fused {
			t.update.do(t.update, c[:m*t.s.N], i0*t.s.N)
			return
		}
		if n > first || n+1 == last {
			return
		}
	}
	p := &w.strip
	p.setMask(width - (padded - t.d.set.tiles.lanes))
	p.aRow, p.maskStep, p.maskNext = 4, 8, 8*zeroColumns
	p.aWord, p.bWord = wordBits*p.aStep, wordBits*p.bStep
	if t.fused {
		t.fusedStrip(w, dense, c, i0)
		return
	}
	// Sums that need nothing more are stored directly in C.
	there := width == padded && !p.add && p.bias == 0 && !p.relu
	for part, k := 0, 0; k < depth; part, k = part+1, k+plan.length {
		length := min(plan.length, depth-k)
		p.b, p.words, p.begins = dense.b+uintptr(k*dense.bStep), (length+wordBits-1)/wordBits, k == 0
		for i := 0; i < m; i += zeroColumns {
			bits := z.bits[:cap(z.bits)]
			if t.group > 1 {
				bits = bits[(i/zeroColumns*plan.parts+part)*zeroColumns*plan.words:]
			}
			rows := min(zeroColumns, m-i)
			if n == first {
				t.d.set.zeros.columns.mark_nonzeros_f32(&bits[0], &t.a[(k0+k)*s.M+i0+i], 4*s.M, length, uint16(1<<rows-1))
			}
			if !finite {
				continue
			}
			p.a, p.masks = dense.a+uintptr(k*dense.aStep+4*i), address(bits)
			p.c = dense.c + uintptr(i*dense.cStep)
			sums := c[i*s.N:]
			p.sumStep = p.cStep
			switch {
			case there:
			case plan.parts > 1: // they wait for the next part
				sums, p.sumStep = z.sums[i*padded:cap(z.sums)], 4*padded
			default:
				sums, p.sumStep = z.sums[:cap(z.sums)], 4*padded
			}
			p.sums = address(sums)
			if n == first {
				t.aheadColumns(p, i0, i+zeroColumns, m, k0, k, depth)
			} else {
				t.aheadStrip(p, part, i, m, k0, n, last, depth)
			}
			p.multiplyRows(t.product(padded), rows, t.tall)
			t.d.set.zeros.columns.fetch_rest(p)
			if k+length == depth {
				t.endRows(w, p, dense, i, rows, width, sums)
			}
		}
	}
}

// aheadColumns makes p prefetch A's part, from k from on, of the block that begins with row next of
// the step's m rows; after the last block, the first block's next part.
func (t *matmulTask) aheadColumns(p *strip, i0, next, m, k0, from, depth int) {
	if next >= m {
		next, from = 0, from+t.column.length
	}
	if from >= depth {
		p.fetchNothing()
		return
	}
	rows := min(t.column.length, depth-from)
	if t.halved && from+rows == depth && k0+depth < t.s.K {
		rows = max(1, rows-beyond)
	}
	p.fetch(t.a[(k0+from)*t.s.M+i0+next:], 4*t.s.M, rows, 1)
}

// aheadStrip makes p prefetch the share of the next strip of B that falls to the block from row i on
// and this part of K: one line of some rows, or some lines of all rows.
func (t *matmulTask) aheadStrip(p *strip, part, i, m, k0, n, last, depth int) {
	p.fetchNothing()
	if n+1 == last || !t.inPlace {
		return
	}
	j, width := t.strips.strip(n + 1)
	lines := (4*width + cacheLine - 1) / cacheLine
	blocks := (m + zeroColumns - 1) / zeroColumns
	all, at := blocks*t.column.parts, part*blocks+i/zeroColumns
	share := max(1, all/lines)        // blocks that share a line of all rows
	places := (lines + all - 1) / all // or the lines for each block
	if line := at / share * places; line < lines {
		from, to := at%share*depth/share, (at%share+1)*depth/share
		p.fetch(t.b[(k0+from)*t.s.N+j+line*cacheLine/4:], 4*t.s.N, to-from, min(places, lines-line)*cacheLine/4)
	}
}
