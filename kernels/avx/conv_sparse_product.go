package avx

import "unsafe"

// The product of a sparse matrix with patches, or of patches with one: see conv_sparse.go. A patch is
// KH lines of KW·C floats. The sums of some lines stay in registers while the kernel processes a
// row's elements: it broadcasts one, multiplies it with the lines of the patch or filter that the
// element names, where they are in memory, and adds. 3 lines of 96 floats are 18 registers of
// AVX-512.
//
// In the gradient of the input, the rows are neighbouring positions with few elements each. So if the
// patches are 3×3, the sums of the two columns of pixels that neighbours share stay in registers from
// one position to the next (positions).
//
// The speed limit is the L2 cache, at 32 bytes a cycle: the patches (an image of 26×26×32 is 85 KB)
// and the filters (3×3×32 → 64 is 72 KB) come from there. Meanwhile, the data needed next is
// prefetched from beyond it.

// sparseProduct is the kernels' argument. For each row, line u and float i of a piece of the line,
//
//	sums[row.sums + u·sumsLine + i] += Σ over the row's elements of value · dense[index·denseStep + u·denseLine + i]
//
// Steps are in bytes.
type sparseProduct struct {
	rows                 uintptr // []sparseRow; those without elements are skipped
	count                int     // number of rows, or of windows for a line of positions
	values, indices      uintptr // []float32, []uint32: the elements
	mask                 uint32  // of the indices
	dense                uintptr
	denseStep, denseLine int
	sums                 uintptr
	sumsLine             int
	last                 int // floats of the piece's last register

	// Only for a line of positions.
	pixel        int    // from pixel to pixel, in both
	upper, lower uint32 // for the upper two lines, and the lowest: 2¹⁶−1 if the sums exist already, 0 if not
}

// sparseKernels are one instruction set's kernels for sparse matrices.
type sparseKernels struct {
	lanes             int
	conv_nonzeros_f32 func(n *nonzeros)
	conv_turn_f32     func(t *turning)
	lines3, lines1    []func(p *sparseProduct) // [v−1]: three lines, and one, of v registers
	positions         []func(p *sparseProduct) // [v−1]: pixels of v registers; empty if there are none
}

// patches computes p for all lines of the patches, and prefetches next.
func (t *sparseTask) patches(p *sparseProduct, rows int, next []float32) {
	const blocks = 16 // of rows, for fetching
	c, set := t.s.Conv, t.d.set.sparse
	registers := (c.KW*c.C + set.lanes - 1) / set.lanes
	pieces := (registers + len(set.lines3) - 1) / len(set.lines3)
	dense, sums, first := p.dense, p.sums, p.rows
	for u := 0; u < c.KH; {
		kernels, lines := set.lines1, 1
		if u+3 <= c.KH {
			kernels, lines = set.lines3, 3
		}
		for piece := range pieces {
			from, to := piece*registers/pieces, (piece+1)*registers/pieces
			p.dense = dense + uintptr(u*p.denseLine+4*from*set.lanes)
			p.sums = sums + uintptr(u*p.sumsLine+4*from*set.lanes)
			p.last = min(set.lanes, c.KW*c.C-(to-1)*set.lanes)
			for block := range blocks {
				if u == 0 && piece == 0 {
					t.fetch(next, block, blocks)
				}
				r, end := block*rows/blocks, (block+1)*rows/blocks
				if p.rows, p.count = first+uintptr(r)*unsafe.Sizeof(sparseRow{}), end-r; r < end {
					kernels[to-from-1](p)
				}
			}
		}
		u += lines
	}
}

// positions computes p for 3×3 patches, one line of output positions after another, with as many
// channels at a time as fit in registers, and prefetches next. Unless the sums exist already, the
// first patch that meets a pixel writes it.
func (t *sparseTask) positions(p *sparseProduct, next []float32, already bool) {
	c, pool, set := t.s.Conv, t.s.Pool, t.d.set.sparse
	dense, sums, rows := p.dense, p.sums, p.rows
	p.count, p.pixel = pool.OW, 4*c.C
	for from := 0; from < c.C; {
		registers := min((c.C-from+set.lanes-1)/set.lanes, len(set.positions))
		p.dense, p.last = dense+uintptr(4*from), min(set.lanes, c.C-from-(registers-1)*set.lanes)
		for i := range 2 * pool.OH {
			if from == 0 {
				t.fetch(next, i, 2*pool.OH)
			}
			p.rows = rows + uintptr(4*(i/2*pool.OW)+i%2*2)*unsafe.Sizeof(sparseRow{})
			p.sums = sums + uintptr(t.place(i, 0)+4*from)
			p.upper, p.lower = 1<<16-1, 1<<16-1
			if !already {
				p.lower = 0
				if i == 0 {
					p.upper = 0
				}
			}
			set.positions[registers-1](p)
		}
		from += registers * set.lanes
	}
}

// fetch prefetches part i of n of next into the L2 cache.
func (t *sparseTask) fetch(next []float32, i, n int) {
	part := next[i*len(next)/n : (i+1)*len(next)/n]
	t.d.set.vector.prefetch2(address(part), 4*len(part))
}
