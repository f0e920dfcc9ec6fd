package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// half fills a gate: a share of about density is above 0, the rest is 0, −0 or negative.
func (g *fenced) half(r *rand.Rand, density float64) *fenced {
	x := g.sparse(r, density, 8).floats()
	for i, v := range x {
		if r.IntN(8) == 0 {
			x[i] = -v
		}
	}
	return g
}

// C has the reference's sums where the gate is open, and 0 elsewhere, for any shape, density and
// number of workers; and the bits do not depend on the workers.
func TestSampledMatMul(t *testing.T) {
	shapes := [][3]int{{200, 300, 128}, {513, 70, 128}, {1030, 33, 40}, {40, 530, 256}, {17, 1100, 384}}
	sizes := []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 129, 200, 257}
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(31, 32))
		devices := []*Device{workersOf(t, set, 1), workersOf(t, set, 3)}
		for range 150 {
			shapes = append(shapes, [3]int{sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]})
		}
		for n := range 70 {
			shapes = append(shapes, [3]int{3, 1 + n, 128})
		}
		for _, shape := range shapes {
			s := kernels.MatMulSpec{M: shape[0], N: shape[1], K: shape[2], TransB: true, Mode: r.IntN(2) == 0}
			density := []float64{0, 0.02, 0.2, 0.5, 0.9, 1}[r.IntN(6)]
			name := fmt.Sprintf("%+v, density %v", s, density)
			a, b := newFenced(s.M*s.K, r.IntN(8)).fill(r), newFenced(s.N*s.K, r.IntN(8)).fill(r)
			gate := newFenced(s.M*s.N, r.IntN(8)).half(r, density).floats()
			old := newFenced(s.M*s.N, 0).fill(r).floats()
			want := host(old)
			oracle := reference.New()
			oracle.SampledMatMul(want, host(a.floats()), host(b.floats()), host(gate), s)
			var first []float32
			for _, d := range devices {
				c := newFenced(s.M*s.N, r.IntN(8))
				copy(c.floats(), old)
				d.sampledMatMul(c.floats(), a.floats(), b.floats(), gate, s)
				c.intact(t, name)
				if first == nil {
					first = c.floats()
				}
				sameBits(t, name+": three workers", c.floats(), first)
			}
			for i, v := range first {
				w := float64(kernels.Floats(want)[i])
				// Sums of K products of numbers up to 1 or so, in float32: each addition is off by
				// half of 2⁻²³ of sums of the order of √K at most.
				if tol := 4e-7 * float64(s.K+1); !(math.Abs(float64(v)-w) <= tol) {
					t.Fatalf("%s: element %d is %v, want %v (gate %v)", name, i, v, w, gate[i])
				}
				if !(gate[i] > 0) && v != kernels.Floats(want)[i] {
					t.Fatalf("%s: element %d, where the gate is %v, is %v, want %v", name, i, gate[i], v, w)
				}
			}
		}
	})
}

// host is a buffer over a copy of x.
func host(x []float32) kernels.Buffer {
	b := kernels.NewHost(kernels.Float32, len(x))
	copy(kernels.Floats(b), x)
	return b
}

// A gate is open if it is above 0, however little, and closed if it is NaN, like a ReLU's gradient.
// Closed elements get no NaN and no infinity of A and B.
func TestSampledMatMulOfSpecialNumbers(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	gates := []float32{0, float32(math.Copysign(0, -1)), -1, nan, -inf, math.SmallestNonzeroFloat32, 1e-39, 1, inf}
	const firstOpen = 5
	eachSet(t, func(t *testing.T, set string) {
		d := workersOf(t, set, 1)
		for _, k := range []int{128, 100, 200} {
			for n := len(gates); n <= 70; n += 13 {
				for _, special := range []float32{1, nan, inf} {
					s := kernels.MatMulSpec{M: 9, N: n, K: k, TransB: true}
					a, b, gate := make([]float32, s.M*k), make([]float32, n*k), make([]float32, s.M*n)
					for i := range gate {
						gate[i] = gates[i%len(gates)]
					}
					for i := range s.M {
						a[i*k+i*11] = 2
					}
					for j := range n {
						for i := range s.M {
							b[j*k+i*11] = special
						}
					}
					c := newFenced(s.M*n, 0)
					d.sampledMatMul(c.floats(), a, b, gate, s)
					c.intact(t, "sampled product")
					for i, v := range c.floats() {
						want := float32(0)
						if i%len(gates) >= firstOpen {
							want = 2 * special
							if special == inf {
								want = nan // the other products are 0·Inf
							}
						}
						if v != want && !(v != v && want != want) {
							t.Fatalf("K = %d, %d columns of %v: where the gate is %v there is %v, want %v", k, n, special, gate[i], v, want)
						}
					}
				}
			}
		}
	})
}

// A product is sampled if few elements are open, unless the product that skips zeros of A is faster;
// and never if a dimension is too small.
func TestProductsAreSampledWhereFewAreOpen(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		need(t, set)
		d := workersOf(t, set, 1)
		r := rand.New(rand.NewPCG(33, 34))
		layer := kernels.MatMulSpec{M: 200, N: 4608, K: 128, TransB: true}
		for _, test := range []struct {
			change         func(s *kernels.MatMulSpec)
			density, dense float64 // of the gate, of A
			want           bool
		}{
			{nil, 0.1, 1, true}, {nil, 0.35, 1, true}, {nil, 0.9, 1, false}, {nil, 0.05, 0.25, true}, {nil, 0.4, 0.05, false},
			{func(s *kernels.MatMulSpec) { s.K = 256 }, 0.1, 1, true},
			{func(s *kernels.MatMulSpec) { s.K = 64 }, 0.05, 1, true}, {func(s *kernels.MatMulSpec) { s.K = 64 }, 0.5, 1, false},
			{func(s *kernels.MatMulSpec) { s.K = 10 }, 0, 1, false},
			{func(s *kernels.MatMulSpec) { s.M, s.N = 10, 40 }, 0, 1, false},
			{func(s *kernels.MatMulSpec) { s.M = 4 }, 0, 1, false},
			{func(s *kernels.MatMulSpec) { s.TransA = true }, 0, 1, false},
			{func(s *kernels.MatMulSpec) { s.TransB = false }, 0, 1, false},
		} {
			s := layer
			if test.change != nil {
				test.change(&s)
			}
			a, gate := make([]float32, s.M*s.K), make([]float32, s.M*s.N)
			for _, x := range []struct {
				x       []float32
				density float64
			}{{a, test.dense}, {gate, test.density}} {
				for i := range x.x {
					if r.Float64() < x.density {
						x.x[i] = 1
					}
				}
			}
			d.choices = zeroChoices{} // A may be at the address of another case's
			if got := d.samplingPays(a, gate, s); got != test.want {
				t.Errorf("%+v, %v of the gate open, %v of A not zero: sampled: %v, want %v", s, test.density, test.dense, got, test.want)
			}
		}
	})
}

func TestSampledMatMulAllocatesNothing(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(35, 36))
		d := workersOf(t, set, 2)
		for _, s := range []kernels.MatMulSpec{{M: 200, N: 700, K: 128}, {M: 600, N: 300, K: 200, Mode: kernels.Accumulate}} {
			s.TransB = true
			a, b, c := newFenced(s.M*s.K, 0).fill(r).floats(), newFenced(s.N*s.K, 0).fill(r).floats(), newFenced(s.M*s.N, 0).floats()
			gate := newFenced(s.M*s.N, 0).half(r, 0.2).floats()
			if n := testing.AllocsPerRun(4, func() { d.sampledMatMul(c, a, b, gate, s) }); n != 0 {
				t.Errorf("%+v allocates %v times", s, n)
			}
		}
	})
}

// The bits tell which elements are above 0, at every length.
func TestPositive(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		need(t, set)
		k := &setNamed(set).sampled
		r := rand.New(rand.NewPCG(37, 38))
		for columns := 1; columns <= 140; columns++ {
			const rows, gap, step = 3, 2, 6
			x := newFenced(rows*(columns+gap)-gap, columns%8).half(r, 0.5).floats()
			x[r.IntN(len(x))] = float32(math.NaN())
			x[r.IntN(len(x))] = math.SmallestNonzeroFloat32
			words := (columns + 31) / 32
			open := make([]uint32, rows*step)
			for i := range open {
				open[i] = 0xa5a5a5a5
			}
			k.positive_f32(&open[0], 4*step, &x[0], 4*(columns+gap), columns, rows)
			for i, got := range open {
				row, word, want := i/step, i%step, uint32(0)
				for bit := range 32 {
					if j := 32*word + bit; j < columns && x[row*(columns+gap)+j] > 0 {
						want |= 1 << bit
					}
				}
				if word >= words {
					want = 0xa5a5a5a5 // not written
				}
				if got != want {
					t.Fatalf("%d columns: word %d of row %d is %032b, want %032b", columns, word, row, got, want)
				}
			}
		}
	})
}
