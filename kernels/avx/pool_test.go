package avx

import (
	"sync/atomic"
	"testing"
	"time"

	"baregrad/kernels"
)

// countTask counts how often each part is done.
type countTask struct {
	counts  []atomic.Int32
	workers int
	bad     atomic.Int32 // a worker's index was out of range
	nap     time.Duration
}

func (c *countTask) part(worker, i int) {
	if worker < 0 || worker >= c.workers {
		c.bad.Add(1)
	}
	time.Sleep(c.nap)
	c.counts[i].Add(1)
}

func TestPoolDoesEachPartOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		p := newPool(workers)
		for round := range 200 {
			for _, n := range []int{0, 1, 2, 7, 64} {
				c := &countTask{counts: make([]atomic.Int32, n), workers: workers}
				p.run(n, c)
				for i := range c.counts {
					if got := c.counts[i].Load(); got != 1 {
						t.Fatalf("%d workers, round %d: part %d of %d was done %d times", workers, round, i, n, got)
					}
				}
				if c.bad.Load() > 0 {
					t.Fatalf("%d workers: a worker's number is out of range", workers)
				}
			}
			if round%50 == 0 {
				time.Sleep(time.Millisecond) // let the workers fall asleep
			}
		}
		p.close()
	}
}

func TestPoolWaitsForSlowParts(t *testing.T) {
	p := newPool(4)
	defer p.close()
	c := &countTask{counts: make([]atomic.Int32, 9), workers: 4, nap: 2 * time.Millisecond}
	for round := range 5 {
		p.run(len(c.counts), c)
		for i := range c.counts {
			if got := c.counts[i].Load(); int(got) != round+1 {
				t.Fatalf("round %d: part %d was done %d times when run returned", round, i, got)
			}
		}
	}
}

// holdTask does not end until it is released.
type holdTask struct{ begun, letGo chan struct{} }

func (h *holdTask) part(_, i int) {
	if i == 0 {
		close(h.begun)
	}
	<-h.letGo
}

// A second goroutine gets an error that the device is in use, and the first continues.
func TestPoolOfTwoGoroutines(t *testing.T) {
	p := newPool(2)
	defer p.close()
	h := &holdTask{make(chan struct{}), make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		p.run(4, h)
		close(ended)
	}()
	<-h.begun
	c := &countTask{counts: make([]atomic.Int32, 8), workers: 2}
	func() {
		defer func() {
			if _, ok := recover().(*kernels.BusyError); !ok {
				t.Error("a second goroutine was not refused")
			}
		}()
		p.run(8, c)
	}()
	close(h.letGo)
	<-ended
	p.run(8, c)
	for i := range c.counts {
		if n := c.counts[i].Load(); n != 1 {
			t.Errorf("part %d was done %d times", i, n)
		}
	}
}

func TestPoolAllocatesNothing(t *testing.T) {
	p := newPool(2)
	defer p.close()
	c := &countTask{counts: make([]atomic.Int32, 16), workers: 2}
	if n := testing.AllocsPerRun(100, func() { p.run(16, c) }); n != 0 {
		t.Errorf("run allocates %v times", n)
	}
}

func BenchmarkPoolRun(b *testing.B) {
	p := newPool(2)
	defer p.close()
	c := &countTask{counts: make([]atomic.Int32, 2), workers: 2}
	b.ReportAllocs()
	for b.Loop() {
		p.run(2, c)
	}
}
