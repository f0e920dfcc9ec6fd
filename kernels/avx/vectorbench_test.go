package avx

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// vectorBench is an operation on about n elements.
type vectorBench struct {
	name  string
	bytes int // read and written for each of the n elements
	sizes []int
	run   func(d kernels.Device, b []kernels.Buffer)
}

// benchColumns are the columns of a batch's logits and of a bias in the benchmarks below.
const benchColumns = 32

func vectorBenches(n int) []vectorBench {
	rows := n / benchColumns
	shape := []int{rows, benchColumns}
	_, same, _ := kernels.Broadcast(shape, shape)
	_, bias, _ := kernels.Broadcast(shape, []int{benchColumns})
	byRow := kernels.ReduceSpec{Outer: rows, N: benchColumns, Inner: 1}
	byColumn := kernels.ReduceSpec{Outer: 1, N: rows, Inner: benchColumns}
	labels, arg := kernels.NewHost(kernels.Int32, rows), kernels.NewHost(kernels.Int32, rows)
	images, index, zero := kernels.NewHost(kernels.Uint8, n), kernels.NewHost(kernels.Int32, rows), intBuffer(0)
	for r := range kernels.Ints(index) {
		kernels.Ints(index)[r] = int32(r * 7919 % rows)
	}
	drop, step := kernels.DropoutSpec{Rate: 0.5, Seed: 1}, intBuffer(0)
	_, turn, _ := kernels.Permute(shape, []int{1, 0})
	const over, add = kernels.Overwrite, kernels.Accumulate
	return []vectorBench{
		{"Fill", 4, []int{n}, func(d kernels.Device, b []kernels.Buffer) { d.Fill(b[0], 1) }},
		{"ReLU", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.ReLU(b[0], b[1]) }},
		{"ReLUGrad", 12, []int{n, n, n}, func(d kernels.Device, b []kernels.Buffer) { d.ReLUGrad(b[0], b[1], b[2], over) }},
		{"Affine", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Affine(b[0], b[1], 2, 1) }},
		{"AddScaled", 12, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.AddScaled(b[0], b[1], 1e-9) }},
		{"Add", 12, []int{n, n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Add(b[0], b[1], b[2], same) }},
		{"Add of a bias", 8, []int{n, n, benchColumns}, func(d kernels.Device, b []kernels.Buffer) { d.Add(b[0], b[1], b[2], bias) }},
		{"Div", 12, []int{n, n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Div(b[0], b[1], b[2], same) }},
		{"MulGrad", 24, []int{n, n, n, n, n}, func(d kernels.Device, b []kernels.Buffer) {
			d.MulGrad(b[0], b[1], b[2], b[3], b[4], same, over, over)
		}},
		{"Sum of columns", 4, []int{benchColumns, n}, func(d kernels.Device, b []kernels.Buffer) { d.Sum(b[0], b[1], byColumn, over) }},
		{"Mean of rows", 4, []int{rows, n}, func(d kernels.Device, b []kernels.Buffer) { d.Mean(b[0], b[1], byRow) }},
		{"ArgMax of rows", 4, []int{n}, func(d kernels.Device, b []kernels.Buffer) { d.ArgMax(arg, b[0], byRow) }},
		{"Transpose", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Transpose(b[0], b[1], turn) }},
		{"Exp", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Exp(b[0], b[1]) }},
		{"Log", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Log(b[0], b[1]) }},
		{"Sigmoid", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Sigmoid(b[0], b[1]) }},
		{"Tanh", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Tanh(b[0], b[1]) }},
		{"GELU", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.GELU(b[0], b[1]) }},
		{"GELUGrad", 12, []int{n, n, n}, func(d kernels.Device, b []kernels.Buffer) { d.GELUGrad(b[0], b[1], b[2], kernels.Overwrite) }},
		{"Softmax", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.Softmax(b[0], b[1], rows, benchColumns) }},
		{"SoftmaxCrossEntropy", 8, []int{n, n, rows}, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropy(b[2], b[0], b[1], labels, rows, benchColumns)
		}},
		{"SoftmaxCrossEntropyGrad", 8, []int{n, n, rows}, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(b[0], b[2], b[1], labels, rows, benchColumns, over)
		}},
		{"MeanSquaredError", 8, []int{n, n, rows}, func(d kernels.Device, b []kernels.Buffer) {
			d.MeanSquaredError(b[2], b[0], b[1], rows, benchColumns)
		}},
		{"Dropout", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) {
			kernels.Ints(step)[0]++ // otherwise it would reuse the last mask, as the next one does
			d.Dropout(b[0], b[1], step, drop)
		}},
		{"DropoutGrad", 8, []int{n, n}, func(d kernels.Device, b []kernels.Buffer) { d.DropoutGrad(b[0], b[1], zero, drop, over) }},
		{"Uniform", 4, []int{n}, func(d kernels.Device, b []kernels.Buffer) { d.Uniform(b[0], -1, 1, 7) }},
		{"Gather of uint8", 5, []int{n}, func(d kernels.Device, b []kernels.Buffer) {
			d.Gather(b[0], images, index, zero, kernels.GatherSpec{Rows: rows, Width: benchColumns, Scale: 1.0 / 255})
		}},
		{"SGD with momentum", 20, []int{n, n, n, 2}, func(d kernels.Device, b []kernels.Buffer) {
			d.SGD(b[0], b[1], b[2], b[3], kernels.SGDSpec{Momentum: 0.9})
		}},
		{"RMSprop", 20, []int{n, n, n, 2}, func(d kernels.Device, b []kernels.Buffer) {
			d.RMSprop(b[0], b[1], b[2], nil, nil, b[3], kernels.RMSpropSpec{Rho: 0.9, Epsilon: 1e-7})
		}},
		{"Adam", 28, []int{n, n, n, n, 2}, func(d kernels.Device, b []kernels.Buffer) {
			d.Adam(b[0], b[1], b[2], b[3], b[4], kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7})
		}},
	}
}

// BenchmarkVectors runs each operation on one core, alternating between the reference and each
// instruction set. It reports the speed of each in 10⁹ bytes a second, and the last one's share of
// the measured copy past the caches. The first decile of the runs counts: on a busy machine many are
// interrupted, and now and then one has a processor that is far faster.
//
// In the cache, all runs use the same operands of 8192 elements, 32 KB each. In memory, each run uses
// the next of 64 sets of operands of 128 Ki elements, 512 KB each, so nothing is still in a cache;
// and it is short, so that some runs are not interrupted on a busy machine.
func BenchmarkVectors(b *testing.B) {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	for _, place := range []struct {
		name       string
		n, windows int
	}{{"cache", 1 << 13, 1}, {"memory", 1 << 17, 64}} {
		for _, op := range vectorBenches(place.n) {
			b.Run(fmt.Sprintf("%s/%s", place.name, op.name), func(b *testing.B) { op.measure(b, place.n, place.windows) })
		}
	}
}

func (op *vectorBench) measure(b *testing.B, n, windows int) {
	devices := []kernels.Device{reference.New()}
	for _, set := range []string{"avx2", "avx512"} {
		if Check(set) == nil {
			devices = append(devices, open(b, set))
		}
	}
	operands := make([][]kernels.Buffer, windows)
	for w := range operands {
		for _, size := range op.sizes {
			x := randomBuffer(size)
			for j, v := range kernels.Floats(x) {
				kernels.Floats(x)[j] = v*0.5 + 0.6 // positive: for logarithms and roots
			}
			operands[w] = append(operands[w], x)
		}
	}
	times := make([][]time.Duration, len(devices))
	for _, d := range devices {
		op.run(d, operands[0]) // once to allocate
	}
	for turn := 0; b.Loop(); {
		for i, d := range devices {
			runs := 1
			if i > 0 && windows == 1 { // too short to be timed alone
				runs = 16
			}
			start := time.Now()
			for range runs {
				op.run(d, operands[turn%windows])
			}
			times[i] = append(times[i], time.Since(start)/time.Duration(runs))
			turn++
		}
	}
	speed := 0.0
	for i, d := range devices {
		speed = float64(op.bytes) * float64(n) / fastTenth(times[i]).Seconds() / 1e9
		b.ReportMetric(speed, d.Name()+"-GB/s")
	}
	if fastest, ok := devices[len(devices)-1].(*Device); ok {
		b.ReportMetric(100*speed/copySpeed(fastest), "%copy")
	}
	b.ReportMetric(0, "ns/op") // the time of all devices together says nothing
}

// copySpeed is the speed of the set's copy past the caches on one core, read and written, in 10⁹
// bytes a second, measured like the operations.
func copySpeed(d *Device) float64 {
	if speed, ok := copySpeeds[d.Name()]; ok {
		return speed
	}
	const n, windows = 1 << 17, 64
	dst, src := kernels.Floats(randomBuffer(n*windows)), kernels.Floats(randomBuffer(n*windows))
	var times []time.Duration
	for i := range 8 * windows {
		at := i % windows * n
		start := time.Now()
		d.set.peak.copy(&dst[at], &src[at], n)
		times = append(times, time.Since(start))
	}
	copySpeeds[d.Name()] = 8 * n / fastTenth(times).Seconds() / 1e9
	return copySpeeds[d.Name()]
}

var copySpeeds = map[string]float64{}

// fastTenth is the first decile of the times.
func fastTenth(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/10]
}
