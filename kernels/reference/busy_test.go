package reference

import (
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
