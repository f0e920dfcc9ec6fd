package avx

import (
	"runtime"
	"sync"
	"sync/atomic"

	"baregrad/kernels"
)

// task is work in numbered parts, each of which may run at any time on any worker. So parts must not
// depend on each other, and what a part computes must not depend on the worker. Because the work is
// also split by sizes alone, the results have the same bits for any number of workers.
//
// Use pointers to structs that live as long as the device: passing one to run allocates nothing.
type task interface {
	// part does part i. worker, in [0, workers), is the calling worker; it selects the scratch
	// memory.
	part(worker, i int)
}

// pool runs tasks on several goroutines. The goroutine that calls run is worker 0; the others sleep
// after a while without work.
//
// Each worker owns a run of neighbouring parts, and takes parts of other workers when its own are
// done. So the same part of the next task finds its data in the same core's cache; fetching it from
// another core's cache can take longer than the work itself.
type pool struct {
	workers int
	queues  []queue // one for each worker
	counts  []count // for each worker but 0: how many parts it has finished
	_       line

	// Used by worker 0 alone.
	busy   atomic.Bool // a task is running
	others uint64      // parts of all tasks so far that other workers did
	_      line

	mu       sync.Mutex   // only for sleeping and waking
	wake     sync.Cond    // a task was posted, or the pool was closed
	done     sync.Cond    // a worker has finished its last part
	sleepers atomic.Int32 // workers that wait for wake
	waiting  atomic.Bool  // worker 0 waits for done
	closed   bool
}

// queue is one worker's own parts. It fills one cache line, so a worker that has loaded it has all
// that it needs to begin.
type queue struct {
	// ticket holds the number of tasks so far (upper 32 bits) and how many of the worker's parts of
	// the current one nobody has begun (lower 32 bits). Whoever decrements it does that part; task
	// and end don't change until the part is finished.
	ticket atomic.Uint64
	task   task
	end    int // after the worker's last part
	_      [32]byte
}

// count is how many parts of all tasks a worker has finished so far. Only that worker writes it: two
// workers that counted in one place would wait for its cache line.
type count struct {
	finished atomic.Uint64
	_        [56]byte
}

// line is padding: it keeps what one core writes out of the cache line that another reads.
type line [64]byte

// number is the number of the last task posted.
func (q *queue) number() uint64 { return q.ticket.Load() >> 32 }

const (
	// spins is how often an idle worker looks for the next task, and the caller for the end of this
	// one, before it sleeps: about 100 µs. Waking a sleeping worker was measured to take 10 to 50 µs;
	// the calls of a training step follow each other faster than that.
	spins = 2048
	// yields is the number of looks after which other goroutines get a turn.
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

// run does parts 0 to n−1 of t and returns when all are finished. A single part stays on the calling
// goroutine, so tasks too small to share are posted as one part. It panics with a *kernels.BusyError
// if another goroutine's task is running.
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
		p.mu.Lock() // so the signal can't fall between a worker's look and its sleep
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

// begin is the first of a worker's own parts, of n. Worker 0, which is awake, has at least one.
func (p *pool) begin(worker, n int) int { return (worker*n + p.workers - 1) / p.workers }

// finished tells whether the other workers have finished all the parts left to them.
func (p *pool) finished() bool {
	var n uint64
	for w := range p.counts {
		n += p.counts[w].finished.Load()
	}
	return n == p.others
}

// look passes the time before the i-th look.
func look(i int) {
	if i%yields == 0 {
		runtime.Gosched()
		return
	}
	pause()
}

// help does parts of the current task until none is left to begin: first the worker's own, then the
// next worker's, and so on. It returns how many it did. For workers other than 0 it has counted them
// by then, once for each queue.
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
			p.mu.Lock() // so the signal can't fall between run's look and its sleep
			p.done.Signal()
			p.mu.Unlock()
		}
	}
	return done
}

// serve is the loop of a worker other than 0.
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
