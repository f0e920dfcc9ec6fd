package avx

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// Each method that does not simply leave its work to the reference is called here on small and large
// sizes, and compared with the reference, and bit by bit with itself for other numbers of workers. It
// must make 0 allocations.

// deviceTest is one call of a method.
type deviceTest struct {
	name    string
	sizes   []int // of the float32 buffers b that run is given
	outputs int   // how many of these, the first ones, it writes
	// far is how much results may differ from the reference's, which keeps float64 between its steps:
	// as a share of the value, or of 1 if the value is smaller.
	far float64
	run func(d kernels.Device, b []kernels.Buffer)
}

// exact is for results rounded once on both sides; rounded is for those with some float32 roundings
// of 6e-8 each.
const (
	exact   = 0
	rounded = 5e-7
)

func deviceTests() []deviceTest {
	tests := []deviceTest{}
	for _, n := range []int{0, 1, 37, 100_003} {
		tests = append(tests, elementTests(n)...)
	}
	for _, s := range []kernels.GatherSpec{{Rows: 5, Width: 784, Scale: 1.0 / 255}, {Rows: 128, Width: 784, Scale: 2, Shift: -1}, {Rows: 3, Width: 1, Scale: 1}, {Rows: 1001, Width: 10, Scale: 1}} {
		tests = append(tests, gatherTests(s)...)
	}
	for _, s := range []kernels.ReduceSpec{
		{Outer: 1, N: 1, Inner: 1}, {Outer: 1, N: 0, Inner: 3}, {Outer: 0, N: 3, Inner: 2}, {Outer: 1, N: 128, Inner: 10},
		{Outer: 1, N: 3001, Inner: 33}, {Outer: 5, N: 1, Inner: 1}, {Outer: 7, N: 13, Inner: 3}, {Outer: 2, N: 70_001, Inner: 1},
		{Outer: 2, N: 4099, Inner: 24}, {Outer: 4001, N: 10, Inner: 1}, {Outer: 500, N: 7, Inner: 31},
	} {
		tests = append(tests, reduceTests(s)...)
	}
	for _, s := range [][2]int{{0, 3}, {1, 1}, {128, 10}, {4001, 17}, {3, 1000}, {7, 8}, {200, 32}, {65, 33}, {64, 7}} {
		tests = append(tests, rowTests(s[0], s[1])...)
	}
	for _, s := range [][2]int{{1, 1}, {128, 10}, {4001, 17}, {3, 1000}, {7, 8}, {20_000, 3}, {5000, 32}, {3001, 70}} {
		tests = append(tests, batchNormTests(s[0], s[1])...)
	}
	for _, s := range [][2]int{{0, 3}, {1, 1}, {128, 10}, {4001, 17}, {3, 1000}, {7, 8}, {20_000, 3}, {5000, 32}, {3001, 70}, {2, 20_000}} {
		tests = append(tests, layerNormTests(s[0], s[1])...)
	}
	for _, s := range []struct{ shape, order []int }{
		{[]int{1}, []int{0}}, {[]int{0, 3}, []int{1, 0}}, {[]int{5}, []int{0}}, {[]int{2, 3}, []int{0, 1}}, {[]int{8, 8}, []int{1, 0}}, {[]int{37, 53}, []int{1, 0}},
		{[]int{1000, 129}, []int{1, 0}}, {[]int{3, 28, 28, 5}, []int{0, 3, 1, 2}}, {[]int{3, 17, 9, 16}, []int{0, 2, 3, 1}}, {[]int{2, 3, 4, 5, 6}, []int{4, 2, 0, 3, 1}},
		{[]int{9, 10, 11}, []int{1, 0, 2}}, {[]int{1, 7, 1, 3}, []int{3, 2, 1, 0}}, {[]int{70, 80, 30}, []int{2, 0, 1}},
	} {
		tests = append(tests, transposeTests(s.shape, s.order)...)
	}
	for _, shapes := range [][2][]int{
		{{1}, {1}}, {{0}, {1}}, {{37}, {37}}, {{70_001}, {70_001}}, {{70_001}, {1}}, {{1}, {5}}, {{128, 10}, {10}}, {{3001, 33}, {33}},
		{{33}, {3001, 33}}, {{77, 1}, {77, 50}}, {{5, 1}, {1, 7}}, {{3, 1, 5}, {3, 4, 5}}, {{2, 3, 1, 5}, {3, 4, 1}}, {{2, 1, 3, 1, 2}, {1, 5, 1, 4, 1}},
	} {
		tests = append(tests, broadcastTests(shapes[0], shapes[1])...)
	}
	return tests
}

func elementTests(n int) []deviceTest {
	return []deviceTest{
		{"Fill", []int{n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.Fill(b[0], 1.7) }},
		{"ReLU", []int{n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.ReLU(b[0], b[1]) }},
		{"ReLUGrad", []int{n, n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.ReLUGrad(b[0], b[1], b[2], kernels.Accumulate) }},
		{"ExpGrad", []int{n, n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.ExpGrad(b[0], b[1], b[2], kernels.Accumulate) }},
		{"LogGrad", []int{n, n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.LogGrad(b[0], b[1], b[2], kernels.Overwrite) }},
		{"Exp", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Exp(b[0], b[1]) }},
		{"Log", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Log(b[0], b[1]) }},
		{"Sigmoid", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Sigmoid(b[0], b[1]) }},
		{"SigmoidGrad", []int{n, n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.SigmoidGrad(b[0], b[1], b[2], kernels.Overwrite) }},
		{"Tanh", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Tanh(b[0], b[1]) }},
		{"TanhGrad", []int{n, n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.TanhGrad(b[0], b[1], b[2], kernels.Accumulate) }},
		{"GELU", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.GELU(b[0], b[1]) }},
		{"GELUGrad", []int{n, n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.GELUGrad(b[0], b[1], b[2], kernels.Accumulate) }},
		{"Affine", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Affine(b[0], b[1], 2.5, -0.1) }},
		{"AffineGrad", []int{n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.AffineGrad(b[0], b[1], 2.3, kernels.Accumulate) }},
		{"AddScaled", []int{n, n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.AddScaled(b[0], b[1], -0.3) }},
		{"SGD", []int{n, n, 2}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.SGD(b[0], b[1], nil, b[2], kernels.SGDSpec{}) }},
		{"SGD with momentum", []int{n, n, n, 2}, 2, rounded, func(d kernels.Device, b []kernels.Buffer) {
			d.SGD(b[0], b[2], b[1], b[3], kernels.SGDSpec{Momentum: 0.9})
		}},
		{"SGD with Nesterov", []int{n, n, n, 2}, 2, rounded, func(d kernels.Device, b []kernels.Buffer) {
			d.SGD(b[0], b[2], b[1], b[3], kernels.SGDSpec{Momentum: 0.9, Nesterov: true})
		}},
		{"RMSprop", []int{n, n, n, 2}, 2, 2e-6, func(d kernels.Device, b []kernels.Buffer) {
			squares(d, b[1])
			d.RMSprop(b[0], b[2], b[1], nil, nil, b[3], kernels.RMSpropSpec{Rho: 0.9, Epsilon: 1e-7})
		}},
		{"Adam", []int{n, n, n, n, 2}, 3, 2e-6, func(d kernels.Device, b []kernels.Buffer) {
			squares(d, b[2])
			d.Adam(b[0], b[3], b[1], b[2], b[4], kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.004})
		}},
		{"Dropout", []int{n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.Dropout(b[0], b[1], stepBuffer, kernels.DropoutSpec{Rate: 0.3, Seed: 1 << 40, Layer: 3})
		}},
		{"DropoutGrad", []int{n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.DropoutGrad(b[0], b[1], stepBuffer, kernels.DropoutSpec{Rate: 0.3, Seed: 1 << 40, Layer: 3}, kernels.Accumulate)
		}},
		{"Uniform", []int{n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Uniform(b[0], -0.05, 0.07, 99) }},
	}
}

// stepBuffer holds the number of a training step.
var stepBuffer = intBuffer(77)

func intBuffer(values ...int32) kernels.Buffer {
	b := kernels.NewHost(kernels.Int32, len(values))
	copy(kernels.Ints(b), values)
	return b
}

// squares makes a buffer's elements positive, like running means of squares.
func squares(d kernels.Device, b kernels.Buffer) {
	d.Affine(b, b, 0, 0.5)
}

// rowTests are the operations on the rows of a matrix.
func rowTests(rows, cols int) []deviceTest {
	n := rows * cols
	classes := kernels.NewHost(kernels.Int32, rows)
	for r := range kernels.Ints(classes) {
		kernels.Ints(classes)[r] = int32(r * 7 % cols)
	}
	const over, add = kernels.Overwrite, kernels.Accumulate
	_, whole, err := kernels.Broadcast([]int{n}, []int{n})
	if err != nil {
		panic(err)
	}
	return []deviceTest{
		{"Softmax", []int{n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.Softmax(b[0], b[1], rows, cols) }},
		{"SoftmaxGrad", []int{n, n, n}, 1, 2e-5, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxGrad(b[0], b[1], b[2], rows, cols, add)
		}},
		{"LogSoftmax", []int{n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.LogSoftmax(b[0], b[1], rows, cols) }},
		{"LogSoftmaxGrad", []int{n, n, n}, 1, 2e-5, func(d kernels.Device, b []kernels.Buffer) {
			d.LogSoftmaxGrad(b[0], b[1], b[2], rows, cols, over)
		}},
		{"SoftmaxCrossEntropy of classes", []int{rows, n, n}, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropy(b[0], b[1], b[2], classes, rows, cols)
		}},
		{"SoftmaxCrossEntropy of distributions", []int{rows, n, n, n}, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.Mul(b[3], b[3], b[3], whole) // not negative, like a distribution's numbers
			d.SoftmaxCrossEntropy(b[0], b[1], b[2], b[3], rows, cols)
		}},
		{"SoftmaxCrossEntropyGrad of classes", []int{n, rows, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(b[0], b[1], b[2], classes, rows, cols, add)
		}},
		{"SoftmaxCrossEntropyGrad of classes, overwriting", []int{n, rows, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(b[0], b[1], b[2], classes, rows, cols, over)
		}},
		{"SoftmaxCrossEntropyGrad of distributions", []int{n, rows, n, n}, 1, 1e-5, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(b[0], b[1], b[2], b[3], rows, cols, add)
		}},
		{"SoftmaxCrossEntropyGrad of distributions, overwriting", []int{n, rows, n, n}, 1, 1e-5, func(d kernels.Device, b []kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(b[0], b[1], b[2], b[3], rows, cols, over)
		}},
		{"Accuracy of classes", []int{rows, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.Accuracy(b[0], b[1], classes, rows, cols)
		}},
		{"Accuracy of distributions", []int{rows, n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.Accuracy(b[0], b[1], b[2], rows, cols)
		}},
		{"MeanSquaredError", []int{rows, n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.MeanSquaredError(b[0], b[1], b[2], rows, cols)
		}},
		{"MeanSquaredErrorGrad", []int{n, rows, n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.MeanSquaredErrorGrad(b[0], b[1], b[2], b[3], rows, cols, over)
		}},
		{"SigmoidBinaryCrossEntropy", []int{rows, n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.SigmoidBinaryCrossEntropy(b[0], b[1], b[2], rows, cols)
		}},
		{"BinaryCrossEntropy", []int{rows, n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.BinaryCrossEntropy(b[0], b[1], b[2], rows, cols)
		}},
		{"BinaryCrossEntropyGrad", []int{n, rows, n, n}, 1, 2e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.BinaryCrossEntropyGrad(b[0], b[1], b[2], b[3], rows, cols, over)
		}},
		{"SigmoidBinaryCrossEntropyGrad", []int{n, rows, n, n}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.SigmoidBinaryCrossEntropyGrad(b[0], b[1], b[2], b[3], rows, cols, add)
		}},
	}
}

func batchNormTests(rows, cols int) []deviceTest {
	n := rows * cols
	const over, add = kernels.Overwrite, kernels.Accumulate
	return []deviceTest{
		{"BatchNorm", []int{n, cols, cols, n, cols, cols}, 3, 2e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.BatchNorm(b[0], b[1], b[2], b[3], b[4], b[5], rows, cols, 0.1)
		}},
		{"BatchNormGrad", []int{n, cols, cols, n, n, cols, cols, cols}, 3, 1e-5, func(d kernels.Device, b []kernels.Buffer) {
			squares(d, b[6])
			d.BatchNormGrad(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], rows, cols, 0.1, add, over, add)
		}},
	}
}

func layerNormTests(rows, cols int) []deviceTest {
	n := rows * cols
	const over, add = kernels.Overwrite, kernels.Accumulate
	return []deviceTest{
		{"LayerNorm", []int{n, rows, rows, n, cols, cols}, 3, 2e-6, func(d kernels.Device, b []kernels.Buffer) {
			d.LayerNorm(b[0], b[1], b[2], b[3], b[4], b[5], rows, cols, 0.1)
		}},
		{"LayerNormGrad", []int{n, cols, cols, n, n, rows, rows, cols}, 3, 1e-5, func(d kernels.Device, b []kernels.Buffer) {
			d.LayerNormGrad(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], rows, cols, add, over, add)
		}},
	}
}

func transposeTests(shape, order []int) []deviceTest {
	_, s, err := kernels.Permute(shape, order)
	if err != nil {
		panic(err)
	}
	sizes := []int{s.Len(), s.Len()}
	return []deviceTest{
		{"Transpose", sizes, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.Transpose(b[0], b[1], s) }},
		{"TransposeGrad", sizes, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.TransposeGrad(b[0], b[1], s, kernels.Overwrite) }},
		{"TransposeGrad, accumulated", sizes, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.TransposeGrad(b[0], b[1], s, kernels.Accumulate) }},
	}
}

func gatherTests(s kernels.GatherSpec) []deviceTest {
	const rows = 50
	pixels := kernels.NewHost(kernels.Uint8, rows*s.Width)
	for i := range kernels.Uint8s(pixels) {
		kernels.Uint8s(pixels)[i] = uint8(i * 7)
	}
	cursor, indices := intBuffer(2), make([]int32, s.Rows+2)
	for i := range indices {
		indices[i] = int32(i * 11 % rows)
	}
	index := intBuffer(indices...)
	n := s.Rows * s.Width
	labels, gathered, others := kernels.NewHost(kernels.Int32, rows*s.Width), kernels.NewHost(kernels.Int32, n), kernels.NewHost(kernels.Int32, n)
	for i := range kernels.Ints(labels) {
		kernels.Ints(labels)[i] = int32(i % 5)
	}
	for i := range kernels.Ints(others) {
		kernels.Ints(others)[i] = int32(i % 3)
	}
	return []deviceTest{
		{"Gather of images", []int{n}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Gather(b[0], pixels, index, cursor, s) }},
		{"Gather of float32", []int{n, rows * s.Width}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.Gather(b[0], b[1], index, cursor, s) }},
		{"Gather of labels, Equal", []int{n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.Gather(gathered, labels, index, cursor, s)
			d.Equal(b[0], gathered, others)
		}},
		{"Greater", []int{n, n}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.Greater(gathered, b[1], 0.1)
			for i, v := range kernels.Ints(gathered) {
				kernels.Floats(b[0])[i] = float32(v)
			}
		}},
	}
}

func reduceTests(s kernels.ReduceSpec) []deviceTest {
	whole, part := s.Outer*s.N*s.Inner, s.Outer*s.Inner
	tests := []deviceTest{
		{"Sum", []int{part, whole}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.Sum(b[0], b[1], s, kernels.Overwrite) }},
		{"Sum, accumulated", []int{part, whole}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.Sum(b[0], b[1], s, kernels.Accumulate) }},
		{"Mean", []int{part, whole}, 1, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.Mean(b[0], b[1], s) }},
		{"SumGrad", []int{whole, part}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.SumGrad(b[0], b[1], s, kernels.Accumulate) }},
		{"MeanGrad", []int{whole, part}, 1, rounded, func(d kernels.Device, b []kernels.Buffer) { d.MeanGrad(b[0], b[1], s, kernels.Overwrite) }},
	}
	if s.N > 0 {
		arg := kernels.NewHost(kernels.Int32, part)
		tests = append(tests, deviceTest{"Max", []int{part, part, whole}, 2, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.Max(b[0], arg, b[2], s)
			for i, index := range kernels.Ints(arg) {
				kernels.Floats(b[1])[i] = float32(index)
			}
		}}, deviceTest{"ArgMax", []int{part, whole}, 1, exact, func(d kernels.Device, b []kernels.Buffer) {
			d.ArgMax(arg, b[1], s)
			for i, index := range kernels.Ints(arg) {
				kernels.Floats(b[0])[i] = float32(index)
			}
		}})
	}
	return tests
}

func broadcastTests(shapeA, shapeB []int) []deviceTest {
	_, s, err := kernels.Broadcast(shapeA, shapeB)
	if err != nil {
		panic(err)
	}
	forward := []int{s.Len(), s.LenA(), s.LenB()}
	sums := []int{s.LenA(), s.LenB(), s.Len()}
	products := append(slices.Clone(sums), s.LenA(), s.LenB())
	const over, add = kernels.Overwrite, kernels.Accumulate
	return []deviceTest{
		{"Add", forward, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.Add(b[0], b[1], b[2], s) }},
		{"Sub", forward, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.Sub(b[0], b[1], b[2], s) }},
		{"Mul", forward, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.Mul(b[0], b[1], b[2], s) }},
		{"Div", forward, 1, exact, func(d kernels.Device, b []kernels.Buffer) { d.Div(b[0], b[1], b[2], s) }},
		{"AddGrad", sums, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.AddGrad(b[0], b[1], b[2], s, add, over) }},
		{"SubGrad", sums, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.SubGrad(b[0], b[1], b[2], s, over, add) }},
		{"SubGrad of the second", sums, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.SubGrad(nil, b[1], b[2], s, over, over) }},
		{"MulGrad", products, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.MulGrad(b[0], b[1], b[2], b[3], b[4], s, over, add) }},
		{"DivGrad", products, 2, 1e-6, func(d kernels.Device, b []kernels.Buffer) { d.DivGrad(b[0], b[1], b[2], b[3], b[4], s, add, over) }},
	}
}

func TestMethodsAgainstTheReference(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			workers := []*pool{newPool(1), newPool(2), newPool(5)}
			opened := d.pool
			use := func(p *pool) { d.pool, d.workspaces = p, make([]workspace, p.workers) }
			t.Cleanup(func() {
				use(opened)
				for _, p := range workers {
					p.close()
				}
			})
			oracle := reference.New()
			for _, test := range deviceTests() {
				use(workers[0])
				want, got := test.buffers(), test.buffers()
				test.run(oracle, want)
				test.run(d, got)
				test.compare(t, got, want)
				for _, p := range workers[1:] {
					use(p)
					again := test.buffers()
					test.run(d, again)
					test.sameBits(t, again, got, p.workers)
				}
				if allocs := testing.AllocsPerRun(1, func() { test.run(d, got) }); allocs != 0 {
					t.Errorf("%s of %v: %v allocations", test.name, test.sizes, allocs)
				}
			}
		})
	}
}

// buffers are the operands: the same numbers at each call, none near 0, so that quotients stay
// bounded.
func (test *deviceTest) buffers() []kernels.Buffer {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]kernels.Buffer, len(test.sizes))
	for i, n := range test.sizes {
		b[i] = kernels.NewHost(kernels.Float32, n)
		for j := range kernels.Floats(b[i]) {
			kernels.Floats(b[i])[j] = (0.3 + random.Float32()) * float32(1-2*random.IntN(2))
		}
	}
	return b
}

func (test *deviceTest) compare(t *testing.T, got, want []kernels.Buffer) {
	t.Helper()
	for i := range got {
		far := test.far
		if i >= test.outputs {
			far = exact
		}
		for j, w := range kernels.Floats(want[i]) {
			g := kernels.Floats(got[i])[j]
			difference := math.Abs(float64(g) - float64(w))
			if g != w && !(g != g && w != w) && !(difference <= far*max(1, math.Abs(float64(w)))) {
				t.Fatalf("%s of %v: buffer %d has %v at %d, want %v within %v", test.name, test.sizes, i, g, j, w, far)
			}
		}
	}
}

func (test *deviceTest) sameBits(t *testing.T, got, want []kernels.Buffer, workers int) {
	t.Helper()
	for i := range got {
		for j, w := range kernels.Floats(want[i]) {
			if g := kernels.Floats(got[i])[j]; math.Float32bits(g) != math.Float32bits(w) {
				t.Fatalf("%s of %v with %d workers: buffer %d has %v at %d, with one worker %v", test.name, test.sizes, workers, i, g, j, w)
			}
		}
	}
}
