package avx

import (
	"runtime"
	"sync"
	"sync/atomic"

	"baregrad/kernels"
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
// 0; the others sleep when there was nothing to do for a while.
//
// Each worker has parts of its own, neighbours of each other, and takes another's
// when it is done with them. The same part of the next task finds in that core's
// cache what this one left there: to fetch it from the other core's can take longer
// than the work itself.
type pool struct {
	workers int
	queues  []queue // one for each worker
	counts  []count // for each but worker 0, how many parts it has finished
	_       line

	// Worker 0's own.
	busy   atomic.Bool // a task is done
	others uint64      // parts of all tasks so far that it has not finished itself
	_      line

	mu       sync.Mutex   // for sleeping and waking alone
	wake     sync.Cond    // a task was posted, or the pool was closed
	done     sync.Cond    // a worker has finished its last part
	sleepers atomic.Int32 // workers that wait for wake
	waiting  atomic.Bool  // worker 0 waits for done
	closed   bool
}

// queue is one worker's own parts, in one line of the cache: when that arrives, the
// worker has all that it needs to begin.
type queue struct {
	// ticket is the number of tasks so far (the upper 32 bits) and those of the worker's
	// parts of the current one that nobody has begun (the lower). Whoever takes one off
	// does the part: until that is finished, task and end stay as they are.
	ticket atomic.Uint64
	task   task
	end    int // behind the last of the worker's parts
	_      [32]byte
}

// count is how many parts a worker has finished so far, of all tasks. It alone writes that: two
// workers that counted in one place would wait for its line of the cache.
type count struct {
	finished atomic.Uint64
	_        [56]byte
}

// line keeps what one core writes out of the line of the cache that another reads.
type line [64]byte

// number is the number of the task that was posted last.
func (q *queue) number() uint64 { return q.ticket.Load() >> 32 }

const (
	// spins is how often an idle worker looks for the next task, and the caller for
	// the end of this one, before it sleeps: some 100 µs. A worker that sleeps was
	// measured to need 10 to 50 µs until it works; the calls of a training step follow
	// each other faster than that.
	spins = 2048
	// yields is after how many looks other goroutines get their turn.
	yields = 256
)

func newPool(workers int) *pool {
	p := &pool{workers: workers, queues: make([]queue, workers), counts: make([]count, workers-1)}
	p.wake.L, p.done.L = &p.mu, &p.mu
	for w := 1; w < workers; w++ {
		go p.serve(w)
	}
	return p
}

// run does parts 0 to n−1 of t and returns when all are finished. A single part
// stays on the calling goroutine: tasks too small to share are posted as one. It panics
// with a *kernels.BusyError if it meets another goroutine's task.
func (p *pool) run(n int, t task) {
	if n <= 1 || p.workers == 1 {
		for i := range n {
			t.part(0, i)
		}
		return
	}
	if !p.busy.CompareAndSwap(false, true) {
		panic(&kernels.BusyError{}) // another goroutine is in run
	}
	number, first := p.queues[0].number()+1, 0
	for w := range p.queues {
		q := &p.queues[w]
		q.task, q.end = t, p.begin(w+1, n)
		q.ticket.Store(number<<32 | uint64(q.end-first))
		first = q.end
	}
	if asleep := int(p.sleepers.Load()); asleep > 0 {
		awake := p.workers - 1 - asleep
		p.mu.Lock() // so that the signal can't fall between a worker's look and its sleep
		for range min(n-1-awake, asleep) {
			p.wake.Signal()
		}
		p.mu.Unlock()
	}

	p.others += uint64(n - p.help(0))
	for i := 1; i < spins && !p.finished(); i++ {
		look(i)
	}
	if !p.finished() {
		p.mu.Lock()
		p.waiting.Store(true)
		for !p.finished() {
			p.done.Wait()
		}
		p.waiting.Store(false)
		p.mu.Unlock()
	}
	p.busy.Store(false)
}

// begin is the first of n parts that are a worker's own. Worker 0, which is awake, has one at least.
func (p *pool) begin(worker, n int) int { return (worker*n + p.workers - 1) / p.workers }

// finished tells whether all parts are that worker 0 has left to others.
func (p *pool) finished() bool {
	var n uint64
	for w := range p.counts {
		n += p.counts[w].finished.Load()
	}
	return n == p.others
}

// look passes the time until the next look, the i-th.
func look(i int) {
	if i%yields == 0 {
		runtime.Gosched()
		return
	}
	pause()
}

// help does parts of the current task until none is left to begin: the worker's
// own, then the next one's, and so on. It says how many it has done, which for workers other
// than 0 have been counted then, once for each queue.
func (p *pool) help(worker int) (done int) {
	for i := range p.workers {
		q, before := &p.queues[(worker+i)%p.workers], done
		for {
			ticket := q.ticket.Load()
			left := int(uint32(ticket))
			if left == 0 {
				break
			}
			if !q.ticket.CompareAndSwap(ticket, ticket-1) {
				continue
			}
			q.task.part(worker, q.end-left)
			done++
			if left == 1 { // no need to look again
				break
			}
		}
		if worker == 0 || done == before {
			continue
		}
		p.counts[worker-1].finished.Add(uint64(done - before))
		if p.waiting.Load() {
			p.mu.Lock() // so that the signal can't fall between run's look and its sleep
			p.done.Signal()
			p.mu.Unlock()
		}
	}
	return done
}

// serve is the life of a worker other than the caller.
func (p *pool) serve(worker int) {
	q := &p.queues[worker]
	var seen uint64 // tasks
	for {
		for i := 1; i < spins && q.number() == seen; i++ {
			look(i)
		}
		if q.number() == seen {
			p.mu.Lock()
			p.sleepers.Add(1)
			for q.number() == seen && !p.closed {
				p.wake.Wait()
			}
			p.sleepers.Add(-1)
			closed := p.closed
			p.mu.Unlock()
			if closed {
				return
			}
		}
		seen = q.number()
		p.help(worker)
	}
}

// close ends the workers.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake.Broadcast()
}
