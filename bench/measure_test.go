package bench

import (
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
)

// A hiccup is a device that something else keeps from computing during one product.
type hiccup struct {
	kernels.Device
	product, at int // the one now, the one that is kept waiting
}

func (h *hiccup) MatMul(dst, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	if h.product == h.at {
		time.Sleep(200 * time.Millisecond)
	}
	h.product++
	h.Device.MatMul(dst, a, b, bias, s)
}

// What is left out as too slow is worked out from the trial's speed: one
// interruption of it must not make all products look slow.
func TestTrialSurvivesAnInterruption(t *testing.T) {
	for at := range 3 {
		d, err := auto.Open("reference")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		slow := (Product{32, 32, 64}).FLOP() / 0.1
		if pace := trial(&hiccup{Device: d, at: at}); !(pace > slow) {
			t.Errorf("interrupted at product %d: %.3g operations a second, want those of the others, more than %.3g", at, pace, slow)
		}
	}
}
