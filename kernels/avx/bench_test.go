package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"baregrad/kernels"
)

// peaks remembers the measured peaks, by set and workers.
var peaks sync.Map

func peakOf(b *testing.B, set string, workers int) Peak {
	key := fmt.Sprint(set, workers)
	if p, ok := peaks.Load(key); ok {
		return p.(Peak)
	}
	p, err := MeasurePeak(set, workers)
	if err != nil {
		b.Fatal(err)
	}
	peaks.Store(key, p)
	return p
}

// eachDevice runs a benchmark for each instruction set on one core and on all.
func eachDevice(b *testing.B, f func(b *testing.B, d *Device)) {
	cores := []int{1}
	if n := runtime.GOMAXPROCS(0); n > 1 {
		cores = append(cores, n)
	}
	for _, set := range Names() {
		for _, workers := range cores {
			b.Run(fmt.Sprintf("%s/cores=%d", set, workers), func(b *testing.B) {
				need(b, set)
				old := runtime.GOMAXPROCS(workers)
				defer runtime.GOMAXPROCS(old)
				d, err := New(set)
				if err != nil {
					b.Fatal(err)
				}
				defer d.Close()
				f(b, d)
			})
		}
	}
}

// measure runs step and reports the speed of its fastest run, for runs of flop
// operations, and the share of the measured peak. The fastest, because other
// programs on the machine only ever make a run slower.
func measure(b *testing.B, d *Device, flop float64, step func()) {
	peak := peakOf(b, d.Name(), d.pool.workers)
	step() // once to allocate
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		step()
		best = min(best, time.Since(start))
	}
	gflops := flop / best.Seconds() / 1e9
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/peak.GFLOPS, "%peak")
}

func randomBuffer(n int) kernels.Buffer {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	h := kernels.NewHost(kernels.Float32, n)
	for i := range kernels.Floats(h) {
		kernels.Floats(h)[i] = 2*r.Float32() - 1
	}
	return h
}

func BenchmarkMatMul(b *testing.B) {
	for _, s := range []kernels.MatMulSpec{
		{M: 256, N: 256, K: 256}, {M: 512, N: 512, K: 512}, {M: 1024, N: 1024, K: 1024}, {M: 2048, N: 2048, K: 2048},
		{M: 1000, N: 32, K: 784}, {M: 128, N: 128, K: 784}, {M: 200, N: 784, K: 784}, {M: 128, N: 128, K: 9216},
		{M: 73728, N: 64, K: 288}, {M: 86528, N: 32, K: 9},
		{M: 128, N: 10, K: 32},
		{M: 784, N: 32, K: 128, TransA: true}, {M: 128, N: 784, K: 32, TransB: true},
		{M: 9216, N: 128, K: 128, TransA: true}, {M: 128, N: 9216, K: 128, TransB: true},
		{M: 1024, N: 1024, K: 1024, TransA: true}, {M: 1024, N: 1024, K: 1024, TransB: true},
	} {
		name := fmt.Sprintf("%dx%dx%d", s.M, s.N, s.K)
		if s.TransA {
			name += "/TransA"
		}
		if s.TransB {
			name += "/TransB"
		}
		b.Run(name, func(b *testing.B) {
			x, w, y := randomBuffer(s.M*s.K), randomBuffer(s.K*s.N), randomBuffer(s.M*s.N)
			eachDevice(b, func(b *testing.B, d *Device) {
				measure(b, d, 2*float64(s.M)*float64(s.N)*float64(s.K), func() { d.MatMul(y, x, w, nil, s) })
			})
		})
	}
}

func BenchmarkConv(b *testing.B) {
	for _, s := range []kernels.ConvSpec{
		{N: 128, H: 28, W: 28, C: 1, KH: 3, KW: 3, Out: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 26, OW: 26, ReLU: true},
		{N: 128, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
		{N: 128, H: 14, W: 14, C: 64, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 14, OW: 14},
	} {
		x, w, bias, y := randomBuffer(s.N*s.H*s.W*s.C), randomBuffer(s.Cols()*s.Out), randomBuffer(s.Out), randomBuffer(s.Rows()*s.Out)
		flop := 2 * float64(s.Rows()) * float64(s.Cols()) * float64(s.Out)
		for _, op := range []struct {
			name string
			step func(d *Device)
		}{
			{"Conv2D", func(d *Device) { d.Conv2D(y, x, w, bias, s) }},
			{"Conv2DGradInput", func(d *Device) { d.Conv2DGradInput(x, y, w, s, kernels.Overwrite) }},
			{"Conv2DGradFilter", func(d *Device) { d.Conv2DGradFilter(w, y, x, s, kernels.Overwrite) }},
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d-%d", op.name, s.H, s.W, s.C, s.Out), func(b *testing.B) {
				eachDevice(b, func(b *testing.B, d *Device) {
					measure(b, d, flop, func() { op.step(d) })
				})
			})
		}
	}
}
