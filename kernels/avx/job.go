package avx

import "baregrad/kernels"

// job is the operands of one call and the function to run on each part of them. The device keeps one
// for its lifetime, so passing it to the pool allocates nothing. It is split by sizes alone: see
// pool.
type job struct {
	do      func(j *job, from, to int) // processes elements or rows [from, to)
	n, size int                        // elements or rows in all, and in one part
	k       *vectorKernels

	// Operands. An operation uses those that it needs.
	y, a, b, c []float32 // an output and inputs
	step       *optimizerStep
	arg        []int32    // indices: labels, maxima or a batch's rows
	bytes      []uint8    // images
	following  []int32    // indices after those in arg
	kept       []uint32   // dropout: a bit for each element
	sums       []float64  // scratch: a row of sums for each part
	scalar     [5]float32 // in the order of the kernel's parameters
	factor     float64
	mode       kernels.Mode
	relu       bool

	// Shapes.
	cols   int // of a matrix processed row by row
	grid   grid
	axes   axes
	reduce kernels.ReduceSpec
	gather kernels.GatherSpec
	border *kernels.ConvSpec
	norm   layerNorm
	philox philox

	// The kernel, if several operations share their Go code.
	unary       func(y, x []float32)
	gradient    func(dx, dy, y []float32, m kernels.Mode)
	binary      binaryKernel
	rowSum      func(x, t []float32) float32
	rowGradient func(dx, x, t []float32, scale float32, m kernels.Mode)
}

const (
	// partElements is the most elements in one part: as many as stay in a worker's L2 cache.
	partElements = 1 << 15
	// leastElements is the least: 1 to 3 µs of work, for a worker that is awake.
	leastElements = 1 << 13
	// fewParts is the least number of parts of a call whose parts are larger than leastElements, so
	// that no worker is idle for long while another does the last part.
	fewParts = 16
	// rowCost is the cost of one kernel call for a row, in elements.
	rowCost = 64
)

// part does part i of the job.
func (j *job) part(_, i int) { j.do(j, i*j.size, min((i+1)*j.size, j.n)) }

// parts returns how many parts n rows of the given number of elements are split into, and how many
// rows each has.
func parts(n, elements int) (count, size int) {
	elements = max(1, elements)
	if 0 < n && n*elements <= leastElements {
		return 1, n
	}
	part := min(max(n*elements/fewParts, leastElements), partElements)
	count = max(1, (n*elements+part-1)/part)
	switch { // the same number for each worker
	case count > 8:
		count = (count + 7) &^ 7
	case count > 2:
		count = (count + 1) &^ 1
	}
	size = max(1, (n+count-1)/count)
	if elements < 32 {
		size = (size + 31) &^ 31 // whole words of a bit mask, and whole cache lines
	}
	return (n + size - 1) / size, size
}

// share runs do on n rows of the given number of elements, or of work that takes as long as copying
// that many. do must not capture variables: everything it needs is in j.
func (d *Device) share(j *job, n, elements int, do func(j *job, from, to int)) {
	count, size := parts(n, elements)
	d.job = *j
	d.job.k, d.job.do, d.job.n, d.job.size = &d.set.vector, do, n, size
	d.pool.run(count, &d.job)
	d.job = job{} // don't keep references to memory that the caller frees
}
