package avx

import (
	"math"

	"baregrad/kernels"
)

// How a product is split into the parts that workers share.

const (
	// mostPanels is the most floats in the panels of a part: 4 MB.
	mostPanels = 1 << 20
	// leastPart is the least number of multiply-adds in a part, 1 to 3 µs.
	leastPart = 1 << 16
	// handing is the cost of handing a part to a worker, in multiply-adds.
	handing = 1 << 14
)

// cutBy is everything that determines how a product is cut, besides the device.
type cutBy struct {
	s                       kernels.MatMulSpec
	zeros, inPlace, updates bool
	height, widest, strips  int
}

// cuts caches the last cuts found. Finding one takes about 4 µs, and the products of a training step
// are the same again and again.
type cuts struct {
	by    [32]cutBy
	found [32]struct {
		blocks, groups int
		halved         bool
	}
	next int // the entry to overwrite next
}

// cut decides how many blocks of rows by groups of columns C is split into. One worker does
// everything as one part, unless its panels would get too large. For several workers, it estimates
// the time of each way of cutting, in multiply-adds, and takes the shortest. An estimate consists of
// the parts of the worker that has most to do; a quarter of a part, or half of one if zeros are
// skipped, because workers are not equally fast; and for each part, the cost of handing it over,
// copying A and reading B. (Parts that skip zeros can be small: what a worker has found out about A
// and B in one part, it knows in the next.) Tiles and strips that don't divide evenly are spread over
// the parts, so that the last parts are not the smallest and their worker does not finish first.
// Memory that several workers touch adds to the cost: see matmul_halves.go, which has another way to
// cut.
func (t *matmulTask) cut() {
	s, strips, workers := t.s, t.strips.count(), t.d.pool.workers
	t.blockRows, t.blocks, t.series, t.group, t.groups = s.M, 1, 1, strips, 1
	least := (s.N*t.depth + mostPanels - 1) / mostPanels
	most := s.M * s.N * s.K / leastPart
	whole := (s.M + t.height - 1) / t.height // tiles from top to bottom
	if least == 1 && (workers == 1 || most < 2) {
		return
	}
	t.find(least, most, whole)
	if t.halved {
		t.halve()
	}
	t.series = t.seriesOf(t.blocks, t.groups*t.chunks)
	t.blockRows = min(s.M, (whole+t.blocks-1)/t.blocks*t.height)
	if n := t.series; n > 1 {
		t.blockRows = 0
		for first := 0; first < t.blocks; first += n {
			t.blockRows = max(t.blockRows, t.begin(first+1)-t.begin(first))
		}
	}
	t.group = (strips + t.groups - 1) / t.groups
}

// find chooses the numbers of blocks of rows and groups of columns, given the whole tiles from top to
// bottom, the least number of groups and the most parts.
func (t *matmulTask) find(least, most, whole int) {
	by := cutBy{t.s, t.zeros, t.inPlace, t.update != nil, t.height, t.widest, t.strips.count()}
	cuts := &t.cuts
	for i := range cuts.by {
		if cuts.by[i] == by {
			f := &cuts.found[i]
			t.blocks, t.groups, t.halved = f.blocks, f.groups, f.halved
			return
		}
	}
	t.search(least, most, whole)
	f := &cuts.found[cuts.next]
	f.blocks, f.groups, f.halved = t.blocks, t.groups, t.halved
	cuts.by[cuts.next] = by
	cuts.next = (cuts.next + 1) % len(cuts.by)
}

// seriesOf is how many blocks of rows each worker has, if each is to be smaller than the one before,
// as 4 : 3 : 2 : 1. The larger ones read B less often, and with small ones at the end no worker waits
// long for another. It is 1 if blocks are to be as equal as possible. others is the number of parts
// that each block is split into.
func (t *matmulTask) seriesOf(blocks, others int) int {
	workers := t.d.pool.workers
	n := blocks / workers // the smallest has 2 of n·(n+1) shares
	if !t.zeros || others > 1 || blocks%workers != 0 || n*(n+1)*t.height*workers > 2*t.s.M {
		return 1
	}
	return n
}

// begin is the first row of a block. Its series begins where an even split of the tiles puts it.
func (t *matmulTask) begin(block int) int {
	switch block {
	case 0:
		return 0
	case t.blocks:
		return t.s.M
	}
	tiles, n := (t.s.M+t.height-1)/t.height, t.series
	i, all := block%n, t.blocks/n
	from, to := block/n*tiles/all, (block/n+1)*tiles/all
	// n + (n−1) + … for i blocks, of n·(n+1)/2
	return min((from+(to-from)*i*(2*n-i+1)/(n*(n+1)))*t.height, t.s.M)
}

// largestShare is how many strips the worker with the most has, counted once for each block and
// chunk: groups of strips are not always equal.
func (t *matmulTask) largestShare(blocks, groups, chunks int) (most int) {
	strips, workers, each := t.strips.count(), t.d.pool.workers, blocks*chunks
	for w := range workers {
		own := 0
		for i := t.d.pool.begin(w, each*groups); i < t.d.pool.begin(w+1, each*groups); i++ {
			group := i / each
			own += (group+1)*strips/groups - group*strips/groups
		}
		most = max(most, own)
	}
	return most
}

// search is find without the cache: it tries all ways.
func (t *matmulTask) search(least, most, whole int) {
	s, strips, workers, l2 := t.s, t.strips.count(), t.d.pool.workers, t.d.cacheL2/4
	best := math.MaxInt
	consider := func(blocks, groups, chunks int, halved bool) {
		if groups > 1 && t.update != nil && s.M*s.N > l2 {
			return // the optimizer's step is done for whole rows
		}
		rows := (whole + blocks - 1) / blocks * t.height
		columns := min(s.N, (strips+groups-1)/groups*t.widest)
		depth := s.K / chunks
		work, copying, reading, waiting := rows*columns*depth, 8*rows*depth, 4*columns*depth, 4
		if t.zeros { // about a third of the work remains
			work, waiting = work/3, 2
			if blocks == 1 && !s.TransA { // A's bits are kept
				copying /= groups
			}
			if t.inPlace && columns*depth <= l2/2 { // B stays in the L2 cache
				reading /= 2
			}
		}
		if s.TransB {
			reading += 4 * columns * depth
		}
		part := work + copying + reading + handing
		cost := t.largestShare(blocks, groups, chunks)*part/((strips+groups-1)/groups) + part/waiting
		if n := t.seriesOf(blocks, groups*chunks); n > 1 { // all of a worker's rows; the last part is 2/n/(n+1) of it
			all := (work + copying) / rows * t.height * ((whole + workers - 1) / workers)
			cost = all + n*(reading+handing) + all*2/(n*(n+1))/waiting
		}
		cost += t.foreign(blocks, groups, chunks, halved)
		if cost < best {
			best = cost
			t.blocks, t.groups, t.halved = blocks, groups, halved
		}
	}
	each := 4 // most blocks for each worker
	if t.zeros {
		each = 16
	}
	for blocks := 1; blocks <= max(1, min(each*workers, most, whole)); blocks++ {
		for each := 1; each <= 4; each++ {
			consider(blocks, min(strips, max(least, each*workers/(blocks*t.chunks))), t.chunks, false)
		}
		if t.canHalve(blocks, 1) {
			consider(blocks, 1, 2, true)
		}
	}
	if t.zeros && t.inPlace && t.canHalve(1, strips) {
		consider(1, strips, 2, true)
	}
}
