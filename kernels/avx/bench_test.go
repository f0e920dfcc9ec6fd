package avx

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// peaks caches the measured peaks, by set and workers.
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

// measure runs step and reports the speed of runs of flop operations, and the share of the measured
// peak. On one core it measures the processor time of the runs; on several, the elapsed time, because
// a part that is interrupted holds up the others.
//
// The processors of a virtual machine may at times be two threads of one core, or share it with
// another machine. So before and after each run, the workers do multiply-adds in registers. Of the
// runs between two of these at 97 % of the peak or more, the median counts; %kept is how many those
// are. If there are none, the first decile of all runs counts.
func measure(b *testing.B, d *Device, flop float64, step func()) {
	workers := d.pool.workers
	peak := peakOf(b, d.Name(), workers)
	clock := func() time.Duration { return time.Duration(time.Now().UnixNano()) }
	if workers == 1 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		clock = threadClock
	}
	probe := &peakTask{kernels: d.set.peak, loops: 8_000_000 / d.set.peak.fmaFLOP}
	free := func() bool {
		d.pool.run(workers, probe) // wakes a worker that has fallen asleep
		start := time.Now()
		d.pool.run(workers, probe)
		return float64(workers)*8e6/time.Since(start).Seconds()/1e9 >= 0.97*peak.GFLOPS
	}
	step()                          // once to allocate
	repeat := max(1, int(5e7/flop)) // the probe should take little of the time
	var all, kept []time.Duration
	before := free()
	for b.Loop() {
		start := clock()
		for range repeat {
			step()
		}
		time, after := clock()-start, free()
		all = append(all, time)
		if before && after {
			kept = append(kept, time)
		}
		before = after
	}
	slices.Sort(all)
	slices.Sort(kept)
	counts := all[len(all)/10]
	if len(kept) > 0 {
		counts = kept[len(kept)/2]
	}
	gflops := flop * float64(repeat) / counts.Seconds() / 1e9
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/peak.GFLOPS, "%peak")
	b.ReportMetric(100*float64(len(kept))/float64(len(all)), "%kept")
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
				measure(b, d, 2*float64(s.M)*float64(s.N)*float64(s.K), func() { d.MatMul(y, x, w, nil, s) })
			})
		})
	}
}

// Products whose A has zeros, as in the tutorials' networks: density is the share of A that is not
// zero, each element independently. GFLOP/s count the zeros.
func BenchmarkMatMulOfZeros(b *testing.B) {
	for _, s := range []kernels.MatMulSpec{
		{M: 1000, N: 32, K: 784}, {M: 784, N: 32, K: 1000, TransA: true},
		{M: 200, N: 784, K: 784}, {M: 784, N: 784, K: 200, TransA: true},
		{M: 32, N: 128, K: 784}, {M: 784, N: 128, K: 32, TransA: true},
		{M: 128, N: 128, K: 9216}, {M: 9216, N: 128, K: 128, TransA: true}, {M: 128, N: 9216, K: 128, TransB: true},
	} {
		for _, density := range []float64{0.1, 0.2, 0.4, 1} {
			b.Run(fmt.Sprintf("%dx%dx%d/TransA=%v/TransB=%v/density=%v", s.M, s.N, s.K, s.TransA, s.TransB, density), func(b *testing.B) {
				x, w, y := randomBuffer(s.M*s.K), randomBuffer(s.K*s.N), randomBuffer(s.M*s.N)
				r := rand.New(rand.NewPCG(1, 2))
				for i := range kernels.Floats(x) {
					if r.Float64() >= density {
						kernels.Floats(x)[i] = 0
					}
				}
				eachDevice(b, func(b *testing.B, d *Device) {
					measure(b, d, 2*float64(s.M)*float64(s.N)*float64(s.K), func() { d.MatMul(y, x, w, nil, s) })
				})
			})
		}
	}
}

// BenchmarkSampledMatMul is the gradient of a dense layer's input with few open elements, compared
// with the full product.
func BenchmarkSampledMatMul(b *testing.B) {
	for _, s := range []kernels.MatMulSpec{{M: 128, N: 9216, K: 128, TransB: true}, {M: 200, N: 4608, K: 128, TransB: true}, {M: 200, N: 784, K: 512, TransB: true}} {
		for _, density := range []float64{0.05, 0.15, 0.35, 0.6} {
			dy, w, dx, x := randomBuffer(s.M*s.K), randomBuffer(s.N*s.K), randomBuffer(s.M*s.N), randomBuffer(s.M*s.N)
			r := rand.New(rand.NewPCG(1, 2))
			for i := range kernels.Floats(x) {
				kernels.Floats(x)[i] = 0
				if r.Float64() < density {
					kernels.Floats(x)[i] = 1
				}
			}
			for _, way := range []struct {
				name string
				f    func(d *Device)
			}{
				{"sampled", func(d *Device) {
					d.sampledMatMul(kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(w), kernels.Floats(x), s)
				}},
				{"whole", func(d *Device) { d.MatMul(dx, dy, w, nil, s) }},
			} {
				b.Run(fmt.Sprintf("%dx%dx%d/density=%v/%s", s.M, s.N, s.K, density, way.name), func(b *testing.B) {
					eachDevice(b, func(b *testing.B, d *Device) {
						measure(b, d, 2*float64(s.M)*float64(s.N)*float64(s.K), func() { way.f(d) })
					})
				})
			}
		}
	}
}

func BenchmarkConv(b *testing.B) {
	for _, s := range []kernels.ConvSpec{
		{N: 128, H: 28, W: 28, C: 1, KH: 3, KW: 3, Out: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 26, OW: 26, ReLU: true},
		{N: 128, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
		{N: 128, H: 28, W: 28, C: 1, KH: 5, KW: 5, Out: 24, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
		{N: 128, H: 12, W: 12, C: 24, KH: 3, KW: 3, Out: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 10, OW: 10, ReLU: true},
		{N: 128, H: 14, W: 14, C: 64, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 14, OW: 14},
	} {
		x, w, bias, y := randomBuffer(s.N*s.H*s.W*s.C), randomBuffer(s.Cols()*s.Out), randomBuffer(s.Out), randomBuffer(s.Rows()*s.Out)
		flop := 2 * float64(s.Rows()) * float64(s.Cols()) * float64(s.Out)
		dx := func(d *Device, transforms bool) {
			if !transforms {
				d.gradInput(kernels.Floats(x), kernels.Floats(y), kernels.Floats(w), s, kernels.Overwrite, false)
				return
			}
			d.Conv2DGradInput(x, y, w, s, kernels.Overwrite)
		}
		for _, op := range []struct {
			name string
			step func(d *Device)
		}{
			{"Conv2D", func(d *Device) { d.Conv2D(y, x, w, bias, s) }},
			{"Conv2D directly", func(d *Device) {
				d.convolve(kernels.Floats(y), kernels.Floats(x), kernels.Floats(w), kernels.Floats(bias), s, kernels.Overwrite, newView(s))
			}},
			{"Conv2DGradInput", func(d *Device) { dx(d, true) }},
			{"Conv2DGradInput directly", func(d *Device) { dx(d, false) }},
			{"Conv2DGradFilter", func(d *Device) { d.Conv2DGradFilter(w, y, x, s, kernels.Overwrite) }},
			{"Conv2DGradFilter directly", func(d *Device) {
				d.gradFilter(kernels.Floats(w), kernels.Floats(y), kernels.Floats(x), s, kernels.Overwrite)
			}},
		} {
			if strings.HasSuffix(op.name, "directly") && !winogradPays(s) || strings.HasPrefix(op.name, "Conv2DGradInput") && s.C == 1 {
				continue // the same without the word; and a first layer has no such gradient
			}
			b.Run(fmt.Sprintf("%s/%dx%dx%d-%d", op.name, s.H, s.W, s.C, s.Out), func(b *testing.B) {
				eachDevice(b, func(b *testing.B, d *Device) {
					measure(b, d, flop, func() { op.step(d) })
				})
			})
		}
	}
}

func BenchmarkPooling(b *testing.B) {
	s := kernels.PoolSpec{N: 128, H: 24, W: 24, C: 64, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12}
	nx, ny := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	x, y, arg := randomBuffer(nx), randomBuffer(ny), kernels.NewHost(kernels.Int32, ny)
	for _, op := range []struct {
		name  string
		bytes int // read and written
		step  func(d kernels.Device)
	}{
		{"MaxPool", 4*nx + 8*ny, func(d kernels.Device) { d.MaxPool(y, arg, x, s) }},
		{"MaxPoolGrad", 4*nx + 8*ny, func(d kernels.Device) { d.MaxPoolGrad(x, y, arg, s, kernels.Overwrite) }},
		{"AvgPool", 4*nx + 4*ny, func(d kernels.Device) { d.AvgPool(y, x, s) }},
		{"AvgPoolGrad", 4*nx + 4*ny, func(d kernels.Device) { d.AvgPoolGrad(x, y, s, kernels.Overwrite) }},
	} {
		reference.New().MaxPool(y, arg, x, s)
		b.Run(op.name, func(b *testing.B) {
			eachDevice(b, func(b *testing.B, d *Device) {
				b.SetBytes(int64(op.bytes))
				for b.Loop() {
					op.step(d)
				}
			})
		})
	}
}
