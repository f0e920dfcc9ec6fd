package avx

import (
	"sync/atomic"

	"baregrad/kernels"
)

// If K has two runs, the two workers of a pair can each take one run for the same rows of C, instead
// of each taking other rows for all of K:
//
//	worker 0: C = A[:,K0]·B[K0,:] block after block, from the middle one on
//	worker 1: C = A[:,K1]·B[K1,:] from the first one on
//
// Whoever comes to a block of C first writes it, and the second adds to it. Worker 0 adds to the
// first half of the blocks, and finds them in its cache when it works on C next. (Each is half the
// blocks ahead of the other, and waits for it only if it is that much faster.) A sum of two does not
// depend on their order, so the bits are those of one worker that does one run after the other
// (except for which of two NaN comes out).
//
// Each element of B, and of A, is then read by one worker alone. That matters more than the cost of
// reading. A core that writes to memory that another core has read too must first take it back, line
// by line. On a Zen 4, that made Adam 2.6 times as slow if both had read W, and 13 times if the two
// shared no L3 cache. With halves, weights, their gradients and Adam's moments stay with one core:
// the one that has these rows.

// halves synchronizes the two workers at one block of C.
type halves struct {
	state atomic.Int32
	_     [60]byte // one cache line each
}

// written is what the first worker adds to the state when it has written the block.
const written = 1 << 16

// enter tells whether the block has a sum already. If so, it waits until that is written.
func (h *halves) enter() (second bool) {
	if h.state.Add(1) == 1 {
		return false
	}
	for i := 1; h.state.Load() < written; i++ {
		look(i)
	}
	return true
}

// leave records that the block is written.
func (h *halves) leave() { h.state.Add(written) }

// canHalve tells whether workers can take K's two runs in this many blocks of rows by groups of
// columns: an even number, or several for each worker, so that no two come to a block at the same
// time. C must be small enough to stay in the L2 cache until the other worker comes to it.
func (t *matmulTask) canHalve(blocks, groups int) bool {
	s, workers, cells := t.s, t.d.pool.workers, blocks*groups
	return t.chunks == 1 && t.depth < s.K && 2*t.depth >= s.K && s.Mode == kernels.Overwrite &&
		s.M*s.N <= t.d.cacheL2/4 && workers > 1 && (cells > 2*workers || cells%2 == 0 && 2*cells%workers == 0)
}

// half returns which run of K part i does, and in which block of C: rows first, then columns.
func (t *matmulTask) half(i int) (run, cell int) {
	cells := t.blocks * t.groups
	if i < cells {
		return 0, (i + cells/t.d.pool.workers) % cells
	}
	return 1, i - cells
}

// halve prepares the blocks.
func (t *matmulTask) halve() {
	t.chunks = 2
	if n := t.blocks * t.groups; len(t.cells) < n {
		t.cells = make([]halves, n)
	}
	for i := range t.cells {
		t.cells[i].state.Store(0)
	}
}

// ends tells whether the run of K that ends before k finishes C.
func (t *matmulTask) ends(w *workspace, k int) bool {
	if t.halved {
		return w.second
	}
	return k == t.s.K && t.chunks == 1
}

// foreign is the cost of memory that several workers touch, in multiply-adds.
func (t *matmulTask) foreign(blocks, groups, chunks int, halved bool) (cost int) {
	s, workers := t.s, t.d.pool.workers
	if workers == 1 || blocks*groups*chunks == 1 {
		return 0
	}
	if blocks > 1 && groups*chunks%workers != 0 {
		cost += readByAll * s.K * s.N
	}
	if groups > 1 && !halved {
		cost += readByAll * s.M * s.K
	} else if (chunks > 1) != s.TransA { // otherwise the worker's part of A is rows in memory, as A was written
		cost += readFromOther * s.M * s.K
	}
	if halved {
		cost += readFromOther * s.M * s.N
	}
	return cost * 2 / workers
}

const (
	// readByAll and readFromOther are the costs for two workers of an element that both have read,
	// and of one that one wrote and the other reads.
	readByAll     = 14
	readFromOther = 2
)
