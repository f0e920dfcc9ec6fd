package avx

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// task is work in numbered parts, each of which may run at any time on any
// worker: so no part may depend on another, and what a part computes must not
// depend on the worker. That, and splitting by sizes alone, makes the results'
// bits the same whatever the number of workers.
//
// Pointers to structs that live as long as the device fit best: handing one to
// run allocates nothing.
type task interface {
	// part does part i. worker, in [0, workers), is the caller's own: scratch
	// memory is chosen by it.
	part(worker, i int)
}

// pool runs tasks on several goroutines. The goroutine that calls run is worker
// 0; the others sleep while there is nothing to do.
type pool struct {
	workers int

	mu   sync.Mutex
	wake sync.Cond // a task was posted, or the pool was closed
	done sync.Cond // the last part is finished

	// Guarded by mu; parts and unfinished are read without it while spinning.
	task       task
	next, n    int          // parts from next to n have not begun
	unfinished atomic.Int32 // parts that have not ended
	posted     atomic.Uint32
	closed     bool
}

// spins is how often an idle worker looks for the next task, and the caller for
// the end of this one, before it sleeps: some 10 µs, which is what waking costs.
const spins = 300

func newPool(workers int) *pool {
	p := &pool{workers: workers}
	p.wake.L, p.done.L = &p.mu, &p.mu
	for w := 1; w < workers; w++ {
		go p.serve(w)
	}
	return p
}

// run does parts 0 to n−1 of t and returns when all are finished. A single part
// stays on the calling goroutine: tasks too small to share are posted as one.
func (p *pool) run(n int, t task) {
	if n <= 1 || p.workers == 1 {
		for i := range n {
			t.part(0, i)
		}
		return
	}
	p.mu.Lock()
	p.task, p.next, p.n = t, 0, n
	p.unfinished.Store(int32(n))
	p.posted.Add(1)
	p.mu.Unlock()
	p.wake.Broadcast()

	p.help(0)
	for i := 0; i < spins && p.unfinished.Load() > 0; i++ {
		pause()
	}
	if p.unfinished.Load() > 0 {
		p.mu.Lock()
		for p.unfinished.Load() > 0 {
			p.done.Wait()
		}
		p.mu.Unlock()
	}
}

// help does parts of the current task until none is left to begin.
func (p *pool) help(worker int) {
	for {
		p.mu.Lock()
		i, t := p.next, p.task
		if i == p.n {
			p.mu.Unlock()
			return
		}
		p.next++
		p.mu.Unlock()
		t.part(worker, i)
		if p.unfinished.Add(-1) == 0 && worker != 0 {
			p.mu.Lock() // so that the signal can't fall between run's look and its sleep
			p.done.Signal()
			p.mu.Unlock()
		}
	}
}

// serve is the life of a worker other than the caller.
func (p *pool) serve(worker int) {
	var seen uint32
	for {
		for i := 0; i < spins && p.posted.Load() == seen; i++ {
			pause()
		}
		p.mu.Lock()
		for p.posted.Load() == seen && !p.closed {
			p.wake.Wait()
		}
		closed := p.closed
		seen = p.posted.Load()
		p.mu.Unlock()
		if closed {
			return
		}
		p.help(worker)
		runtime.Gosched() // the caller may be waiting for a processor
	}
}

// close ends the workers.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake.Broadcast()
}
