package avx

import "baregrad/kernels"

// Sampled matrix products: C[M,N] = A[M,K]·B[N,K]ᵀ where gate[M,N] > 0. (In the literature: sampled
// dense-dense matrix multiplication, SDDMM.) Here C is the gradient of a ReLU's output, most of which
// the ReLU drops, so there is one sum for each open element only,
//
//	C[i,j] = Σ over k of A[i,k]·B[j,k] where gate[i,j] > 0, else 0
//
// over a row of A and a row of B, both of which are contiguous in memory.
//
// B is processed in blocks of sampledColumns rows, which stay in the L1 cache while all rows of A
// pass by. A row of A, of sampledDepth floats, is in registers; for each open column, the lanes of
// one register add up the products with that row of B. Adding up the lanes of a single register would
// take longer than that, so as many registers as a register has lanes are reduced together (see MERGE
// in the assembly).
//
// Longer rows are processed in chunks, each of which adds to C. If K is not sampledDepth, the rows of
// B are copied to a panel, and if it is not a multiple of it, those of A are copied too, padded with
// zeros.
//
// C may differ by rounding from the product that skips nothing, because the sums have another order.
// It depends on nothing else: the choice follows from the sizes and from samples of A and the gate.

// sampled is a block of C for a kernel: m rows and up to sampledColumns columns.
type sampled struct {
	a, b     uintptr // rows of sampledDepth floats
	aStep    int     // bytes from row to row
	bStep    int
	open     uintptr // one word for each row: bit j says whether column j is open
	openStep int
	c        uintptr
	cStep    int
	m        int     // rows
	columns  uint32  // one bit for each existing column
	add      bool    // C += …, and closed elements stay; otherwise they become 0
	sums     uintptr // scratch memory, sampledScratch floats
	// With each row, 128 bytes are prefetched from each of these. The gate's and C's rows are cStep
	// apart; B's bytes are contiguous.
	aheadGate, aheadB, aheadC uintptr
}

// sampledKernels is the table of the kernels for sampled products.
type sampledKernels struct {
	// Cost of a product one chunk deep, in percent of the full product: with nothing open, and how
	// much more with everything open.
	fixed, open        int
	sampled_matmul_f32 func(s *sampled)
	// positive_f32 tells in bits which elements of a matrix are above 0.
	positive_f32 func(open *uint32, openStep int, x *float32, xStep, columns, rows int)
}

const (
	sampledDepth   = 128 // floats of a row of A in registers
	sampledColumns = 32  // rows of B in the L1 cache: 16 KB; the bits of a word
	// sampledRows is the most rows of A, which stay in the L2 cache: 256 KB.
	sampledRows = 512
	// sampledPart is the most columns in a part.
	sampledPart = 8 * sampledColumns
	// sampledProducts is how many open elements are collected before their lanes are added up.
	sampledProducts = 32
	// sampledScratch is room for these and one row more, in whole groups of 16 registers.
	sampledScratch = (sampledProducts + sampledColumns + 16) * 16
)

// sampledTask is one sampled product being computed by the workers.
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

// sampledSpace is a worker's memory for it.
type sampledSpace struct {
	block sampled
	open  []uint32
	sums  []float32
	panel []float32 // a copy of rows of B
}

// SampledMatMul computes a matrix product where the gate is open, or all of it if that is faster: see
// kernels.Device.
func (d *Device) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	s.CheckSampled(c, a, b, gate)
	s.ReLU = false
	if !d.samplingPays(kernels.Floats(a), kernels.Floats(gate), s) {
		d.MatMul(c, a, b, nil, s)
		return
	}
	d.sampledMatMul(kernels.Floats(c), kernels.Floats(a), kernels.Floats(b), kernels.Floats(gate), s)
}

// samplingPays decides by samples of the gate, a few neighbours each, spread over all of it, and by
// whether the full product could skip zeros.
func (d *Device) samplingPays(a, gate []float32, s kernels.MatMulSpec) bool {
	if d.set.sampled.sampled_matmul_f32 == nil || s.TransA || !s.TransB || s.M < 8 || s.N < sampledColumns || s.M*s.N*s.K < leastZeros {
		return false
	}
	const places, neighbours = 32, 8
	k := &d.set.sampled
	depth := (s.K + sampledDepth - 1) / sampledDepth * sampledDepth // the depth that is computed
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

// part computes part i of C: groups of columns vary fastest, then blocks of rows.
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

// pad copies n columns of each row of src to dst, and clears the rest of dst's rows.
func pad(dst []float32, dstStep int, src []float32, srcStep, n, rows int) {
	for i := range rows {
		row := dst[i*dstStep:][:dstStep]
		copy(row, src[i*srcStep:][:n])
		clear(row[n:])
	}
}
