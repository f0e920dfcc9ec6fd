package avx

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

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

// reportGFLOPS reports the speed and its share of the measured peak.
func reportGFLOPS(b *testing.B, d *Device, flop float64) {
	gflops := flop * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/peakOf(b, d.Name(), d.pool.workers).GFLOPS, "%peak")
	b.ReportMetric(0, "ns/op")
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
				for b.Loop() {
					d.MatMul(y, x, w, nil, s)
				}
				reportGFLOPS(b, d, 2*float64(s.M)*float64(s.N)*float64(s.K))
			})
		})
	}
}
