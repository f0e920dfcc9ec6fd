package reference

import (
	"runtime"
	"sync"
	"sync/atomic"

	"baregrad/kernels"
)

// Matrix products, convolutions and max pooling, nine tenths of a training step, run
// on all cores: on machines for which there is no assembly they decide how long it takes.
// A call is cut into ranges of rows, images or weights. Each element of the result
// is computed by one goroutine, in the same order wherever the cuts are, so the
// bits do not depend on the number of cores.

// operands are what the call in progress works on. They are kept in the Device,
// where all goroutines find them: handing them over in closures would allocate
// memory in each call.
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

// scratch is memory for what a goroutine is working out.
type scratch struct {
	sums  []float64 // sums in progress
	sumsB []float64 // other sums in progress at the same time
	row   []float32 // an operand's numbers in the order they are needed
}

// sizes says how much of its scratch a part needs. All goroutines' are allocated when
// a size is met for the first time: which of them will do something is not known.
type sizes struct{ sums, sumsB, row int }

func (s *scratch) resize(need sizes) {
	resize(&s.sums, need.sums)
	resize(&s.sumsB, need.sumsB)
	resize(&s.row, need.row)
}

// A part does items from to to−1 of a call.
type part func(call *operands, own *scratch, from, to int)

// worker is one goroutine's share in calls.
type worker struct {
	scratch
	run func()
}

// sharing is what the goroutines of a call have in common.
type sharing struct {
	part    part
	busy    atomic.Bool  // a call is in progress
	n, step int          // items, and how many are taken at a time
	next    atomic.Int64 // the first that is not taken
	wait    sync.WaitGroup
}

// leastShared is the number of multiply-adds or comparisons, some 50 µs, from which
// on a call is shared. Starting the goroutines takes a few µs.
const leastShared = 1 << 17

// newWorkers returns a worker for each core but the one that the caller runs on.
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
// comparisons of one.
func (d *Device) share(p part, n, work int, need sizes) {
	if !d.sharing.busy.CompareAndSwap(false, true) {
		panic(&kernels.BusyError{})
	}
	defer func() {
		d.call = operands{} // or it would keep memory that is freed
		d.sharing.busy.Store(false)
	}()
	d.scratch.resize(need)
	if len(d.workers) == 0 || n < 2 || work < leastShared/n {
		p(&d.call, &d.scratch, 0, n)
		return
	}
	s := &d.sharing
	s.part, s.n = p, n
	s.step = max(1, n/(4*(len(d.workers)+1))) // 4 turns: some cores may be slower
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

// take does what nobody has taken yet, until nothing is left.
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
