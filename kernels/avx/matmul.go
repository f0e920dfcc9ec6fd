package avx

import (
	"math"

	"baregrad/kernels"
)

// MatMul is C[M,N] = op(A)[M,K]·op(B)[K,N], with what MatMulSpec adds to it.
//
// The work is cut in three ways, from the outside in:
//
//  1. C into blocks of rows by groups of columns: the parts that workers share.
//  2. K into runs of at most blockK, so that the piece of A (blockRows × blockK)
//     and one strip of B (blockK × 48 columns) stay in the caches while they are
//     used. Each run but the first adds to C.
//  3. Columns into strips, each one call of a kernel: see strip.
//
// Copies make memory contiguous where that pays: B goes into panels, one for
// each strip, in which rows follow each other; A's block is copied where it is
// used by several strips.
//
// The bits of the result depend on M, N and K alone: each element of C is a
// chain of fused multiply-adds in the order of k, broken only where step 2
// breaks it, and for tall products where chunks says. Neither the number of
// workers nor the width of the registers changes that.

const (
	// blockK is the longest run of K. Longer ones touch C less often, shorter ones
	// keep the strip of B in a faster cache.
	blockK = 512
	// partWork is about how many multiply-adds make a part worth handing to
	// another worker: 10 to 20 µs.
	partWork = 1 << 20
)

// matmulTask is one product on its way through the workers.
type matmulTask struct {
	d          *Device
	s          kernels.MatMulSpec
	c, a, bias []float32
	b          columns
	copyA      bool      // blocks of A are copied
	depth      int       // k in the longest run
	rows       []int     // the table of a whole block's rows
	aStep      int       // bytes from k to k+1 in A
	blockRows  int       // rows of C in one part
	blocks     int       // blocks of rows
	group      int       // strips in one part
	groups     int       // groups of strips
	chunk      int       // k in one chunk, a multiple of blockK unless it is all of K
	chunks     int       // chunks of K
	partial    []float32 // [chunks−1, M, N]: products of all chunks but the first
	packing    bool      // the parts are strips of B to be packed
}

// MatMul computes a matrix product: see kernels.Device.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	if s.M == 0 || s.N == 0 || s.K == 0 {
		d.Device.MatMul(c, a, b, bias, s)
		return
	}
	s.Check(c, a, b, bias)
	d.matmul(kernels.Floats(c), kernels.Floats(a), kernels.Floats(b), kernels.Floats(bias), s)
}

func (d *Device) matmul(c, a, b, bias []float32, s kernels.MatMulSpec) {
	t := &d.product
	t.d, t.s, t.c, t.a, t.bias = d, s, c, a, bias
	t.b.set(&d.set.tiles, b, s.N, s.K, s.TransB, s.M, &d.panels)
	t.plan()
	if t.b.panels != nil {
		t.packing = true
		d.runIfLarge(s.N*s.K*16, t.b.packParts(), t)
		t.packing = false
	}
	d.runIfLarge(s.M*s.N*s.K, t.blocks*t.groups*t.chunks, t)
	if t.chunks > 1 {
		t.sumChunks()
	}
	t.c, t.a, t.b.b, t.bias = nil, nil, nil, nil // the caller's; they may be freed
}

// runIfLarge shares n parts among the workers if they are work enough together,
// and else does them at once. work is in multiply-adds.
func (d *Device) runIfLarge(work, n int, t task) {
	if work > partWork/8 {
		d.pool.run(n, t)
		return
	}
	for i := range n {
		t.part(0, i)
	}
}

// plan decides how the product is cut.
func (t *matmulTask) plan() {
	s, tiles, strips := t.s, &t.d.set.tiles, t.b.count()
	t.chunk = s.K
	if s.M*s.N <= 1<<16 && s.K >= 4*chunkK {
		t.chunk = max(chunkK, (s.K/maxChunks+blockK-1)/blockK*blockK)
	}
	t.chunks = (s.K + t.chunk - 1) / t.chunk
	if t.chunks > 1 {
		t.partial = grow(&t.d.partial, (t.chunks-1)*s.M*s.N)
	}

	t.depth = min(s.K, blockK)
	t.cut()

	// A is copied where its columns would be walked many times, and where its rows
	// push each other out of the cache, being a multiple of 2 KB apart.
	stride := s.K
	if s.TransA {
		stride = s.M
	}
	t.copyA = s.TransA && t.group >= 4 || stride%512 == 0 && strips > 1
	copied := 0
	if t.copyA {
		copied = (t.blockRows + tileRows) * 8 / 6 * (t.depth + copyGap)
	}
	t.d.reserve(t.blockRows, copied, 0, 0, 0)
	t.rows = t.rows[:0]
	for i := range t.blockRows {
		tile, within := i/tiles.height, i%tiles.height
		switch {
		case t.copyA && s.TransA: // tile by tile, [depth][8]
			t.aStep = 4 * 8
			t.rows = append(t.rows, 4*(tile*8*t.depth+within))
		case t.copyA: // row by row
			t.aStep = 4
			t.rows = append(t.rows, 4*i*(t.depth+copyGap))
		case s.TransA:
			t.aStep = 4 * stride
			t.rows = append(t.rows, 4*i)
		default:
			t.aStep = 4
			t.rows = append(t.rows, 4*i*stride)
		}
	}
}

// cut decides into how many blocks of rows by groups of strips C is cut: as many
// parts as keep all workers busy to the end, unless they would get too small. A
// block's piece of A has to fit into half of the second cache. What is left to
// choose is the shape of a part: each block reads all of B, and each group
// copies all of A, which costs about three times as much a float.
func (t *matmulTask) cut() {
	s, strips := t.s, t.b.count()
	parts := max(1, min(s.M*s.N*s.K/partWork, max(16, 4*t.d.pool.workers)))
	most := max(tileRows, t.d.cacheL2/8/t.depth/tileRows*tileRows)
	cheapest := math.MaxInt
	least := (s.M + most - 1) / most
	for blocks := least; blocks <= max(least, parts); blocks++ {
		rows := ((s.M+blocks-1)/blocks + tileRows - 1) / tileRows * tileRows
		groups := min(strips, (parts+blocks*t.chunks-1)/(blocks*t.chunks))
		if cost := blocks*s.N + 3*groups*s.M; cost < cheapest {
			cheapest = cost
			t.blockRows = rows
			t.group = (strips + groups - 1) / groups
		}
	}
	t.blocks = (s.M + t.blockRows - 1) / t.blockRows
	t.groups = (strips + t.group - 1) / t.group
}

// tileRows is a number of rows that makes whole tiles, be they 8 or 6 rows high.
const tileRows = 24

// copyGap is the gap between rows in a copied block of A, in floats, lest rows
// fall on the same lines of the cache.
const copyGap = 16

const (
	// chunkK is the least number of k that a chunk of a tall product has.
	chunkK = 4 * blockK
	// maxChunks is the most chunks that a tall product is cut into.
	maxChunks = 16
)

// part packs strip i of B, or computes part i of C: the column group comes
// first, then the chunk of K, and blocks of rows follow each other.
func (t *matmulTask) part(worker, i int) {
	if t.packing {
		t.b.pack(i)
		return
	}
	block, rest := i%t.blocks, i/t.blocks
	chunk, group := rest%t.chunks, rest/t.chunks
	w, s := &t.d.workspaces[worker], t.s

	i0 := block * t.blockRows
	m := min(t.blockRows, s.M-i0)
	rows := w.table(t.rows, m, t.d.set.tiles.height)
	c, bias := t.c, t.bias
	if chunk > 0 {
		c = t.partial[(chunk-1)*s.M*s.N:]
	}
	first := group * t.group
	last := min(first+t.group, t.b.count())
	k0, end := chunk*t.chunk, min(s.K, (chunk+1)*t.chunk)
	for k := k0; k < end; k += blockK {
		depth := min(blockK, end-k)
		a := t.block(w, i0, m, k, depth)
		for n := first; n < last; n++ {
			j, width := t.b.strip(n)
			p := &w.strip
			p.rows, p.a, p.aStep, p.aJump, p.length, p.segments = rows, a, t.aStep, 0, depth, 1
			p.b, p.bStep = t.b.at(n, k)
			p.c, p.cStep, p.m = address(c[i0*s.N+j:]), 4*s.N, m
			p.add = k > k0 || chunk == 0 && s.Mode == kernels.Accumulate
			p.bias, p.relu = 0, false
			if k+depth == s.K && t.chunks == 1 {
				p.relu = s.ReLU
				if bias != nil {
					p.bias = address(bias[j:])
				}
			}
			t.d.set.tiles.run(p, width)
		}
	}
}

// block gives the address of the piece of A with m rows from i0 and depth k from
// k0, having copied it if t says so.
func (t *matmulTask) block(w *workspace, i0, m, k0, depth int) uintptr {
	s, tiles := t.s, &t.d.set.tiles
	height := tiles.height
	switch {
	case !t.copyA && s.TransA:
		return address(t.a[k0*s.M+i0:])
	case !t.copyA:
		return address(t.a[i0*s.K+k0:])
	case s.TransA:
		packed := grow(&w.a, (m+height-1)/height*8*t.depth)
		for i := 0; i < m; i += height {
			tile, from := packed[i*t.depth/height*8:], t.a[k0*s.M+i0+i:]
			if s.M-i0-i >= 8 { // a whole register can be read
				tiles.copy8(&tile[0], &from[0], 4*s.M, depth)
				continue
			}
			for k := range depth {
				copy(tile[8*k:8*k+m-i], from[k*s.M:])
			}
		}
		return address(packed)
	default:
		stride := t.depth + copyGap
		packed := grow(&w.a, m*stride)
		for i := range m {
			copy(packed[i*stride:i*stride+depth], t.a[(i0+i)*s.K+k0:])
		}
		return address(packed)
	}
}

// sumChunks adds the chunks' products to C in their order, then the bias, then
// applies ReLU.
func (t *matmulTask) sumChunks() {
	s, vector := t.s, &t.d.set.vector
	for chunk := range t.chunks - 1 {
		vector.add_scaled_f32(t.c, t.partial[chunk*len(t.c):][:len(t.c)], 1)
	}
	if t.bias != nil {
		for i := range s.M {
			vector.add_scaled_f32(t.c[i*s.N:(i+1)*s.N], t.bias, 1)
		}
	}
	if s.ReLU {
		vector.relu_fwd_f32(t.c, t.c)
	}
}
