package avx

import (
	"math"
	"runtime"
	"time"
)

// peakKernels measure the machine's peak, which bounds the time of every kernel from below.
type peakKernels struct {
	fma     func(loops int)                // independent multiply-adds in registers
	fmaFLOP int                            // floating-point operations of one loop: a multiply-add is two
	copy    func(dst, src *float32, n int) // n floats, a multiple of 64
}

// Peak is a machine's measured peak with one instruction set.
type Peak struct {
	Set     string  // avx512 or avx2
	Workers int     // goroutines that ran at once
	GFLOPS  float64 // 10⁹ floating-point operations a second; a multiply-add is two
	CopyGBs float64 // 10⁹ bytes a second read, and as many written, in blocks far larger than the caches
}

// MeasurePeak measures the named instruction set with the given number of goroutines: the best of
// several runs, within about a quarter of a second.
func MeasurePeak(set string, workers int) (Peak, error) {
	d, err := New(set)
	if err != nil {
		return Peak{}, err
	}
	d.pool.close()
	d.pool = newPool(workers)
	defer d.Close()
	t := &peakTask{kernels: d.set.peak, loops: peakLoops}
	const length = 1 << 23 // 32 MB for each worker, twice
	for range workers {
		t.dst = append(t.dst, make([]float32, length))
		src := make([]float32, length)
		for i := range src {
			src[i] = 1 // memory never written is a single page of zeros
		}
		t.src = append(t.src, src)
	}
	best := func(runs int) float64 {
		seconds := 1e9
		for range runs {
			start := time.Now()
			d.pool.run(workers, t)
			seconds = min(seconds, time.Since(start).Seconds())
		}
		return seconds
	}
	p := Peak{Set: set, Workers: workers}
	p.GFLOPS = float64(workers*t.loops*t.kernels.fmaFLOP) / best(20) / 1e9
	t.copying = true
	p.CopyGBs = float64(workers*length*8) / best(6) / 1e9
	runtime.KeepAlive(t)
	return p, nil
}

// peakLoops is how many loops of multiply-adds are timed: about a millisecond.
const peakLoops = 200_000

// A CoreCounter counts the free cores, repeatedly.
type CoreCounter struct {
	device *Device
	task   peakTask
}

// countLoops is the loops of multiply-adds in a run of a count: 0.1 to 0.2 ms.
const countLoops = 20_000

// NewCoreCounter starts as many goroutines as there should be free cores. It returns an error if the
// instruction set is unknown or this processor lacks it.
func NewCoreCounter(set string, goroutines int) (*CoreCounter, error) {
	d, err := New(set)
	if err != nil {
		return nil, err
	}
	d.pool.close()
	d.pool = newPool(goroutines)
	return &CoreCounter{d, peakTask{kernels: d.set.peak, loops: countLoops}}, nil
}

// Count is the ratio of the multiply-adds per second that all goroutines do at once to those of one:
// the number of free cores. It takes about two thirds of a millisecond. One goroutine runs twice,
// and the faster run counts, because interruptions only slow it down. All run once to wake up and
// then twice, and both runs count: a core that is there for only one of them is not free.
func (c *CoreCounter) Count() float64 {
	pool, t := c.device.pool, &c.task
	const runs = 2
	one := math.Inf(1)
	for range runs {
		start := time.Now()
		t.part(0, 0)
		one = min(one, time.Since(start).Seconds())
	}
	pool.run(pool.workers, t)
	start := time.Now()
	for range runs {
		pool.run(pool.workers, t)
	}
	all := time.Since(start).Seconds() / runs
	return float64(pool.workers) * one / all
}

// Close ends the goroutines.
func (c *CoreCounter) Close() error { return c.device.Close() }

// peakTask runs a peak kernel once in each part.
type peakTask struct {
	kernels  peakKernels
	loops    int
	copying  bool
	dst, src [][]float32
}

func (t *peakTask) part(_, i int) {
	if t.copying {
		t.kernels.copy(&t.dst[i][0], &t.src[i][0], len(t.dst[i]))
		return
	}
	t.kernels.fma(t.loops)
}
