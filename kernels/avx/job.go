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
	y, a, b, c []float32 // an output and inputs, or what an optimizer updates
	mean       []float32 // RMSprop's other two
	moment     []float32
	rmsprop    kernels.RMSpropSpec
	arg        []int32    // indices: labels, maxima or a batch's rows
	bytes      []uint8    // images
	kept       []uint32   // dropout: a bit for each element
	sums       []float64  // scratch: a row of sums for each part
	scalar     [5]float32 // in the order of the kernel's parameters
	factor     float64
	mode       kernels.Mode

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

// partElements is how many elements one part has: as many as take longer than
// it takes to wake a worker, and as stay in its second-level cache.
const partElements = 1 << 15

// part does part i of the job.
func (j *job) part(_, i int) { j.do(j, i*j.size, min((i+1)*j.size, j.n)) }

// parts is how many parts n rows of the given number of elements are cut into,
// and size how many rows each of them has.
func parts(n, elements int) (count, size int) {
	size = max(1, partElements/max(1, elements))
	return (n + size - 1) / size, size
}

// share does the job for n rows of the given number of elements, in parts of
// about partElements. do must not capture variables: what it needs is in j.
func (d *Device) share(j job, n, elements int, do func(j *job, from, to int)) {
	count, size := parts(n, elements)
	j.k, j.do, j.n, j.size = &d.set.vector, do, n, size
	d.job = j
	d.pool.run(count, &d.job)
	d.job = job{} // so that no memory is held that the caller frees
}
