package bench

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"baregrad/cmd/demo/tutorial"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/avx"
	"baregrad/kernels/kerneltest"
	"baregrad/mnist"
	"baregrad/nn"
)

// emulatedBatch is the batch size on the emulator, which is about a thousand times slower than the
// processor that it runs on.
const emulatedBatch = 1

// peaks caches the measured peaks by Config.
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

// eachConfig runs a benchmark on every device of this machine.
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

// BenchmarkKernels measures every kernel at the sizes of MNIST networks with a batch of 128, or of 1
// on the emulator.
func BenchmarkKernels(b *testing.B) {
	eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
		peak, batch := peakOf(b, c), 128
		if c.Device == "emulator" {
			batch = emulatedBatch
		}
		kerneltest.Bench(b, d, batch, kerneltest.Peak{GFLOPS: peak.GFLOPS, GBs: peak.CopyGBs})
	})
}

// BenchmarkMatMul measures the matrix product at the sizes of demo bench. The reference skips the
// largest, the emulator all but the smallest.
func BenchmarkMatMul(b *testing.B) {
	eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
		peak := peakOf(b, c)
		for _, p := range Products() {
			if leftOut(c, p) {
				continue
			}
			b.Run(p.String(), func(b *testing.B) {
				m := NewMultiplier(d, p)
				defer m.Close()
				timeProduct(b, m, peak)
			})
		}
	})
}

// leftOut reports whether a product would take too long on a device.
func leftOut(c Config, p Product) bool {
	return c.Device == "emulator" && p.FLOP() > 3e7 || c.Device == "reference" && p.FLOP() > 1e9
}

// timeProduct reports the speed of the fastest of b.N products.
func timeProduct(b *testing.B, m *Multiplier, peak avx.Peak) {
	m.Run()
	b.ReportAllocs()
	best := math.Inf(1)
	for b.Loop() {
		start := time.Now()
		m.Run()
		best = min(best, time.Since(start).Seconds())
	}
	report(b, m.Product.FLOP()/best, peak)
}

// BenchmarkSparseMatMul measures products of the tutorials' layers on their actual inputs, which are
// mostly zeros. It skips the same sizes as BenchmarkMatMul.
func BenchmarkSparseMatMul(b *testing.B) {
	eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
		peak := peakOf(b, c)
		for _, p := range SparseProducts() {
			if leftOut(c, p.Product) {
				continue
			}
			b.Run(strings.ReplaceAll(p.String(), " ", "_"), func(b *testing.B) {
				m, share, err := NewSparseMultiplier(b.Context(), d, p)
				if err != nil {
					b.Fatal(err)
				}
				defer m.Close()
				timeProduct(b, m, peak)
				b.ReportMetric(100*share, "%nonzero")
			})
		}
	})
}

// BenchmarkTrainStep measures a training step of every tutorial's network on the tutorial's data,
// starting in the middle of its first epoch. The share of the peak counts the arithmetic of products
// and convolutions only, but the time of the whole step.
func BenchmarkTrainStep(b *testing.B) {
	for _, n := range Networks() {
		b.Run("network="+n.Name, func(b *testing.B) {
			eachConfig(b, func(b *testing.B, c Config, d kernels.Device) {
				peak, batch := peakOf(b, c), 0
				if c.Device == "emulator" {
					batch = emulatedBatch
				}
				from, err := n.Middle(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				t, err := NewTrainer(b.Context(), d, n, batch, from)
				if err != nil {
					b.Fatal(err)
				}
				if t.Data.Missing != "" {
					b.Logf("OTHER DATA: %v", t.Data)
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
					if t.Ended() {
						b.StopTimer()
						if err := t.Restart(); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
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

// report reports a speed in operations per second and its share of the peak.
func report(b *testing.B, flops float64, peak avx.Peak) {
	b.ReportMetric(flops/1e9, "GFLOP/s")
	if peak.GFLOPS > 0 {
		b.ReportMetric(100*flops/1e9/peak.GFLOPS, "%peak")
	}
}

// Each tutorial, run on a few empty images, has the same layers as its network here.
func TestNetworksAreTheTutorials(t *testing.T) {
	dir := t.TempDir()
	arrays := map[string]*mnist.Array{}
	for _, part := range []string{"train", "test"} {
		arrays["x_"+part] = &mnist.Array{Shape: []int{40, 28, 28}, Data: make([]uint8, 40*784)}
		labels := make([]uint8, 40)
		for i := range labels {
			labels[i] = uint8(i % 10)
		}
		arrays["y_"+part] = &mnist.Array{Shape: []int{40}, Data: labels}
	}
	for _, name := range []string{"mnist.npz", "fashion-mnist.npz"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(mnist.WriteNPZ(f, arrays, true), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	d, err := auto.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	summary := func(m *nn.Sequential) string {
		var b strings.Builder
		if err := m.Summary(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	names := map[string]bool{}
	for _, n := range Networks() {
		names[n.Name] = true
		tutorial, err := tutorial.ByName(n.Name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := tutorial.Run(tutorialSetting(d, dir))
		if err != nil {
			t.Fatal(err)
		}
		m, err := n.Model(d)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := summary(m), summary(r.Model); got != want {
			t.Errorf("%s is\n%s, the tutorial has\n%s", n.Name, got, want)
		}
	}
	for _, tutorial := range tutorial.All() {
		if !names[tutorial.Name] {
			t.Errorf("there is no network for the tutorial %s", tutorial.Name)
		}
	}
}

func tutorialSetting(d kernels.Device, dir string) tutorial.Setting {
	return tutorial.Setting{Context: context.Background(), Device: d, Out: io.Discard, Epochs: 1, Data: mnist.Options{Dir: dir}}
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
			trainer, err := NewTrainer(context.Background(), d, n, 0, nil)
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
	trainer, err := NewTrainer(ctx, d, n, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Step(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := trainer.Step(); !errors.Is(err, context.Canceled) {
		t.Errorf("a step after the context's end: error %v, want that it was canceled", err)
	}
	if err := trainer.Close(); err != nil {
		t.Errorf("closing the trainer tells once more that it was interrupted: %v", err)
	}
}

// An interrupted profile says so once.
func TestProfileTellsOfTheEndOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f, err := newProfiler(ctx, Config{"reference", 1}, network(t, "binary-mlp"), nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	err = errors.Join(f.turn(), f.close())
	if !errors.Is(err, context.Canceled) || strings.Count(err.Error(), "stopped in epoch") != 1 {
		t.Errorf("error %q, want one that tells once where the training was stopped", err)
	}
}
