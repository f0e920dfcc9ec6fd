package cuda

import "baregrad/kernels"

// A product with few tiles and many terms is split along K into parts, one block per part, so that
// all multiprocessors have work. The split must depend on the shape alone, because two GPUs with
// different splits would sum in different orders. So the cost is estimated in cycles of one
// particular GPU, an H100.
const (
	multiprocessors = 132
	schedulers      = 4    // per multiprocessor: each issues one instruction per cycle, from one of its warps
	stepLatency     = 480  // minimum cycles of a step along K: its loads come from the cache, and all warps wait at a barrier
	inside          = 1000 // two fences and an atomic, if the last block of a tile adds up its parts ..
	round           = 400  // .. of which it loads four at a time (matmul_64x64_f32: two)
	apart           = 4000 // another launch, if there are more than fewSplits parts, or the kernel cannot add them
	cacheBytes      = 1100 // bytes per cycle to or from the cache
)

// fewSplits is the maximum number of parts that the last block of a tile adds up. More parts are
// added by many blocks in a separate launch.
const fewSplits = 16

// addsUp reports whether the rung's blocks add up the parts of a tile themselves.
func (r *rung) addsUp() bool { return r.name == "matmul_32x32_f32" || r.name == "matmul_64x64_f32" }

// share returns how much of K each block takes: all of it, or a number of whole steps, whichever
// takes the fewest cycles.
func (r *rung) share(m, n, k int) int {
	best, fewest := max(k, 1), r.cycles(m, n, k, max(k, 1))
	if r.step == 0 {
		return best
	}
	whole := max(16, r.step)
	for parts := 2; parts <= min(k/(4*r.step), multiprocessors); parts++ {
		share := ceilDiv(ceilDiv(k, parts), whole) * whole
		if c := r.cycles(m, n, k, share); c < fewest {
			best, fewest = share, c
		}
	}
	return best
}

// cycles estimates the cycles of a product in which each block takes share of K.
func (r *rung) cycles(m, n, k, share int) int {
	tiles, parts := ceilDiv(m, r.bm)*ceilDiv(n, r.bn), ceilDiv(k, share)
	blocks := ceilDiv(tiles*parts, multiprocessors) // per multiprocessor
	warps := ceilDiv(blocks*r.block.X/32, schedulers)
	c := ceilDiv(share, max(r.step, 1)) * max(stepLatency, warps*r.slots)
	switch {
	case parts > 1 && (parts > fewSplits || !r.addsUp()):
		c += apart
	case parts > 1:
		c += inside + ceilDiv(parts, 4)*round
	}
	if parts > 1 { // every part is written and read
		c += 8 * parts * tiles * r.bm * r.bn / cacheBytes
	}
	return c
}

// addSplits adds up the partial products of a split along K.
func (d *Device) addSplits(c, partial, bias uint64, elements, n, splits int, m kernels.Mode, relu bool) {
	d.each(kernel{"matmul_register.ptx", "matmul_split_f32"}, elements,
		c, partial, bias, count(elements), count(n), count(splits), mode(m), truth(relu))
}
