package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"baregrad/kernels"
)

// Each kernel is compared with the Go loop that it replaces: at every length from 0 past four vectors
// and at some far longer ones, at every alignment of a float32 within 16 bytes, between guard words,
// on inputs that mix ordinary numbers with NaN, infinities, zeros of both signs and subnormals.

// loopTest is one kernel and its Go loop. The loops use float32, with fma where the kernel rounds
// once.
type loopTest struct {
	name    string
	slices  int  // how many the kernel takes
	outputs int  // how many of these, the first ones, it writes
	ulp     int  // the allowed error: see each entry
	mode    bool // whether there are two modes to test
	kernel  func(k *vectorKernels, s [][]float32, m kernels.Mode)
	loop    func(s [][]float32, i int) float32 // what goes to s[0][i]; may store to other outputs itself
	// size is the magnitude of the terms that may nearly cancel in the result: an error of four
	// roundings, 2.4e-7, of it is allowed if size is given.
	size func(s [][]float32, i int) float64
}

// fma is a·b + c, rounded once except in rare cases in which float64 rounds to the middle between two
// float32: these are the 1 ulp that tests of kernels with multiply-adds allow.
func fma(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// flushed is what the optimizers' kernels make of a result: a subnormal becomes 0.
func flushed(x float32) float32 {
	if -0x1p-126 < x && x < 0x1p-126 {
		return 0
	}
	return x
}

var loopTests = []loopTest{
	{name: "relu_fwd_f32", slices: 2, outputs: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.relu_fwd_f32(s[0], s[1]) },
		loop: func(s [][]float32, i int) float32 {
			if s[1][i] <= 0 {
				return 0
			}
			return s[1][i]
		}},
	{name: "relu_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.relu_bwd_f32(s[0], s[1], s[2], m) },
		loop: func(s [][]float32, i int) float32 {
			if s[2][i] > 0 {
				return s[1][i]
			}
			return 0
		}},
	{name: "affine_fwd_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.affine_fwd_f32(s[0], s[1], 1.7, -0.3) },
		loop:   func(s [][]float32, i int) float32 { return fma(1.7, s[1][i], -0.3) }},
	{name: "affine_bwd_f32", slices: 2, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.affine_bwd_f32(s[0], s[1], 1.7, m) },
		loop:   func(s [][]float32, i int) float32 { return 1.7 * s[1][i] }},
	{name: "add_scaled_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.add_scaled_f32(s[0], s[1], -0.3) },
		loop:   func(s [][]float32, i int) float32 { return fma(-0.3, s[1][i], s[0][i]) }},
	{name: "fill_f32", slices: 1, outputs: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.fill_f32(s[0], 1.7) },
		loop:   func(s [][]float32, i int) float32 { return 1.7 }},
	{name: "sgd_momentum_f32", slices: 3, outputs: 3, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.sgd_momentum_f32(s[0], s[2], s[1], 0.1, 0.9)
		},
		loop: func(s [][]float32, i int) float32 {
			s[1][i] = flushed(fma(0.9, s[1][i], -flushed(0.1*s[2][i])))
			return flushed(s[0][i] + s[1][i])
		}},
	{name: "sgd_nesterov_f32", slices: 3, outputs: 3, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.sgd_nesterov_f32(s[0], s[2], s[1], 0.1, 0.9)
		},
		loop: func(s [][]float32, i int) float32 {
			step := flushed(0.1 * s[2][i])
			s[1][i] = flushed(fma(0.9, s[1][i], -step))
			return flushed(s[0][i] + flushed(fma(0.9, s[1][i], -step)))
		}},
	{name: "rmsprop_f32", slices: 3, outputs: 2, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.rmsprop_f32(s[0], s[2], s[1], 0.01, 0.9, 0.1, 1e-7)
		},
		loop: func(s [][]float32, i int) float32 {
			g := s[2][i]
			s[1][i] = flushed(fma(0.9, s[1][i], flushed(flushed(g*g)*0.1)))
			return flushed(fma(-0.01, flushed(g/sqrt(s[1][i]+1e-7)), s[0][i]))
		}},
	adamTest(0.99), adamTest(1), // weights that decay, and weights that do not
	{name: "mul_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.mul_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * s[2][i] }},
	{name: "div_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.div_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] / s[2][i] }},
	{name: "div_bwd_divisor_f32", slices: 4, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.div_bwd_divisor_f32(s[0], s[1], s[2], s[3], m)
		},
		loop: func(s [][]float32, i int) float32 { return -((s[1][i] / s[3][i]) * (s[2][i] / s[3][i])) }},

	// exp, log, sigmoid, tanh and gelu have the errors that exp_test.go measures. Here half an ulp
	// more, because the loop's result is rounded too, rounded up to a whole ulp.
	{name: "exp_fwd_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.exp_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return float32(math.Exp(float64(s[1][i]))) }},
	{name: "log_fwd_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.log_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return float32(math.Log(float64(s[1][i]))) }},
	{name: "sigmoid_fwd_f32", slices: 2, outputs: 1, ulp: 3,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.sigmoid_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return sigmoid(s[1][i]) }},
	{name: "tanh_fwd_f32", slices: 2, outputs: 1, ulp: 3,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.tanh_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return float32(math.Tanh(float64(s[1][i]))) }},
	{name: "gelu_fwd_f32", slices: 2, outputs: 1, ulp: 7,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.gelu_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return gelu(s[1][i]) }},
	{name: "gelu_bwd_f32", slices: 3, outputs: 1, ulp: 7, mode: true,
		size:   func(s [][]float32, i int) float64 { return math.Abs(float64(s[1][i])) }, // the slope's terms are up to 1
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.gelu_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * geluSlope(s[2][i]) }},
	{name: "sigmoid_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.sigmoid_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * (s[2][i] * (1 - s[2][i])) }},
	{name: "tanh_bwd_f32", slices: 3, outputs: 1, ulp: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.tanh_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * fma(-s[2][i], s[2][i], 1) }},
	{name: "softmax_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.softmax_bwd_f32(s[0], s[1], s[2], 0.7, m) },
		loop:   func(s [][]float32, i int) float32 { return s[2][i] * (s[1][i] - 0.7) }},
	{name: "log_softmax_fwd_f32", slices: 2, outputs: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.log_softmax_fwd_f32(s[0], s[1], 1.7, 0.3) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] - 1.7 - 0.3 }},
	{name: "log_softmax_bwd_f32", slices: 3, outputs: 1, mode: true,
		size: func(s [][]float32, i int) float64 {
			return math.Abs(float64(s[1][i])) + math.Exp(float64(s[2][i]))
		},
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.log_softmax_bwd_f32(s[0], s[1], s[2], 0.7, m) },
		loop: func(s [][]float32, i int) float32 {
			return fma(-0.7, float32(math.Exp(float64(s[2][i]))), s[1][i])
		}},
	{name: "softmax_cross_entropy_bwd_f32", slices: 3, outputs: 1, ulp: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.softmax_cross_entropy_bwd_f32(s[0], s[1], s[2], 0.7, 1.1, m)
		},
		loop: func(s [][]float32, i int) float32 { return 0.7 * fma(s[1][i], 1.1, -s[2][i]) }},
	{name: "mean_squared_error_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.mean_squared_error_bwd_f32(s[0], s[1], s[2], 0.7, m)
		},
		loop: func(s [][]float32, i int) float32 { return 0.7 * (s[1][i] - s[2][i]) }},
	{name: "sigmoid_binary_cross_entropy_fwd_f32", slices: 3, outputs: 1,
		size: func(s [][]float32, i int) float64 {
			return 1 + math.Abs(float64(s[1][i]))*(1+math.Abs(float64(s[2][i])))
		},
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.sigmoid_binary_cross_entropy_fwd_f32(s[0], s[1], s[2])
		},
		loop: func(s [][]float32, i int) float32 {
			x, t := float64(s[1][i]), float64(s[2][i])
			return float32(max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x))))
		}},
	{name: "sigmoid_binary_cross_entropy_bwd_f32", slices: 3, outputs: 1, mode: true,
		size: func(s [][]float32, i int) float64 { return 1 + math.Abs(float64(s[2][i])) },
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.sigmoid_binary_cross_entropy_bwd_f32(s[0], s[1], s[2], 0.7, m)
		},
		loop: func(s [][]float32, i int) float32 { return 0.7 * (sigmoid(s[1][i]) - s[2][i]) }},
	{name: "binary_cross_entropy_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.binary_cross_entropy_bwd_f32(s[0], s[1], s[2], 0.7, m)
		},
		loop: func(s [][]float32, i int) float32 {
			p := s[1][i]
			if p < 1e-7 || p > 1-1e-7 {
				return 0
			}
			return 0.7 * ((p - s[2][i]) / (p * (1 - p)))
		}},
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// gelu is x·Φ(x), and geluSlope its derivative, with their limits where Φ is 0.
func gelu(x float32) float32 {
	if x < -40 {
		return 0
	}
	return float32(float64(x) * math.Erfc(-float64(x)/math.Sqrt2) / 2)
}

func geluSlope(x float32) float32 {
	v := float64(x)
	share := math.Erfc(-v/math.Sqrt2) / 2
	if math.Abs(v) > 40 {
		return float32(share)
	}
	return float32(share + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
}

func TestKernelsAgainstTheirLoops(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range loopTests {
				t.Run(test.name, func(t *testing.T) {
					for _, n := range testLengths() {
						for offset := range 4 {
							test.run(t, k, n, offset, kernels.Overwrite)
							if test.mode {
								test.run(t, k, n, offset, kernels.Accumulate)
							}
						}
					}
				})
			}
		})
	}
}

// testLengths are 0 to 130, past eight of the widest vectors, and some far longer.
func testLengths() []int {
	lengths := []int{1000, 4099}
	for n := range 131 {
		lengths = append(lengths, n)
	}
	slices.Sort(lengths)
	return lengths
}

// run compares kernel and loop at one length.
func (test *loopTest) run(t *testing.T, k *vectorKernels, n, offset int, m kernels.Mode) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(n), uint64(offset)))
	guarded := make([]*guardedSlice, test.slices)
	got, want := make([][]float32, test.slices), make([][]float32, test.slices)
	for i := range guarded {
		guarded[i] = newGuarded(n, (offset+i)%4)
		got[i] = guarded[i].s
		fillMixed(got[i], random)
		want[i] = slices.Clone(got[i])
	}
	near := make([]float64, n)
	for i := range n {
		if test.size != nil {
			near[i] = 2.4e-7 * test.size(want, i)
			if m == kernels.Accumulate {
				near[i] += 2.4e-7 * math.Abs(float64(want[0][i]))
			}
		}
		v := test.loop(want, i)
		if m == kernels.Accumulate {
			v += want[0][i]
		}
		want[0][i] = v
	}
	test.kernel(k, got, m)
	for i := range guarded {
		guarded[i].check(t, fmt.Sprintf("length %d, slice %d", n, i))
		ulp := test.ulp
		if i >= test.outputs {
			ulp = 0 // inputs stay as they are
		}
		for j := range n {
			difference := math.Abs(float64(got[i][j]) - float64(want[i][j]))
			if !within(got[i][j], want[i][j], ulp) && !(i == 0 && difference <= near[j]) {
				t.Fatalf("length %d, offset %d, mode %v: slice %d has %v at %d, want %v within %d ulp",
					n, offset, m, i, got[i][j], j, want[i][j], ulp)
			}
		}
	}
}

// TestEveryKernelIsThere checks that no table lacks a kernel, and that every elementwise kernel has
// its loop above.
func TestEveryKernelIsThere(t *testing.T) {
	kind := reflect.TypeFor[vectorKernels]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		for _, set := range instructionSets {
			if reflect.ValueOf(set.vector).Field(i).IsNil() {
				t.Errorf("%s has no %s", set.name, name)
			}
		}
		tested := slices.ContainsFunc(loopTests, func(test loopTest) bool { return test.name == name })
		if !tested && !slices.Contains(testedElsewhere, name) {
			t.Errorf("no test compares %s with its loop", name)
		}
	}
}

// adamTest is the test of Adam's step in which weights are scaled by keep.
func adamTest(keep float32) loopTest {
	return loopTest{name: "adam_f32", slices: 4, outputs: 3, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.adam_f32(s[0], s[3], s[1], s[2], 0.01, 0.1, 0.001, 1e-7, keep)
		},
		loop: func(s [][]float32, i int) float32 {
			g := s[3][i]
			s[1][i] = flushed(fma(flushed(g-s[1][i]), 0.1, s[1][i]))
			s[2][i] = flushed(fma(flushed(fma(g, g, -s[2][i])), 0.001, s[2][i]))
			return flushed(fma(-0.01, flushed(s[1][i]/(sqrt(s[2][i])+1e-7)), flushed(s[0][i]*keep)))
		}}
}

// testedElsewhere are the kernels that have their own tests.
var testedElsewhere = []string{
	"add_fwd_f32", "sub_fwd_f32", "mul_fwd_f32", "div_fwd_f32", // arithmetic_test.go
	"sum_f32", "sum_rows_f32", "sum_parts_f64", "argmax_f32", // reduce_test.go
	"bias_relu_bwd_f32",                      // bias_relu_test.go
	"dropout_f32", "keep_f32", "uniform_f32", // dropout_test.go
	"gather_u8_f32", "gather_f32", "equal_i32", "greater_f32", // convert_test.go
	"prefetch2",                                                                                                       // it changes nothing
	"softmax_fwd_f32", "dot_f32", "squared_error_f32", "sigmoid_binary_cross_entropy_f32", "binary_cross_entropy_f32", // softmax_test.go
	"transpose_f32",                                                   // transpose_test.go
	"batch_norm_sums_f32", "batch_norm_fwd_f32", "batch_norm_bwd_f32", // batch_norm_test.go
	"layer_norm_sums_f32", "layer_norm_fwd_f32", "layer_norm_bwd_f32", // layer_norm_test.go
}

// vectorsOf returns the set's kernels, or skips the test.
func vectorsOf(t testing.TB, set string) *vectorKernels {
	t.Helper()
	need(t, set)
	i := slices.IndexFunc(instructionSets, func(s *instructionSet) bool { return s.name == set })
	return &instructionSets[i].vector
}

// guardedSlice is a slice between guard words.
type guardedSlice struct {
	s, whole []float32
	offset   int
}

// guards is the number of guard words on each side: one AVX-512 register's and some more, for the
// offset.
const guards = 24

// guardBits is a NaN with a payload that no operation produces.
const guardBits = 0x7fc0dead

// newGuarded returns n elements that begin offset elements after a 64-byte boundary.
func newGuarded(n, offset int) *guardedSlice {
	whole := kernels.Floats(kernels.NewHost(kernels.Float32, n+2*guards+16))
	for i := range whole {
		whole[i] = math.Float32frombits(guardBits)
	}
	from := 32 + offset
	return &guardedSlice{s: whole[from : from+n : from+n], whole: whole, offset: from}
}

// check fails the test if a guard word was overwritten.
func (g *guardedSlice) check(t testing.TB, what string) {
	t.Helper()
	for i, v := range g.whole {
		inside := i >= g.offset && i < g.offset+len(g.s)
		if !inside && math.Float32bits(v) != guardBits {
			t.Fatalf("%s: the word at %d of %d was written over with %v", what, i-g.offset, len(g.s), v)
		}
	}
}

// special are the values for which arithmetic is not as one expects.
var special = []float32{
	float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	0, float32(math.Copysign(0, -1)), 1, -1,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-40, -3e-39, // subnormal
	1.17549435e-38, 1e30, -1e30, 88, -88, 1e-6, 1e-7, 0.9999999, 0.3, 0.9,
}

// fillMixed fills s with ordinary numbers, one in four of them special.
func fillMixed(s []float32, random *rand.Rand) {
	for i := range s {
		s[i] = float32(random.NormFloat64() * 3)
		if random.IntN(4) == 0 {
			s[i] = special[random.IntN(len(special))]
		}
	}
}

// within tells whether got is want, or at most ulp float32 numbers away. All NaN are equal, and so
// are the two zeros.
func within(got, want float32, ulp int) bool {
	if got == want || (got != got && want != want) {
		return true
	}
	if got != got || want != want {
		return false
	}
	distance := ordinal(got) - ordinal(want)
	return max(distance, -distance) <= ulp
}

// ordinal numbers the float32 in order; the zeros are 0.
func ordinal(x float32) int {
	bits := int(math.Float32bits(x))
	if bits>>31 != 0 {
		return -(bits & 0x7fffffff)
	}
	return bits
}
