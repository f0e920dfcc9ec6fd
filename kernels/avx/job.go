package avx

import "baregrad/kernels"

// job is one call's operands, and what is done with each part of them. The
// device keeps one for its lifetime, so that handing it to the pool allocates
// nothing. It is cut by sizes alone: see pool.
type job struct {
	do      func(j *job, from, to int) // for the elements or rows from (included) to (excluded)
	n, size int                        // elements or rows in all, and in one part
	k       *vectorKernels

	// Operands. An operation uses those that it needs.
	y, a, b, c []float32 // an output and inputs
	step       *optimizerStep
	arg        []int32    // indices: labels, maxima or a batch's rows
	bytes      []uint8    // images
	following  []int32    // indices behind those in arg
	kept       []uint32   // dropout: a bit for each element
	sums       []float64  // scratch: a row of sums for each part
	scalar     [5]float32 // in the order of the kernel's parameters
	factor     float64
	mode       kernels.Mode
	relu       bool

	// Shapes.
	cols   int // of a matrix that is worked on row by row
	grid   grid
	axes   axes
	reduce kernels.ReduceSpec
	gather kernels.GatherSpec
	philox philox

	// The kernel, where several operations share their Go code.
	unary       func(y, x []float32)
	gradient    func(dx, dy, y []float32, m kernels.Mode)
	binary      binaryKernel
	rowSum      func(x, t []float32) float32
	rowGradient func(dx, x, t []float32, scale float32, m kernels.Mode)
}

const (
	// partElements is the most elements that one part has: as many as stay in a
	// worker's second-level cache.
	partElements = 1 << 15
	// leastElements is the least: 1 to 3 µs of work, to a worker that is awake.
	leastElements = 1 << 13
	// fewParts is into how many parts at least a call is cut whose parts are larger than
	// the least, lest a worker has nothing to do while another does the last one.
	fewParts = 16
	// rowCost is what a call of a kernel for a row costs, in elements.
	rowCost = 64
)

// part does part i of the job.
func (j *job) part(_, i int) { j.do(j, i*j.size, min((i+1)*j.size, j.n)) }

// parts is how many parts n rows of the given number of elements are cut into,
// and size how many rows each of them has.
func parts(n, elements int) (count, size int) {
	elements = max(1, elements)
	part := min(max(n*elements/fewParts, leastElements), partElements)
	count = max(1, (n*elements+part-1)/part)
	switch { // as many for each worker
	case count > 8:
		count = (count + 7) &^ 7
	case count > 2:
		count = (count + 1) &^ 1
	}
	size = max(1, (n+count-1)/count)
	if elements < 32 {
		size = (size + 31) &^ 31 // whole words of a mask of bits, and lines of the cache
	}
	return (n + size - 1) / size, size
}

// share does the job for n rows of the given number of elements, or of work that takes
// as long as copying so many does. do must not capture variables: what it needs is in j.
func (d *Device) share(j *job, n, elements int, do func(j *job, from, to int)) {
	count, size := parts(n, elements)
	d.job = *j
	d.job.k, d.job.do, d.job.n, d.job.size = &d.set.vector, do, n, size
	d.pool.run(count, &d.job)
	d.job = job{} // so that no memory is held that the caller frees
}
