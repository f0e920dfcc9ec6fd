package cuda

import "baregrad/kernels"

// A product of few tiles and many terms is cut along K into parts, a block for each,
// so that all multiprocessors have work. How it is cut must follow from the shape alone:
// two GPUs that cut differently would sum in different orders. So what it takes is
// estimated for one GPU, an H100, in cycles.
const (
	multiprocessors = 132
	schedulers      = 4    // of a multiprocessor: each starts one instruction a cycle, of one of its warps
	stepLatency     = 480  // the least that a step along K takes: its loads come from the cache, and all wait at a barrier
	inside          = 1000 // two fences and an atomic, where the last block of a tile adds up its parts ..
	round           = 400  // .. of which it loads four at a time (matmul_64x64_f32: two)
	apart           = 4000 // a launch more, where there are more than fewSplits, or the kernel can't do that
	cacheBytes      = 1100 // what goes to or from the cache in a cycle
)

// fewSplits is how many parts of a tile its last block adds up: more are the work
// of many blocks, and of a launch of their own.
const fewSplits = 16

// addsUp tells whether the rung's blocks add up the parts of a tile themselves.
func (r *rung) addsUp() bool { return r.name == "matmul_32x32_f32" || r.name == "matmul_64x64_f32" }

// share is how much of K one block takes: all of it, or whole steps of it, so that the
// product takes the fewest cycles.
func (r *rung) share(m, n, k int) int {
	best, fewest := max(k, 1), r.cycles(m, n, k, max(k, 1))
	if r.step == 0 {
		return best
	}
	for parts := 2; parts <= min(k/(4*r.step), multiprocessors); parts++ {
		share := ceilDiv(ceilDiv(k, parts), 16) * 16
		if c := r.cycles(m, n, k, share); c < fewest {
			best, fewest = share, c
		}
	}
	return best
}

// cycles estimates what a product takes in which each block takes share of K.
func (r *rung) cycles(m, n, k, share int) int {
	tiles, parts := ceilDiv(m, r.bm)*ceilDiv(n, r.bn), ceilDiv(k, share)
	blocks := ceilDiv(tiles*parts, multiprocessors) // of a multiprocessor
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

// addSplits adds up the matrices of a product that was split along K.
func (d *Device) addSplits(c, partial, bias uint64, elements, n, splits int, m kernels.Mode, relu bool) {
	d.each(kernel{"matmul_register.ptx", "matmul_split_f32"}, elements,
		c, partial, bias, count(elements), count(n), count(splits), mode(m), truth(relu))
}
