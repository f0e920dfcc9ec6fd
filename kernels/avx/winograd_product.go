package avx

// planeProduct is the argument of the kernels that multiply Winograd's planes: for each plane,
// C[rows,n] = A[rows,depth]·B[depth,n], or C += …, each element a chain in the order of k.
//
// While they compute, the memory would be idle. So they prefetch, the same number of bytes with each
// k: first the memory that the results of these products will go to, then the pixels of the next
// products. Evenly, because several lines at once delay the loads of operands.
//
// Steps and the width are in bytes; see strip for why addresses are uintptr.
type planeProduct struct {
	a                   uintptr
	aRow, aStep, aPlane int // from row to row, from k to k+1, from plane to plane
	b                   uintptr
	bStep, bPlane       int // from k to k+1, from plane to plane
	c                   uintptr
	cStep, cPlane       int // from row to row, from plane to plane
	rows                int // rows past these, up to whole tiles, are read and written too
	width               int // 4·n; n is a multiple of 8
	depth               int
	planes              int
	add                 bool
	fetch, fetchEnd     uintptr // what to prefetch: first this,
	fetch2, fetchEnd2   uintptr // then this
	fetchStep           int     // bytes for each k
	left                int     // the kernel's own: rows left
}

// lineBytes is the size of a cache line.
const lineBytes = 64

// run computes p and prefetches everything that it names. It changes p.
func (k *planeKernels) run(p *planeProduct) {
	tiles := p.planes * ((p.rows + k.height - 1) / k.height) * ((p.width/4 + k.columns - 1) / k.columns)
	steps, bytes := tiles*p.depth, int(p.fetchEnd-p.fetch+p.fetchEnd2-p.fetch2)
	p.fetchStep = min((bytes+steps-1)/steps, lineBytes)
	k.winograd_product_f32(p)
}
