package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// guard surrounds the matrices in tests: a kernel that writes past its output changes one, and a
// kernel that reads past an input gets NaN into its sums.
var guard = float32(math.NaN())

// fenced is a buffer of n floats between guard words, shift floats away from
// the start of a cache line.
type fenced struct {
	whole  []float32
	from   int
	buffer kernels.Buffer
}

func newFenced(n, shift int) *fenced {
	const margin = 16
	g := &fenced{from: margin + shift}
	whole := kernels.NewHost(kernels.Float32, n+2*margin+shift)
	g.whole = kernels.Floats(whole)
	for i := range g.whole {
		g.whole[i] = guard
	}
	g.buffer = whole.Slice(g.from, g.from+n)
	return g
}

func (g *fenced) floats() []float32 { return kernels.Floats(g.buffer) }

// intact fails the test if a guard word was overwritten.
func (g *fenced) intact(t *testing.T, name string) {
	t.Helper()
	for i, v := range g.whole {
		if inside := i >= g.from && i < g.from+g.buffer.Len(); !inside && v == v {
			t.Fatalf("%s: the guard word at %d was overwritten with %v", name, i-g.from, v)
		}
	}
}

// fill sets the buffer to random values in [−1,1).
func (g *fenced) fill(r *rand.Rand) *fenced {
	for i := range g.floats() {
		g.floats()[i] = 2*r.Float32() - 1
	}
	return g
}

// magnitude is a copy with absolute values, for error bounds.
func magnitude(b kernels.Buffer) kernels.Buffer {
	if b == nil {
		return nil
	}
	h := kernels.NewHost(kernels.Float32, b.Len())
	for i, v := range kernels.Floats(b) {
		kernels.Floats(h)[i] = float32(math.Abs(float64(v)))
	}
	return h
}

// compare fails the test unless got = want within terms·2⁻²⁴·sums, element by element: the bound on
// the error of a sum of that many products in float32, where sums is the sum of their magnitudes.
func compare(t *testing.T, name string, got, want, sums []float32, terms int) {
	t.Helper()
	for i, g := range got {
		tol := float64(terms) * 0x1p-24 * float64(sums[i])
		if diff := math.Abs(float64(g) - float64(want[i])); !(diff <= tol) {
			t.Fatalf("%s: element %d of %d is %v, want %v within %v", name, i, len(got), g, want[i], tol)
		}
	}
}

// checkMatMul compares one product with the reference.
func checkMatMul(t *testing.T, d *Device, r *rand.Rand, s kernels.MatMulSpec, withBias bool) {
	t.Helper()
	name := fmt.Sprintf("%+v, bias %v", s, withBias)
	a := newFenced(s.M*s.K, r.IntN(8)).fill(r)
	b := newFenced(s.K*s.N, r.IntN(8)).fill(r)
	c := newFenced(s.M*s.N, r.IntN(8)).fill(r)
	var bias kernels.Buffer
	if withBias {
		bias = newFenced(s.N, r.IntN(8)).fill(r).buffer
	}
	ref := reference.New()
	want := kernels.NewHost(kernels.Float32, s.M*s.N)
	ref.Copy(want, c.buffer)
	ref.MatMul(want, a.buffer, b.buffer, bias, s)
	sums := magnitude(c.buffer)
	plus := s
	plus.ReLU = false
	ref.MatMul(sums, magnitude(a.buffer), magnitude(b.buffer), magnitude(bias), plus)

	d.MatMul(c.buffer, a.buffer, b.buffer, bias, s)
	c.intact(t, name)
	compare(t, name, c.floats(), kernels.Floats(want), kernels.Floats(sums), s.K+4)
}

func TestMatMulMatchesReference(t *testing.T) {
	sizes := []int{0, 1, 2, 3, 5, 6, 7, 8, 9, 13, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 50, 63, 64, 65, 70}
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 2))
			for _, m := range sizes {
				for _, n := range sizes {
					for _, k := range []int{sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]} {
						s := kernels.MatMulSpec{M: m, N: n, K: k, TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0,
							Mode: r.IntN(2) == 0, ReLU: r.IntN(2) == 0}
						checkMatMul(t, d, r, s, r.IntN(2) == 0)
					}
				}
			}
		})
	}
}

// Sizes that take every branch of the plan: many strips, several runs and chunks
// of K, several steps of rows, copies of A in both orders, several blocks and groups.
func TestMatMulMatchesReferenceWhenLarge(t *testing.T) {
	shapes := [][3]int{
		{1, 784, 300}, {3, 10, 1000}, {130, 10, 32}, {128, 32, 784}, {33, 500, 401}, {200, 200, 800},
		{9, 32, 20000}, {17, 33, 7001}, {5, 700, 385}, {100, 97, 1024}, {1000, 32, 25}, {25, 1000, 769}, {3000, 31, 9},
		{600, 130, 1030}, {100, 250, 2048}, {512, 100, 40}, {520, 80, 64}, {64, 1, 200},
	}
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(3, 4))
			for i, shape := range shapes {
				for trans := range 4 {
					s := kernels.MatMulSpec{M: shape[0], N: shape[1], K: shape[2], TransA: trans&1 == 1, TransB: trans&2 == 2,
						Mode: i%2 == 0, ReLU: trans == 1}
					checkMatMul(t, d, r, s, (i+trans)%3 == 0)
				}
			}
		})
	}
}

// The bits are the same for any number of workers and any instruction set.
func TestMatMulBitsDependOnShapeAlone(t *testing.T) {
	shapes := [][3]int{{128, 10, 32}, {70, 300, 500}, {9, 32, 20000}, {300, 150, 800}, {600, 70, 700}, {200, 64, 20}}
	for _, shape := range shapes {
		for trans := range 4 {
			s := kernels.MatMulSpec{M: shape[0], N: shape[1], K: shape[2], TransA: trans&1 == 1, TransB: trans&2 == 2}
			r := rand.New(rand.NewPCG(5, 6))
			a, b := newFenced(s.M*s.K, 0).fill(r), newFenced(s.K*s.N, 0).fill(r)
			var first []float32
			for _, set := range Names() {
				if Allowed(set) != nil {
					continue // TestMatMulMatchesReference says what is missing
				}
				for _, workers := range []int{1, 2, 8} {
					old := runtime.GOMAXPROCS(workers)
					d, err := New(set)
					runtime.GOMAXPROCS(old)
					if err != nil {
						t.Fatal(err)
					}
					c := newFenced(s.M*s.N, 0)
					d.MatMul(c.buffer, a.buffer, b.buffer, nil, s)
					d.Close()
					if first == nil {
						first = c.floats()
						continue
					}
					for i, v := range c.floats() {
						if math.Float32bits(v) != math.Float32bits(first[i]) {
							t.Fatalf("%+v: %s with %d workers gives %v at %d, one worker gave %v", s, set, workers, v, i, first[i])
						}
					}
				}
			}
		}
	}
}

// A NaN or an infinity reaches exactly those elements of C that it must.
func TestMatMulKeepsNaNAndInf(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(7, 8))
			for _, shape := range [][3]int{{9, 17, 5}, {20, 50, 30}, {8, 10, 1}} {
				for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					for variant := range 8 {
						s := kernels.MatMulSpec{M: shape[0], N: shape[1], K: shape[2], ReLU: variant&1 == 1}
						a, b := newFenced(s.M*s.K, 0).fill(r), newFenced(s.K*s.N, 0).fill(r)
						a.floats()[r.IntN(s.M*s.K)] = float32(special)
						if variant&2 == 2 {
							b.floats()[r.IntN(s.K*s.N)] = float32(special)
						}
						if variant&4 == 4 {
							b.floats()[r.IntN(s.K*s.N)] = 0 // 0·Inf is NaN: no product may be skipped
						}
						c, want := newFenced(s.M*s.N, 3), kernels.NewHost(kernels.Float32, s.M*s.N)
						d.MatMul(c.buffer, a.buffer, b.buffer, nil, s)
						reference.New().MatMul(want, a.buffer, b.buffer, nil, s)
						for i, v := range c.floats() {
							w := kernels.Floats(want)[i]
							same := v == w || (v != v && w != w) || math.Abs(float64(v-w)) <= 1e-4 // finite sums of up to 30 products below 1
							if !same {
								t.Fatalf("%+v with %v: element %d is %v, want %v", s, special, i, v, w)
							}
						}
					}
				}
			}
		})
	}
}

func TestMatMulAllocatesNothing(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			for _, s := range []kernels.MatMulSpec{{M: 128, N: 10, K: 32}, {M: 200, N: 300, K: 400, TransB: true}, {M: 300, N: 200, K: 400, TransA: true}, {M: 200, N: 256, K: 784}, {M: 9, N: 32, K: 20000}} {
				a, b, c := newFenced(s.M*s.K, 0), newFenced(s.K*s.N, 0), newFenced(s.M*s.N, 0)
				if n := testing.AllocsPerRun(10, func() { d.MatMul(c.buffer, a.buffer, b.buffer, nil, s) }); n != 0 {
					t.Errorf("%+v allocates %v times", s, n)
				}
			}
		})
	}
}
