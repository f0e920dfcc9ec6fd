package kerneltest

import (
	"math"
	"testing"
	"time"

	"baregrad/kernels"
)

// Peak is what a machine was measured to do at best, in 10⁹ operations (a
// multiply-add is two) and 10⁹ bytes (read and written) a second. What was not
// measured is 0.
type Peak struct {
	GFLOPS, GBs float64 // operations, and bytes
}

// Bench measures every kernel of d at the sizes of the MNIST networks with a
// given batch. It reports GFLOP/s for products and GB/s for everything else,
// each with its share of the peak, where that is known. The fastest run counts:
// other programs on the machine only ever make one slower. Where the data fits
// the caches, a kernel may go beyond the peak of the memory.
func Bench(b *testing.B, d kernels.Device, batch int, peak Peak) {
	eachBenchmark(d, batch, func(c benchmark) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			c.step() // allocates what it needs
			d.Sync()
			best := time.Duration(math.MaxInt64)
			for b.Loop() {
				start := time.Now()
				c.step()
				d.Sync()
				best = min(best, time.Since(start))
			}
			if c.flop > 0 {
				report(b, c.flop, best, "GFLOP/s", peak.GFLOPS)
			} else {
				report(b, c.bytes, best, "GB/s", peak.GBs)
			}
		})
	})
}

// report reports amount per time, in 10⁹ a second, and its share of the peak.
func report(b *testing.B, amount float64, took time.Duration, unit string, peak float64) {
	speed := amount / took.Seconds() / 1e9
	b.ReportMetric(speed, unit)
	if peak > 0 {
		b.ReportMetric(100*speed/peak, "%peak")
	}
}

// A benchmark is one call of a kernel at a size at which the networks call it.
type benchmark struct {
	name  string
	flop  float64 // floating-point operations, for what is measured by them, else 0
	bytes float64 // read and written, had each element to be touched once
	step  func()
}

// bencher hands benchmarks to run, one after another.
type bencher struct {
	d     kernels.Device
	batch int
	run   func(c benchmark)
}

// An operand is a buffer of n elements: those given, or else random float32 in
// [0,1), or zeros.
type operand struct {
	kind    kernels.Type
	n       int
	values  array
	traffic int // bytes that a call reads and writes of it
}

func float(n int) operand { return operand{kind: kernels.Float32, n: n, traffic: 4 * n} }
func given(values array) operand {
	return operand{values.kind, values.len(), values, len(values.host())}
}
func classesOf(n, limit int) operand { return given(ints(newGenerator("bench").below(n, limit))) }

// updated is an operand that is read and written.
func updated(o operand) operand {
	o.traffic *= 2
	return o
}

// add runs a benchmark of a kernel that is measured by what it reads and writes.
func (r bencher) add(name string, step func(b []kernels.Buffer), operands ...operand) {
	r.product(name, 0, step, operands...)
}

// product runs a benchmark of a kernel that is measured by its multiply-adds.
func (r bencher) product(name string, multiplyAdds int, step func(b []kernels.Buffer), operands ...operand) {
	c := benchmark{name: name, flop: 2 * float64(multiplyAdds)}
	var buffers []kernels.Buffer
	for i, o := range operands {
		b := r.d.Alloc(o.kind, o.n)
		switch {
		case o.values.len() > 0:
			r.d.Write(b, o.values.host())
		case o.kind == kernels.Float32:
			r.d.Uniform(b, 0, 1, uint64(i))
		}
		buffers = append(buffers, b)
		c.bytes += float64(o.traffic)
	}
	c.step = func() { step(buffers) }
	r.run(c)
	free(buffers)
}
