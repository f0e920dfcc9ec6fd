package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/avx"
)

// A hiccup is a device that is interrupted during one product.
type hiccup struct {
	kernels.Device
	product, at int // the current product, and the interrupted one
}

func (h *hiccup) MatMul(dst, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	if h.product == h.at {
		time.Sleep(200 * time.Millisecond)
	}
	h.product++
	h.Device.MatMul(dst, a, b, bias, s)
}

// The trial's speed decides what is skipped as too slow. One interruption of the trial must not make
// all products look slow.
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

// Nor must an interruption of one product make later ones look slow.
func TestProductsSurviveAnInterruption(t *testing.T) {
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	// The trial takes six products. Then comes one that is not counted, and the one that is.
	late := &hiccup{Device: d, at: 7}
	r := &Report{}
	s := &seat{Config: Config{"reference", 1}, device: late}
	err = r.products(t.Context(), []*seat{s}, Options{
		Products: []Product{{64, 64, 64}, {32, 32, 64}}, Budget: 1, Slowest: 100 * time.Millisecond, Progress: func(string) {},
	})
	if late.product != 10 || len(r.MatMul) != 2 || len(r.Left) != 0 || err != nil {
		t.Errorf("%d products were computed, want 10; %d figures, want 2; left out %q (error %v)", late.product, len(r.MatMul), r.Left, err)
	}
	if slow := (Product{32, 32, 64}).FLOP() / 0.1; !(s.pace > slow) {
		t.Errorf("interrupted at the smaller product: %.3g operations a second, want those of the others, more than %.3g", s.pace, slow)
	}
}

// The peak of a device without its own assembly is that of the best instruction set, if there is
// one. An emulator has no peak.
func TestConfigPeak(t *testing.T) {
	best, err := avx.Best()
	if err != nil {
		t.Fatal(err)
	}
	for device, want := range map[string]string{"reference": best, "emulator": ""} {
		p, err := Config{device, 1}.Peak()
		if !slices.Contains(avx.Names(), want) {
			if p != (avx.Peak{}) || err != nil {
				t.Errorf("%s: peak %+v, error %v; want none", device, p, err)
			}
			continue
		}
		if p.Set != want || p.Workers != 1 || !(p.GFLOPS > 0) || !(p.CopyGBs > 0) || err != nil {
			t.Errorf("%s: peak %+v, error %v; want one of %s on one core", device, p, err, want)
		}
	}
}

func TestTransfer(t *testing.T) {
	if write, read := Transfer(open(t, "reference"), 1<<16); !(write > 0 && read > 0) || math.IsInf(write+read, 0) {
		t.Errorf("written at %v GB/s and read at %v", write, read)
	}
}
