package avx

// planeProduct is the argument of the kernels that multiply Winograd's planes:
// for each plane, C[rows,n] = A[rows,depth]·B[depth,n], or C += …, each element a
// chain in the order of k.
//
// While they calculate, the memory would be idle. So they fetch what is needed
// next, the same part of a line for each k: the places that the results of these
// products will go to, and the pixels of the products after. Evenly, because some
// lines at once keep the processor from fetching its operands.
//
// Steps and the width are in bytes; see strip for why addresses are uintptr.
type planeProduct struct {
	a                   uintptr
	aRow, aStep, aPlane int // from row to row, from k to k+1, from plane to plane
	b                   uintptr
	bStep, bPlane       int // from k to k+1, from plane to plane
	c                   uintptr
	cStep, cPlane       int // from row to row, from plane to plane
	rows                int // what is behind them, up to whole tiles, is read and written too
	width               int // 4·n; n is a multiple of 8
	depth               int
	planes              int
	add                 bool
	fetch, fetchEnd     uintptr // what is fetched: first this
	fetch2, fetchEnd2   uintptr // and then this
	fetchStep           int     // bytes for each k
	left                int     // the kernel's own: rows that are left
}

// lineBytes is the size of a line of the caches.
const lineBytes = 64

// run computes p and fetches all that it names. It uses p up.
func (k *planeKernels) run(p *planeProduct) {
	tiles := p.planes * ((p.rows + k.height - 1) / k.height) * ((p.width/4 + k.columns - 1) / k.columns)
	steps, bytes := tiles*p.depth, int(p.fetchEnd-p.fetch+p.fetchEnd2-p.fetch2)
	p.fetchStep = min((bytes+steps-1)/steps, lineBytes)
	k.winograd_product_f32(p)
}
