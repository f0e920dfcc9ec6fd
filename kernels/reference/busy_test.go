package reference

import (
	"runtime"
	"testing"

	"baregrad/kernels"
)

// A second goroutine gets a *BusyError, and the first is not affected.
func TestTwoGoroutines(t *testing.T) {
	d := New()
	begun, letGo, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		d.share(func(*operands, *scratch, int, int) {
			close(begun)
			<-letGo
		}, 1, 1, sizes{})
		close(ended)
	}()
	<-begun
	func() {
		defer func() {
			if _, ok := recover().(*kernels.BusyError); !ok {
				t.Error("a second goroutine was not refused")
			}
		}()
		d.share(func(*operands, *scratch, int, int) {}, 1, 1, sizes{})
	}()
	close(letGo)
	<-ended
	d.share(func(*operands, *scratch, int, int) {}, 1, 1, sizes{})
}

// Every goroutine that may do a part of a call has its scratch before the parts begin: which of them
// get to run differs from call to call, and a later call must not allocate.
func TestScratchOfAllWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	d := New()
	d.share(func(*operands, *scratch, int, int) {}, 2, leastShared, sizes{sums: 5, sumsB: 6, row: 7})
	for i, s := range []*scratch{&d.scratch, &d.workers[0].scratch, &d.workers[1].scratch} {
		if len(s.sums) < 5 || len(s.sumsB) < 6 || len(s.row) < 7 {
			t.Errorf("goroutine %d has %d, %d and %d elements of scratch, want 5, 6 and 7", i, len(s.sums), len(s.sumsB), len(s.row))
		}
	}
}

// Close leaves nothing of what the device computed with.
func TestCloseGivesScratchBack(t *testing.T) {
	d := New()
	d.share(func(*operands, *scratch, int, int) {}, 1, 1, sizes{sums: 5})
	if d.Close(); d.sums != nil || d.workers != nil {
		t.Errorf("a closed device holds %d sums and %d workers", len(d.sums), len(d.workers))
	}
}
