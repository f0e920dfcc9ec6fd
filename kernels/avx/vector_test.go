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
