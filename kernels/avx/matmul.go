package avx

import (
	"unsafe"

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
	blockK = 384
	// partWork is about how many multiply-adds make a part worth handing to
	// another worker: 10 to 20 µs.
	partWork = 1 << 20
)

// matmulTask is one product on its way through the workers.
type matmulTask struct {
	d          *Device
	s          kernels.MatMulSpec
	c, a, b    []float32
	bias       []float32
	strips     []int     // first column of each strip, and N
	panels     []float32 // B packed; nil where it is read in place
	copyA      bool      // blocks of A are copied
	rows       []int     // the table of a whole block's rows
	aStep      int       // bytes from k to k+1 in A
	blockRows  int       // rows of C in one part
	blocks     int       // blocks of rows
	groupSize  int       // strips in one part
	chunk      int       // k in one chunk, a multiple of blockK unless it is all of K
	partial    []float32 // [chunks−1, M, N]: products of all chunks but the first
	packing    bool      // the parts are strips of B to be packed
	rowsMemory []int
}

// workspace is one worker's own memory.
type workspace struct {
	strip strip
	rows  []int
	a     []float32
	image []float32
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
	t.d, t.s, t.c, t.a, t.b, t.bias = d, s, c, a, b, bias
	t.plan()
	if t.panels != nil {
		t.packing = true
		if s.N*s.K < partWork/16 {
			for i := range len(t.strips) - 1 {
				t.part(0, i)
			}
		} else {
			d.pool.run(len(t.strips)-1, t)
		}
		t.packing = false
	}
	groups := (len(t.strips) - 2 + t.groupSize) / t.groupSize
	chunks := (s.K + t.chunk - 1) / t.chunk
	d.pool.run(t.blocks*groups*chunks, t)
	if chunks > 1 {
		t.sumChunks(chunks)
	}
	t.c, t.a, t.b, t.bias = nil, nil, nil, nil // the caller's; they may be freed
}

// plan decides how the product is cut.
func (t *matmulTask) plan() {
	s, tiles := t.s, &t.d.set.tiles
	t.strips = t.strips[:0]
	for j := 0; j < s.N; j += tiles.columns(s.N - j) {
		t.strips = append(t.strips, j)
	}
	strips := len(t.strips)
	t.strips = append(t.strips, s.N)

	// B is read in place where its rows are strips already, or where packing it
	// would cost more than it saves.
	whole := tiles.masked || s.N%tiles.lanes == 0
	inPlace := !s.TransB && whole && (strips == 1 || s.M <= 32 || s.N <= 128)
	t.panels = nil
	if !inPlace {
		t.panels = grow(&t.d.panels, s.K*tiles.padded(s.N))
	}

	t.chunk = s.K
	if s.M*s.N <= 1<<16 && s.K >= 4*chunkK {
		t.chunk = max(chunkK, (s.K/maxChunks+blockK-1)/blockK*blockK)
	}
	if chunks := (s.K + t.chunk - 1) / t.chunk; chunks > 1 {
		t.partial = grow(&t.d.partial, (chunks-1)*s.M*s.N)
	}

	// Parts are as many as keep all workers busy to the end, unless they would get
	// too small. Each is a group of strips by a block of rows whose piece of A fits
	// into half of the second cache, in whole tiles of 8 and of 6 rows.
	t.groupSize = min(strips, 10)
	groups := (strips + t.groupSize - 1) / t.groupSize
	chunks := (s.K + t.chunk - 1) / t.chunk
	parts := min(s.M*s.N*s.K/partWork, max(32, 4*t.d.pool.workers))
	blocks := max(1, parts/(groups*chunks))
	t.blockRows = min((s.M+blocks-1)/blocks, t.d.cacheL2/8/min(s.K, blockK))
	t.blockRows = max(24, (t.blockRows+23)/24*24)
	t.blocks = (s.M + t.blockRows - 1) / t.blockRows

	// A is copied where many strips use it, or where its rows would push each
	// other out of the cache, being a multiple of 4 KB apart.
	stride := s.K
	if s.TransA {
		stride = s.M
	}
	t.copyA = min(strips, t.groupSize) >= 4 || stride%1024 == 0 && strips > 1
	step := 4 * stride
	t.aStep = 4
	switch {
	case t.copyA && s.TransA: // tile by tile, [K][height]
		t.aStep = 4 * tiles.height
	case t.copyA: // row by row
		step = 4 * copyStride
	case s.TransA:
		t.aStep, step = step, 4
	}
	if cap(t.rowsMemory) < t.blockRows {
		t.rowsMemory = make([]int, t.blockRows)
	}
	t.rows = t.rowsMemory[:t.blockRows]
	for i := range t.rows {
		t.rows[i] = i * step
		if t.copyA && s.TransA {
			t.rows[i] = (i/tiles.height*blockK*tiles.height + i%tiles.height) * 4
		}
	}
}

// copyStride is the distance of rows in a copied block of A: a little more than
// blockK, lest rows fall on the same lines of the cache.
const copyStride = blockK + 16

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
		t.packStrip(i)
		return
	}
	block, rest := i%t.blocks, i/t.blocks
	chunks := (t.s.K + t.chunk - 1) / t.chunk
	chunk, group := rest%chunks, rest/chunks
	w := &t.d.workspaces[worker]
	s, tiles := t.s, &t.d.set.tiles

	i0 := block * t.blockRows
	m := min(t.blockRows, s.M-i0)
	rows := t.rows
	if m%tiles.height != 0 { // the last tile reads its last row several times
		rows = append(w.rows[:0], rows[:m]...)
		for len(rows)%tiles.height != 0 {
			rows = append(rows, rows[m-1])
		}
		w.rows = rows
	}
	c, mode, bias, relu := t.c, s.Mode, t.bias, s.ReLU
	if chunk > 0 {
		c, mode = t.partial[(chunk-1)*s.M*s.N:], kernels.Overwrite
	}
	if chunks > 1 {
		bias, relu = nil, false
	}
	first := group * t.groupSize
	last := min(first+t.groupSize, len(t.strips)-1)
	end := min(s.K, (chunk+1)*t.chunk)
	for k := chunk * t.chunk; k < end; k += blockK {
		depth := min(blockK, end-k)
		a := t.block(w, i0, m, k, depth)
		for n := first; n < last; n++ {
			j, columns := t.strips[n], t.strips[n+1]-t.strips[n]
			p := &w.strip
			p.rows, p.a, p.aStep, p.aJump, p.length, p.segments = uintptr(unsafe.Pointer(&rows[0])), a, t.aStep, 0, depth, 1
			if t.panels != nil {
				width := tiles.padded(columns)
				p.b, p.bStep = address(t.panels[j*s.K+k*width:]), 4*width
			} else {
				p.b, p.bStep = address(t.b[k*s.N+j:]), 4*s.N
			}
			p.c, p.cStep, p.m = address(c[i0*s.N+j:]), 4*s.N, m
			p.add = k > chunk*t.chunk || mode == kernels.Accumulate
			p.bias, p.relu = 0, false
			if k+depth == end {
				p.relu = relu
				if bias != nil {
					p.bias = address(bias[j:])
				}
			}
			tiles.run(p, columns)
		}
	}
}

// block gives the address of the piece of A with m rows from i0 and depth k from
// k0, having copied it if t says so.
func (t *matmulTask) block(w *workspace, i0, m, k0, depth int) uintptr {
	s, height := t.s, t.d.set.tiles.height
	switch {
	case !t.copyA && s.TransA:
		return address(t.a[k0*s.M+i0:])
	case !t.copyA:
		return address(t.a[i0*s.K+k0:])
	case s.TransA:
		packed := grow(&w.a, (m+height-1)/height*height*blockK)
		for i := 0; i < m; i += height {
			tile := packed[i*blockK:]
			n := min(height, m-i)
			for k := range depth {
				copy(tile[k*height:k*height+n], t.a[(k0+k)*s.M+i0+i:])
			}
		}
		return address(packed)
	default:
		packed := grow(&w.a, m*copyStride)
		for i := range m {
			copy(packed[i*copyStride:i*copyStride+depth], t.a[(i0+i)*s.K+k0:])
		}
		return address(packed)
	}
}

// packStrip writes strip n of op(B) into its panel: row after row, each padded
// with zeros to whole registers.
func (t *matmulTask) packStrip(n int) {
	s := t.s
	j, columns := t.strips[n], t.strips[n+1]-t.strips[n]
	width := t.d.set.tiles.padded(columns)
	panel := t.panels[j*s.K : j*s.K+width*s.K]
	if s.TransB {
		for i := range columns {
			row := t.b[(j+i)*s.K : (j+i+1)*s.K]
			for k, v := range row {
				panel[k*width+i] = v
			}
		}
	} else {
		for k := range s.K {
			copy(panel[k*width:k*width+columns], t.b[k*s.N+j:])
		}
	}
	if columns < width {
		for k := range s.K {
			clear(panel[k*width+columns : (k+1)*width])
		}
	}
}

// sumChunks adds the chunks' products to C in their order, then the bias, then
// applies ReLU.
func (t *matmulTask) sumChunks(chunks int) {
	s := t.s
	for i := range s.M {
		row := t.c[i*s.N : (i+1)*s.N]
		for chunk := range chunks - 1 {
			for j, v := range t.partial[(chunk*s.M+i)*s.N:][:s.N] {
				row[j] += v
			}
		}
		for j, v := range t.bias {
			row[j] += v
		}
		if s.ReLU {
			for j, v := range row {
				if v < 0 {
					row[j] = 0
				}
			}
		}
	}
}

// grow returns n floats of scratch memory, which it enlarges where it must.
// What they hold is left over from before.
func grow(scratch *[]float32, n int) []float32 {
	if cap(*scratch) < n {
		*scratch = kernels.Floats(kernels.NewHost(kernels.Float32, n))
	}
	return (*scratch)[:n]
}
