//go:build cuda

package nvidia

import (
	"errors"
	"math/bits"

	"gorgonia.org/cu"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// pool keeps freed memory for later allocations, because the driver's own allocation takes some
// hundred microseconds and waits for all work. It takes memory from the driver only when needed.
//
// Block sizes are 2ⁿ and 1.5·2ⁿ, so that a freed block fits similar requests; if memory is short,
// blocks are as large as requested.
type pool struct {
	limit int64 // on what is taken from the driver; 0 is no limit
	taken int64
	used  int64
	sizes map[driver.Pointer]int64   // of the blocks in use
	idle  map[int64][]driver.Pointer // by size
}

const leastBlock = 512

// exactSize returns the size of the smallest block that holds the bytes.
func exactSize(bytes int64) int64 { return (bytes + leastBlock - 1) / leastBlock * leastBlock }

// blockSize returns the size of the block for a request.
func blockSize(bytes int64) int64 {
	if bytes <= leastBlock {
		return leastBlock
	}
	whole := int64(1) << bits.Len64(uint64(bytes-1))
	if threeQuarters := whole / 4 * 3; bytes <= threeQuarters {
		return threeQuarters
	}
	return whole
}

// Alloc takes a block from the pool, or from the driver.
func (g *gpu) Alloc(bytes int64) (driver.Pointer, error) {
	if bytes <= 0 {
		return 0, errors.New("allocation of no memory")
	}
	if err := g.enter(); err != nil {
		return 0, err
	}
	defer g.leave()
	p, size, exact := &g.pool, blockSize(bytes), exactSize(bytes)
	if p.sizes == nil {
		p.sizes, p.idle = map[driver.Pointer]int64{}, map[int64][]driver.Pointer{}
	}
	for _, size := range [...]int64{size, exact} {
		if list := p.idle[size]; len(list) > 0 {
			address := list[len(list)-1]
			p.idle[size] = list[:len(list)-1]
			p.sizes[address] = size
			p.used += size
			return address, nil
		}
	}
	address, err := p.take(size)
	if err == cu.OutOfMemory { // idle blocks may be enough
		// Submitted work may still use them, and cuMemFree need not wait for it.
		if err := g.finish(); err != nil {
			return 0, err
		}
		if err := p.release(); err != nil {
			return 0, err
		}
		address, err = p.take(size)
	}
	if err == cu.OutOfMemory {
		size = exact
		address, err = p.take(size)
	}
	if err == cu.OutOfMemory {
		_, free := g.memory()
		return 0, &kernels.OutOfMemoryError{Asked: bytes, Used: p.used, Free: free}
	}
	if err != nil {
		return 0, explain(err)
	}
	p.sizes[address] = size
	p.used += size
	return address, nil
}

// take allocates memory from the driver, within the limit.
func (p *pool) take(size int64) (driver.Pointer, error) {
	if p.limit > 0 && p.taken+size > p.limit {
		return 0, cu.OutOfMemory
	}
	address, err := cu.MemAlloc(size)
	if err != nil {
		return 0, err
	}
	p.taken += size
	return driver.Pointer(address), nil
}

// Free returns a block to the pool. Work submitted earlier still finds its contents: the next
// user's work comes later in the same stream.
func (g *gpu) Free(address driver.Pointer) error {
	size, ok := g.pool.sizes[address]
	if !ok {
		return errors.New("freeing memory that was not allocated")
	}
	delete(g.pool.sizes, address)
	g.pool.idle[size] = append(g.pool.idle[size], address)
	g.pool.used -= size
	return nil
}

// release returns all idle blocks to the driver.
func (p *pool) release() error {
	for size, list := range p.idle {
		for _, address := range list {
			if err := cu.MemFree(cu.DevicePtr(address)); err != nil {
				return explain(err)
			}
			p.taken -= size
		}
		delete(p.idle, size)
	}
	return nil
}

// free returns all memory to the driver.
func (p *pool) free() error {
	for address, size := range p.sizes {
		p.idle[size] = append(p.idle[size], address)
	}
	clear(p.sizes)
	p.used = 0
	return p.release()
}

// Memory returns the bytes in use and the bytes free.
func (g *gpu) Memory() (used, free int64) {
	if g.enter() != nil {
		return g.pool.used, 0
	}
	defer g.leave()
	return g.memory()
}

func (g *gpu) memory() (used, free int64) {
	free, _, err := cu.MemInfo()
	if err != nil {
		return g.pool.used, 0
	}
	free += g.pool.taken - g.pool.used // idle blocks are free, too
	if g.pool.limit > 0 {
		free = min(free, g.pool.limit-g.pool.used)
	}
	return g.pool.used, free
}
