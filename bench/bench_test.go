package bench

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/avx"
	"baregrad/kernels/kerneltest"
)

// emulatedBatch is the batch on the emulator, which is some thousand times slower
// than the processor that it runs on.
const emulatedBatch = 1

// peaks remembers what was measured, by Config.
var peaks sync.Map

func peakOf(b *testing.B, c Config) avx.Peak {
	if p, ok := peaks.Load(c); ok {
		return p.(avx.Peak)
	}
	p, err := c.Peak()
	if err != nil {
		b.Fatal(err)
	}
	peaks.Store(c, p)
	return p
}

// eachConfig runs a benchmark on every device that is here.
func eachConfig(b *testing.B, f func(b *testing.B, c Config, d kernels.Device)) {
	for _, c := range Configs() {
		b.Run("device="+c.String(), func(b *testing.B) {
			d, closeDevice, err := c.Open()
			if err != nil {
				b.Fatal(err)
			}
			defer closeDevice()
			f(b, c, d)
		})
	}
}

// BenchmarkKernels is every kernel at the sizes of MNIST networks with a batch
// of 128, on the emulator of 1.
func BenchmarkKernels(b *testing.B) {
	eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
		peak, batch := peakOf(b, c), 128
		if c.Device == "emulator" {
			batch = emulatedBatch
		}
		kerneltest.Bench(b, d, batch, kerneltest.Peak{GFLOPS: peak.GFLOPS, GBs: peak.CopyGBs})
	})
}

// BenchmarkMatMul is the matrix product at the sizes that demo bench has; the
// emulator computes the smallest of them only.
func BenchmarkMatMul(b *testing.B) {
	eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
		peak := peakOf(b, c)
		for _, p := range Products() {
			if c.Device == "emulator" && p.FLOP() > 3e7 {
				continue
			}
			b.Run(p.String(), func(b *testing.B) {
				m := NewMultiplier(d, p)
				defer m.Close()
				m.Run()
				b.ReportAllocs()
				best := math.Inf(1)
				for b.Loop() {
					start := time.Now()
					m.Run()
					best = min(best, time.Since(start).Seconds())
				}
				report(b, p.FLOP()/best, peak)
			})
		}
	})
}

// BenchmarkTrainStep is one training step of every tutorial's network. The share
// is that of its products and convolutions in the machine's peak, while all else
// that the step does takes time too.
func BenchmarkTrainStep(b *testing.B) {
	for _, n := range Networks() {
		b.Run("network="+n.Name, func(b *testing.B) {
			eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
				peak, batch := peakOf(b, c), 0
				if c.Device == "emulator" {
					batch = emulatedBatch
				}
				t, err := NewTrainer(context.Background(), d, n, batch)
				if err != nil {
					b.Fatal(err)
				}
				defer func() {
					if err := t.Close(); err != nil {
						b.Error(err)
					}
				}()
				if err := t.Step(); err != nil { // records the step, and allocates
					b.Fatal(err)
				}
				b.ReportAllocs()
				seconds := math.Inf(1) // of the fastest step
				for b.Loop() {
					start := time.Now()
					if err := t.Step(); err != nil {
						b.Fatal(err)
					}
					seconds = min(seconds, time.Since(start).Seconds())
				}
				b.ReportMetric(float64(t.Batch)/seconds, "images/s")
				report(b, t.FLOP()/seconds, peak)
			})
		})
	}
}

// report reports a speed in operations a second and its share of the peak.
func report(b *testing.B, flops float64, peak avx.Peak) {
	b.ReportMetric(flops/1e9, "GFLOP/s")
	if peak.GFLOPS > 0 {
		b.ReportMetric(100*flops/1e9/peak.GFLOPS, "%peak")
	}
}

func TestNetworksAreTheTutorials(t *testing.T) {
	want := map[string]int{ // parameters, as Keras counts them
		"mnist-mlp": 25450, "mnist-cnn": 1199882, "fashion-mlp": 101770, "binary-mlp": 5569,
		"mnist-wide-mlp": 623290, "mnist-cnn-channels-first": 592074,
	}
	c := Config{"reference", 1}
	d, closeDevice, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer closeDevice()
	for _, n := range Networks() {
		m, err := n.Model(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, all := m.ParamCount(); all != want[n.Name] {
			t.Errorf("%s has %d parameters, want %d", n.Name, all, want[n.Name])
		}
	}
}

// By hand: 784·32 and 32·10 weights, used in two and three products.
func TestFLOP(t *testing.T) {
	c := Config{"reference", 1}
	d, closeDevice, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer closeDevice()
	for _, check := range []struct {
		network string
		batch   int
		want    float64
	}{
		{"mnist-mlp", 1000, 2 * 1000 * (2*784*32 + 3*32*10)},
		{"mnist-cnn", 128, 2 * 128 * (2*26*26*9*32 + 3*24*24*288*64 + 3*9216*128 + 3*128*10)},
	} {
		n, err := NetworkByName(check.network)
		if err != nil {
			t.Fatal(err)
		}
		m, err := n.Model(d)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.FLOP(m, check.batch); got != check.want {
			t.Errorf("%s: %v operations, want %v", check.network, got, check.want)
		}
	}
}

func TestTrainerStepsWithoutAllocating(t *testing.T) {
	n, err := NetworkByName("binary-mlp")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Configs() {
		if c.Device == "emulator" { // its launches allocate
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			d, closeDevice, err := c.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer closeDevice()
			trainer, err := NewTrainer(context.Background(), d, n, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := trainer.Step(); err != nil {
				t.Fatal(err)
			}
			// 1000 examples are 5 batches: 3 more stay within the epoch.
			if allocations := testing.AllocsPerRun(2, func() {
				if err := trainer.Step(); err != nil {
					t.Error(err)
				}
			}); allocations != 0 {
				t.Errorf("a step makes %v allocations, want 0", allocations)
			}
			if err := trainer.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTrainerTellsOfTheEnd(t *testing.T) {
	n, err := NetworkByName("binary-mlp")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := Config{"reference", 1}
	d, closeDevice, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer closeDevice()
	trainer, err := NewTrainer(ctx, d, n, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Step(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := trainer.Step(); err == nil {
		t.Error("a step after the context's end succeeded")
	}
	if err := trainer.Close(); err == nil {
		t.Error("closing a trainer that was interrupted gave no error")
	}
}
