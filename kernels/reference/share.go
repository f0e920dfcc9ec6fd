package reference

import (
	"runtime"
	"sync"
	"sync/atomic"

	"baregrad/kernels"
)

// Matrix products, convolutions and max pooling take nine tenths of a training step, so
// they run on all cores. On machines without assembly kernels they decide its speed.
// A call is split into ranges of rows, images or weights. One goroutine computes each
// element of the result, in an order that does not depend on the split, so the bits do
// not depend on the number of cores.

// operands are the arguments of the call in progress. They are kept in the Device,
// where all goroutines find them. Passing them in closures would allocate memory in
// each call.
type operands struct {
	y, x, bias []float32
	gate       []float32 // of a sampled product
	arg        []int32
	wide       []float64 // the operand that is used most often, in float64
	sums       []float64 // sums in progress of the whole result
	mode       kernels.Mode
	product    kernels.MatMulSpec
	conv       kernels.ConvSpec
	pool       kernels.PoolSpec
}

// scratch is working memory of one goroutine.
type scratch struct {
	sums  []float64 // sums in progress
	sumsB []float64 // other sums in progress at the same time
	row   []float32 // an operand's numbers in the order in which they are needed
}

// sizes says how much scratch a part needs. It is allocated for all goroutines when a
// size is first used, because it is not known which of them will run.
type sizes struct{ sums, sumsB, row int }

func (s *scratch) resize(need sizes) {
	resize(&s.sums, need.sums)
	resize(&s.sumsB, need.sumsB)
	resize(&s.row, need.row)
}

// A part does items [from, to) of a call.
type part func(call *operands, own *scratch, from, to int)

// worker is one goroutine that shares the work of calls.
type worker struct {
	scratch
	run func()
}

// sharing is the state that the goroutines of a call share.
type sharing struct {
	part    part
	busy    atomic.Bool  // a call is in progress
	n, step int          // the number of items, and how many are taken at a time
	next    atomic.Int64 // the first item that is not taken yet
	wait    sync.WaitGroup
}

// leastShared is the smallest number of multiply-adds or comparisons, about 50 µs of
// work, for which a call is shared. Starting the goroutines takes a few µs.
const leastShared = 1 << 17

// newWorkers returns a worker for each core except the caller's.
func (d *Device) newWorkers() []worker {
	workers := make([]worker, runtime.GOMAXPROCS(0)-1)
	for i := range workers {
		own := &workers[i].scratch
		workers[i].run = func() {
			d.take(own)
			d.sharing.wait.Done()
		}
	}
	return workers
}

// share does p for all items from 0 to n−1. work is the number of multiply-adds or
// comparisons of one item.
func (d *Device) share(p part, n, work int, need sizes) {
	if !d.sharing.busy.CompareAndSwap(false, true) {
		panic(&kernels.BusyError{})
	}
	defer func() {
		d.call = operands{} // otherwise it would keep freed memory alive
		d.sharing.busy.Store(false)
	}()
	d.scratch.resize(need)
	if len(d.workers) == 0 || n < 2 || work < leastShared/n {
		p(&d.call, &d.scratch, 0, n)
		return
	}
	s := &d.sharing
	s.part, s.n = p, n
	s.step = max(1, n/(4*(len(d.workers)+1))) // 4 turns each, as some cores may be slower
	s.next.Store(0)
	s.wait.Add(len(d.workers))
	for i := range d.workers {
		d.workers[i].scratch.resize(need)
	}
	for i := range d.workers {
		go d.workers[i].run()
	}
	d.take(&d.scratch)
	s.wait.Wait()
}

// take does items that nobody has taken yet, until none is left.
func (d *Device) take(own *scratch) {
	s := &d.sharing
	for {
		from := int(s.next.Add(int64(s.step))) - s.step
		if from >= s.n {
			return
		}
		s.part(&d.call, own, from, min(from+s.step, s.n))
	}
}
