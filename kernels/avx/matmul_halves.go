package avx

import (
	"sync/atomic"

	"baregrad/kernels"
)

// Where K has two runs, the two workers of a pair can each take one, for the same rows
// of C, instead of each taking other rows for all of K:
//
//	worker 0: C = A[:,K0]·B[K0,:] block after block, from the middle one on
//	worker 1: C = A[:,K1]·B[K1,:] from the first one on
//
// Whoever comes to a block of C as the first writes it, and the second adds to it: worker 0
// to the first half of the blocks, where it finds them when it works on C next. (Each is half
// of the blocks ahead of the other, and waits for it only if it is that much faster.) A sum
// of two does not depend on their order, so that the bits are those of one worker that
// does one run after the other (but for which of two NaN it is).
//
// Each element of B, and of A, is read by one worker alone then. That matters more than
// what it costs to read them. What two cores have read, the one that writes to it next
// has to take back from the other, line by line: on a Zen 4 that made Adam 2.6 times as
// slow where W had been read by both, and 13 times where the two had no third cache in
// common. Weights, their gradients and what Adam keeps now stay with one core each: the
// one that has these rows.

// halves is the protocol of one block of C.
type halves struct {
	state atomic.Int32
	_     [60]byte // a line of the cache for each
}

// written is what the first adds to the state when the block is written.
const written = 1 << 16

// enter says whether the block has a sum already. It waits until that is written.
func (h *halves) enter() (second bool) {
	if h.state.Add(1) == 1 {
		return false
	}
	for i := 1; h.state.Load() < written; i++ {
		look(i)
	}
	return true
}

// leave says that the block is written.
func (h *halves) leave() { h.state.Add(written) }

// canHalve tells whether workers can take K's two runs in so many blocks of rows by groups of
// columns: an even number, or several for each worker, lest two come to one at the same time.
// C has to be small enough to stay in the second cache until the other comes to it.
func (t *matmulTask) canHalve(blocks, groups int) bool {
	s, workers, cells := t.s, t.d.pool.workers, blocks*groups
	return t.chunks == 1 && t.depth < s.K && 2*t.depth >= s.K && s.Mode == kernels.Overwrite &&
		s.M*s.N <= t.d.cacheL2/4 && workers > 1 && (cells > 2*workers || cells%2 == 0 && 2*cells%workers == 0)
}

// half says which run of K part i does, and in which block of C: rows first, then columns.
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

// ends tells whether C is finished by the run of K that ends before k.
func (t *matmulTask) ends(w *workspace, k int) bool {
	if t.halved {
		return w.second
	}
	return k == t.s.K && t.chunks == 1
}

// foreign is what it costs, in multiply-adds, that workers have memory in common.
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
	} else if (chunks > 1) != s.TransA { // or else the worker's part of A is rows in memory, as A was written
		cost += readFromOther * s.M * s.K
	}
	if halved {
		cost += readFromOther * s.M * s.N
	}
	return cost * 2 / workers
}

const (
	// readByAll and readFromOther are what it costs two workers that both have read an
	// element, or one has that the other wrote.
	readByAll     = 14
	readFromOther = 2
)
