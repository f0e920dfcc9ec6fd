package avx

import "baregrad/kernels"

// Sampled matrix products: C[M,N] = A[M,K]·B[N,K]ᵀ where gate[M,N] > 0. (The literature
// calls that a sampled dense-dense product, SDDMM.) Here C is the gradient by what a ReLU
// let through, of which most is dropped: the ReLU was closed there. So for each element
// that is open there is one sum,
//
//	C[i,j] = Σ over k of A[i,k]·B[j,k] where gate[i,j] > 0, else 0
//
// over a row of A and a row of B, both of which lie together in memory.
//
// B is taken in blocks of sampledColumns rows, which stay in the first cache while all rows
// of A pass by. A row of A, of sampledDepth floats, is in registers; for each open column
// a register's lanes add up the products with that row of B. To add up the lanes of one
// register would take longer than that; those of as many registers as a register has lanes
// are added up together (see MERGE in the assembly).
//
// Longer rows are taken in chunks, each of which adds to C. Rows that are no whole chunk, or
// of B are more, are copied, with zeros behind.
//
// C may differ from the product that leaves out nothing by rounding: the sums' order is
// another one. It depends on nothing else: which way is taken follows from the sizes and
// from samples of A and the gate.

// sampled is a block of C for a kernel: all rows, and up to sampledColumns columns.
type sampled struct {
	a, b     uintptr // rows of sampledDepth floats
	aStep    int     // bytes from row to row
	bStep    int
	open     uintptr // a word for each row: bit j says whether column j is open
	openStep int
	c        uintptr
	cStep    int
	m        int     // rows
	columns  uint32  // a bit for each column that there is
	add      bool    // C += …, and what is closed stays; else it becomes 0
	sums     uintptr // scratch memory, sampledScratch floats
	// With each row 128 bytes are fetched from each of these: what is needed later. The
	// gate's and C's rows are cStep apart, B's bytes follow each other.
	aheadGate, aheadB, aheadC uintptr
}

// sampledKernels is the table of the kernels for sampled products.
type sampledKernels struct {
	// What a product takes that is one chunk deep, in percent of the one that is whole: with
	// nothing open, and how much more with all open.
	fixed, open        int
	sampled_matmul_f32 func(s *sampled)
	// positive_f32 tells which elements of a matrix are above 0, in bits.
	positive_f32 func(open *uint32, openStep int, x *float32, xStep, columns, rows int)
}

const (
	sampledDepth   = 128 // floats of a row of A in registers
	sampledColumns = 32  // rows of B in the first cache: 16 KB; the bits of a word
	// sampledRows is the most rows of A that stay in the second cache: 256 KB.
	sampledRows = 512
	// sampledPart is the most columns of a part.
	sampledPart = 8 * sampledColumns
	// sampledProducts is how many open elements are enough to add up their lanes.
	sampledProducts = 32
	// sampledScratch is room for them and one row more, in whole groups of 16 registers.
	sampledScratch = (sampledProducts + sampledColumns + 16) * 16
)

// sampledTask is one sampled product on its way through the workers.
type sampledTask struct {
	d             *Device
	s             kernels.MatMulSpec
	c, a, b, gate []float32
	aStep         int // floats from row to row of A, which may be a copy
	chunks        int // of K
	columns       int // of a part
	groups        int // of columns
	blocks        int // of rows
}

// sampledSpace is what a worker needs for it.
type sampledSpace struct {
	block sampled
	open  []uint32
	sums  []float32
	panel []float32 // a copy of rows of B
}

// SampledMatMul computes a matrix product where the gate is open, or all of it where that
// is faster: see kernels.Device.
func (d *Device) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	s.CheckSampled(c, a, b, gate)
	s.ReLU = false
	if !d.samplingPays(kernels.Floats(a), kernels.Floats(gate), s) {
		d.MatMul(c, a, b, nil, s)
		return
	}
	d.sampledMatMul(kernels.Floats(c), kernels.Floats(a), kernels.Floats(b), kernels.Floats(gate), s)
}

// samplingPays decides by samples of the gate, some neighbours each, from places spread
// over all of it, and by whether there are zeros that the product leaves out.
func (d *Device) samplingPays(a, gate []float32, s kernels.MatMulSpec) bool {
	if d.set.sampled.sampled_matmul_f32 == nil || s.TransA || !s.TransB || s.M < 8 || s.N < sampledColumns || s.M*s.N*s.K < leastZeros {
		return false
	}
	const places, neighbours = 32, 8
	k := &d.set.sampled
	depth := (s.K + sampledDepth - 1) / sampledDepth * sampledDepth // that is paid for
	if k.fixed*depth >= 100*s.K {
		return false
	}
	open := 0
	for p := range places {
		i := p * (s.M - 1) / (places - 1)
		j := spread(p, s.N-neighbours)
		for _, v := range gate[i*s.N+j:][:neighbours] {
			if v > 0 {
				open++
			}
		}
	}
	cost := (k.fixed + k.open*open/(places*neighbours)) * depth / s.K
	return cost < min(100, d.costWithoutZeros(a, s))
}

func (d *Device) sampledMatMul(c, a, b, gate []float32, s kernels.MatMulSpec) {
	t := &d.sampling
	t.d, t.s, t.c, t.a, t.b, t.gate, t.aStep = d, s, c, a, b, gate, s.K
	t.chunks = (s.K + sampledDepth - 1) / sampledDepth
	if s.K%sampledDepth != 0 {
		t.aStep = t.chunks * sampledDepth
		t.a = grow(&d.padded, s.M*t.aStep)
		pad(t.a, t.aStep, a, s.K, s.K, s.M)
	}
	t.columns = min(max(s.N/16/sampledColumns, 1)*sampledColumns, sampledPart)
	t.groups = (s.N + t.columns - 1) / t.columns
	t.blocks = (s.M + sampledRows - 1) / sampledRows
	for i := range d.workspaces {
		w := &d.workspaces[i].sampled
		if words := min(s.M, sampledRows) * sampledPart / sampledColumns; cap(w.open) < words {
			w.open = make([]uint32, words)
		}
		grow(&w.sums, sampledScratch)
		grow(&w.panel, sampledColumns*sampledDepth)
	}
	d.pool.run(t.blocks*t.groups, t)
	t.c, t.a, t.b, t.gate = nil, nil, nil, nil
}

// part computes part i of C: groups of columns follow each other, block of rows after block.
func (t *sampledTask) part(worker, i int) {
	w, s, k := &t.d.workspaces[worker].sampled, t.s, &t.d.set.sampled
	const words = sampledPart / sampledColumns
	i0, j0 := i/t.groups*sampledRows, i%t.groups*t.columns
	m, last := min(sampledRows, s.M-i0), min(s.N, j0+t.columns)
	k.positive_f32(&w.open[:cap(w.open)][0], 4*words, &t.gate[i0*s.N+j0], 4*s.N, last-j0, m)
	p := &w.block
	p.m, p.cStep, p.aStep, p.openStep, p.sums = m, 4*s.N, 4*t.aStep, 4*words, address(w.sums)
	for j := j0; j < last; j += sampledColumns {
		n := min(sampledColumns, last-j)
		p.open, p.columns = address(w.open[:cap(w.open)][(j-j0)/sampledColumns:]), uint32(1<<n-1)
		p.c = address(t.c[i0*s.N+j:])
		p.aheadGate = address(t.gate[i0*s.N+j:]) + uintptr(4*t.columns) // the next part's
		p.aheadC = p.c + 4*sampledColumns                               // the next block's
		for chunk := range t.chunks {
			k0 := chunk * sampledDepth
			p.a = address(t.a[i0*t.aStep+k0:])
			p.b, p.bStep = address(t.b[j*s.K:]), 4*s.K
			p.aheadB = p.b + uintptr(n*p.bStep)
			if s.K != sampledDepth {
				pad(w.panel, sampledDepth, t.b[j*s.K+k0:], s.K, min(sampledDepth, s.K-k0), n)
				p.b, p.bStep = address(w.panel), 4*sampledDepth
			}
			p.add = s.Mode == kernels.Accumulate || chunk > 0
			k.sampled_matmul_f32(p)
		}
	}
}

// pad copies n columns of rows of src, and clears what remains of the rows of dst.
func pad(dst []float32, dstStep int, src []float32, srcStep, n, rows int) {
	for i := range rows {
		row := dst[i*dstStep:][:dstStep]
		copy(row, src[i*srcStep:][:n])
		clear(row[n:])
	}
}
