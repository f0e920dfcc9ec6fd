// Package bench measures every kernel and every tutorial's training step: as go
// test benchmarks, and in a shorter form for demo bench. Percentages refer to the
// best that the machine was measured to do, not to its maker's figures.
//
//	go test -run '^$' -bench . -benchtime 20x ./bench
package bench

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/avx"
)

// A Config is a device on a number of cores.
type Config struct {
	Device  string `json:"device"`
	Threads int    `json:"threads"`
}

func (c Config) String() string { return fmt.Sprintf("%s/cores=%d", c.Device, c.Threads) }

// ChoosesCores reports whether the number of cores can be chosen for a device. The emulator uses
// all, and a GPU has its own.
func ChoosesCores(device string) bool {
	return device == "reference" || slices.Contains(avx.Names(), device)
}

// Configs lists the devices of this machine; those that can choose on one core and on all.
func Configs() []Config {
	var list []Config
	for _, d := range auto.List() {
		if !d.Available {
			continue
		}
		if d.Workers > 1 && ChoosesCores(d.Name) {
			list = append(list, Config{d.Name, 1})
		}
		list = append(list, Config{d.Name, d.Workers})
	}
	return list
}

// Open opens the device. Until it is closed, Go itself uses the same number of cores, except for a
// GPU.
func (c Config) Open() (kernels.Device, func() error, error) {
	old := runtime.GOMAXPROCS(0)
	if c.Device != "cuda" {
		runtime.GOMAXPROCS(c.Threads)
	}
	d, err := auto.Open(c.Device)
	if err != nil {
		runtime.GOMAXPROCS(old)
		return nil, nil, err
	}
	return d, func() error {
		defer runtime.GOMAXPROCS(old)
		return d.Close()
	}, nil
}

// Peak returns the measured peak of the device's instruction set on that many cores; for the
// reference, that of the best instruction set. It is zero if there is no assembly to measure it
// with.
func (c Config) Peak() (avx.Peak, error) {
	set := c.Device
	if set == "reference" {
		var err error
		if set, err = avx.Best(); err != nil {
			return avx.Peak{}, err
		}
	}
	if !slices.Contains(avx.Names(), set) {
		return avx.Peak{}, nil
	}
	return measurePeak(set, c.Threads)
}

// measurePeak is avx.MeasurePeak, repeated if other programs keep the cores from being free at the
// same time; the best result counts.
func measurePeak(set string, threads int) (avx.Peak, error) {
	best, err := avx.MeasurePeak(set, threads)
	if err != nil || threads == 1 {
		return best, err
	}
	one, err := avx.MeasurePeak(set, 1)
	if err != nil {
		return best, err
	}
	for range 8 {
		if best.GFLOPS > 0.95*float64(threads)*one.GFLOPS {
			break
		}
		p, err := avx.MeasurePeak(set, threads)
		if err != nil {
			return best, err
		}
		best.GFLOPS, best.CopyGBs = max(best.GFLOPS, p.GFLOPS), max(best.CopyGBs, p.CopyGBs)
	}
	return best, nil
}

// Product is a matrix product C[M,N] = A[M,K]·B[K,N].
type Product struct{ M, N, K int }

func (p Product) String() string { return fmt.Sprintf("%d×%d×%d", p.M, p.N, p.K) }

// FLOP returns the number of floating-point operations.
func (p Product) FLOP() float64 { return 2 * float64(p.M) * float64(p.N) * float64(p.K) }

// Products lists square products, and those of the tutorials' layers with their batches.
func Products() []Product {
	return []Product{
		{256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
		{1000, 32, 784}, {128, 128, 784}, {200, 784, 784}, {128, 128, 9216},
		{73728, 64, 288}, {86528, 32, 9},
	}
}

// Multiplier is a product ready to be computed.
type Multiplier struct {
	Product Product
	spec    kernels.MatMulSpec
	device  kernels.Device
	c, a, b kernels.Buffer
}

// NewMultiplier creates random operands from -1 to 1 on the device. They contain no zeros, which
// products would skip.
func NewMultiplier(d kernels.Device, p Product) *Multiplier {
	m := &Multiplier{Product: p, spec: kernels.MatMulSpec{M: p.M, N: p.N, K: p.K}, device: d}
	m.a, m.b = d.Alloc(kernels.Float32, p.M*p.K), d.Alloc(kernels.Float32, p.K*p.N)
	m.c = d.Alloc(kernels.Float32, p.M*p.N)
	d.Uniform(m.a, -1, 1, 1)
	d.Uniform(m.b, -1, 1, 2)
	return m
}

// Run computes the product and waits for it.
func (m *Multiplier) Run() {
	m.device.MatMul(m.c, m.a, m.b, nil, m.spec)
	m.device.Sync()
}

// Close frees the operands.
func (m *Multiplier) Close() {
	for _, b := range []kernels.Buffer{m.a, m.b, m.c} {
		b.Free()
	}
}

// Transfer measures copies of the given number of bytes to the device and back, the fastest of
// five, in 10⁹ bytes per second.
func Transfer(d kernels.Device, bytes int) (write, read float64) {
	buffer, host := d.Alloc(kernels.Uint8, bytes), make([]byte, bytes)
	defer buffer.Free()
	fastest := func(copy func()) float64 {
		best := time.Hour
		for range 5 {
			start := time.Now()
			copy()
			d.Sync()
			best = min(best, time.Since(start))
		}
		return float64(bytes) / best.Seconds() / 1e9
	}
	return fastest(func() { d.Write(buffer, host) }), fastest(func() { d.Read(host, buffer) })
}

// OwnMemory reports whether the device has its own memory, to which data must be copied.
func OwnMemory(d kernels.Device) bool {
	b := d.Alloc(kernels.Uint8, 1)
	defer b.Free()
	_, host := b.(*kernels.Host)
	return !host
}
