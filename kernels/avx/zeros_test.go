package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"baregrad/kernels"
)

// sparse fills the buffer as fill does, and sets elements to 0 or −0 until a share of about density
// is left: single ones, runs of them, and whole rows of row elements.
func (g *fenced) sparse(r *rand.Rand, density float64, row int) *fenced {
	x := g.fill(r).floats()
	zero := func() float32 {
		if r.IntN(4) == 0 {
			return float32(math.Copysign(0, -1))
		}
		return 0
	}
	for i := range x {
		if r.Float64() >= math.Sqrt(density) {
			x[i] = zero()
		}
	}
	for i := 0; i < len(x); {
		n := min(1+r.IntN(1+2*row), len(x)-i)
		if r.Float64() >= math.Sqrt(density) {
			for j := range n {
				x[i+j] = zero()
			}
		}
		i += n
	}
	return g
}

// sameBits fails the test unless both have the same bits; all NaN are equal.
func sameBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) && !(v != v && want[i] != want[i]) {
			t.Fatalf("%s: element %d of %d is %v (%#x), want %v (%#x)", name, i, len(got), v, math.Float32bits(v), want[i], math.Float32bits(want[i]))
		}
	}
}

// multiply computes a product, skipping zeros or not, whatever manyZeros says.
func multiply(d *Device, c, a, b, bias []float32, s kernels.MatMulSpec, zeros bool) {
	if !s.TransA {
		d.product.shares = d.sampleRows(a, s)
	}
	d.multiply(c, a, b, bias, s, zeros)
}

// eachWay runs f for each way of skipping zeros: with a transposed A, by pairs of rows and by single
// ones.
func eachWay(d *Device, s kernels.MatMulSpec, f func(single bool)) {
	for _, single := range []bool{false, true} {
		if single && !s.TransA {
			return
		}
		d.product.column.single = single
		f(single)
	}
}

// withAndWithout computes a product without skipping and with each way of skipping zeros, and
// compares the bits. It returns the result.
func withAndWithout(t *testing.T, d *Device, name string, c, a, b *fenced, bias []float32, s kernels.MatMulSpec) []float32 {
	t.Helper()
	before, want := slices.Clone(c.floats()), slices.Clone(c.floats())
	multiply(d, want, a.floats(), b.floats(), bias, s, false)
	eachWay(d, s, func(single bool) {
		copy(c.floats(), before)
		multiply(d, c.floats(), a.floats(), b.floats(), bias, s, true)
		name := fmt.Sprintf("%s, single rows %v", name, single)
		c.intact(t, name)
		sameBits(t, name, c.floats(), want)
	})
	return want
}

// workersOf opens a device of the set with the given number of workers; it is closed when the test
// ends.
func workersOf(t *testing.T, set string, workers int) *Device {
	t.Helper()
	need(t, set)
	old := runtime.GOMAXPROCS(workers)
	d, err := New(set)
	runtime.GOMAXPROCS(old)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// eachSet runs a test for each instruction set.
func eachSet(t *testing.T, f func(t *testing.T, set string)) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) { f(t, set) })
	}
}

// Skipping zeros changes no bit, whatever the shape, the density and the workers.
func TestZerosLeftOutChangeNoBit(t *testing.T) {
	sizes := []int{1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 112, 127, 128, 129, 130, 145, 160, 193, 250}
	large := [][3]int{{200, 128, 1100}, {33, 300, 700}, {17, 256, 530}, {9, 32, 20000}, {300, 784, 60}, {1000, 32, 40}, {40, 16, 2048}, {600, 96, 33}, {256, 130, 600}}
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(11, 12))
		devices := []*Device{workersOf(t, set, 1), workersOf(t, set, 3)}
		check := func(m, n, k int) {
			s := kernels.MatMulSpec{M: m, N: n, K: k, TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0,
				Mode: r.IntN(2) == 0, ReLU: r.IntN(2) == 0}
			density := []float64{0, 0.02, 0.2, 0.5, 0.9, 1}[r.IntN(6)]
			row := s.K
			if s.TransA {
				row = s.M
			}
			a := newFenced(m*k, r.IntN(8)).sparse(r, density, row)
			b := newFenced(k*n, r.IntN(8)).fill(r)
			c := newFenced(m*n, r.IntN(8)).fill(r)
			var bias []float32
			if r.IntN(2) == 0 {
				bias = newFenced(n, r.IntN(8)).fill(r).floats()
			}
			name := fmt.Sprintf("%+v, bias %v, density %v", s, bias != nil, density)
			withAndWithout(t, devices[r.IntN(2)], name, c, a, b, bias, s)
		}
		for _, m := range sizes {
			for _, n := range sizes {
				check(m, n, sizes[r.IntN(len(sizes))])
			}
		}
		for _, shape := range large {
			for range 4 {
				check(shape[0], shape[1], shape[2])
			}
		}
	})
}

// Special numbers come out as if nothing were skipped: infinities and NaN of A and of B, −0, and
// products and sums too small for a float32.
func TestZerosLeftOutOfSpecialNumbers(t *testing.T) {
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)),
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-39, math.MaxFloat32, -1e-25, 1e-25}
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(13, 14))
		d := workersOf(t, set, 2)
		minus := 0
		for round := range 1200 {
			s := kernels.MatMulSpec{M: 1 + r.IntN(40), N: 1 + r.IntN(280), K: 1 + r.IntN(70), TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0,
				Mode: r.IntN(3) == 0, ReLU: r.IntN(3) == 0}
			a := newFenced(s.M*s.K, 0).sparse(r, 0.2, s.K)
			b := newFenced(s.K*s.N, 0).fill(r)
			c := newFenced(s.M*s.N, 0).fill(r)
			tiny := round%3 == 0
			if tiny { // products of 1e-25 and 1e-25 are 0 or −0
				for _, x := range [][]float32{a.floats(), b.floats()} {
					for i := range x {
						x[i] *= 1e-25
					}
				}
			}
			if round%3 != 1 || round%2 == 0 {
				for range r.IntN(3) {
					a.floats()[r.IntN(s.M*s.K)] = special[r.IntN(len(special))]
				}
			}
			if round%2 == 0 && !tiny {
				for range 1 + r.IntN(3) {
					b.floats()[r.IntN(s.K*s.N)] = special[r.IntN(len(special))]
				}
			}
			for _, v := range withAndWithout(t, d, fmt.Sprintf("round %d: %+v", round, s), c, a, b, nil, s) {
				if v == 0 && math.Signbit(float64(v)) {
					minus++
				}
			}
		}
		if minus == 0 {
			t.Error("no element was −0: the case was not met")
		}
	})
}

// zeroSpecs are products that use every kernel and every way of skipping zeros: A stored either way,
// B in place, packed and transposed, all widths of strips and tails of rows, several steps, runs and
// chunks.
func zeroSpecs() []kernels.MatMulSpec {
	var specs []kernels.MatMulSpec
	for i, shape := range [][3]int{
		{1, 1, 1}, {2, 16, 16}, {3, 33, 15}, {5, 70, 17}, {17, 130, 33}, {16, 128, 32}, {33, 250, 31}, {40, 256, 50},
		{31, 784, 20}, {200, 100, 600}, {9, 32, 20000}, {128, 20, 70}, {256, 48, 530},
	} {
		for trans := range 4 {
			specs = append(specs, kernels.MatMulSpec{M: shape[0], N: shape[1], K: shape[2], TransA: trans&1 == 1, TransB: trans&2 == 2,
				Mode: i%2 == 0, ReLU: trans == 1})
		}
	}
	// Every width of a strip. If every third element of A is not zero, two neighbouring rows have the
	// same nonzero k if K is a multiple of 3, and otherwise never.
	for _, n := range []int{16, 24, 33, 48, 56, 64, 70, 80, 88, 96, 104, 112, 128, 144} {
		for _, k := range []int{33, 34} {
			specs = append(specs, kernels.MatMulSpec{M: 3, N: n, K: k, ReLU: k == 33})
		}
	}
	for _, n := range []int{80, 96, 112, 120, 144, 152, 184, 200} {
		specs = append(specs, kernels.MatMulSpec{M: 19, N: n, K: 33, TransA: true})
	}
	return specs
}

func TestLeavingOutZerosAllocatesNothing(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(15, 16))
		d := open(t, set)
		for _, s := range zeroSpecs() {
			a, b, c := newFenced(s.M*s.K, 0).sparse(r, 0.2, s.K), newFenced(s.K*s.N, 0).fill(r), newFenced(s.M*s.N, 0)
			eachWay(d, s, func(single bool) {
				if n := testing.AllocsPerRun(4, func() { multiply(d, c.floats(), a.floats(), b.floats(), nil, s, true) }); n != 0 {
					t.Errorf("%+v, single rows %v, allocates %v times", s, single, n)
				}
			})
		}
	})
}

// A decides whether zeros are skipped: by how many of its neighbouring elements are zero.
func TestZerosAreLeftOutWhereThereAreMany(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d := open(t, set)
		r := rand.New(rand.NewPCG(17, 18))
		for _, s := range []kernels.MatMulSpec{{M: 1000, N: 32, K: 784}, {M: 784, N: 32, K: 1000, TransA: true}, {M: 200, N: 784, K: 784}, {M: 128, N: 9216, K: 128, TransB: true}} {
			for _, test := range []struct {
				density float64
				want    bool
			}{{0, true}, {0.1, true}, {0.2, true}, {0.9, false}, {1, false}} {
				a := newFenced(s.M*s.K, 0)
				for i := range a.floats() {
					a.floats()[i] = 0
					if r.Float64() < test.density {
						a.floats()[i] = 1
					}
				}
				d.choices = zeroChoices{} // addresses are reused
				if got := d.manyZeros(a.floats(), s); got != test.want {
					t.Errorf("%+v with %v of A not zero: left out: %v, want %v", s, test.density, got, test.want)
				}
			}
		}
		small := kernels.MatMulSpec{M: 128, N: 10, K: 32}
		if d.manyZeros(make([]float32, small.M*small.K), small) {
			t.Errorf("%+v is too small for lists", small)
		}
	})
}

// The words have a bit for each element that is not zero, as in the loop in mark_nonzeros_f32's
// comment, for any number of rows and columns.
func TestMarksOfNonzeros(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		need(t, set)
		z := &setNamed(set).zeros.columns
		r := rand.New(rand.NewPCG(25, 26))
		for n := 1; n <= 200; n++ {
			columns, gap := 1+r.IntN(zeroColumns), r.IntN(3)
			words := (n + 63) / 64
			a := newFenced(n*(columns+gap), n%8).sparse(r, 0.3, columns).floats()
			a[r.IntN(len(a))] = guard
			a[r.IntN(len(a))] = math.SmallestNonzeroFloat32
			a = a[:len(a)-gap]
			bits := make([]uint64, (words+1)*zeroColumns)
			for i := range bits {
				bits[i] = 0x123456789abcdef
			}
			z.mark_nonzeros_f32(&bits[0], &a[0], 4*(columns+gap), n, uint16(1<<columns-1))
			want := make([]uint64, words*zeroColumns)
			for k := range n {
				for i := range columns {
					if a[k*(columns+gap)+i] != 0 {
						want[k/64*zeroColumns+i] |= 1 << (k % 64)
					}
				}
			}
			if got := bits[:len(want)]; !slices.Equal(got, want) {
				t.Fatalf("the marks of %d×%d are %x, want %x", n, columns, got, want)
			}
			if bits[len(want)] != 0x123456789abcdef {
				t.Fatalf("the marks of %d×%d are longer than %d words", n, columns, len(want))
			}
		}
	})
}

// Single rows are chosen if two neighbours are rarely zero together, pairs if they mostly are, or if
// C has too few columns for single ones.
func TestSingleRowsOrPairs(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d := open(t, set)
		r := rand.New(rand.NewPCG(27, 28))
		for _, n := range []int{32, 128} {
			s := kernels.MatMulSpec{M: 1024, N: n, K: 200, TransA: true}
			alone, together := make([]float32, s.M*s.K), make([]float32, s.M*s.K)
			for i := range alone {
				if r.Float64() < 0.3 {
					alone[i], together[i&^1], together[i|1] = 1, 1, 1
				}
			}
			if _, single := d.columnCost(alone, s); single != (n == 128) {
				t.Errorf("%d columns, zeros at random: single rows %v", n, single)
			}
			s.K = 32 // so that all of B is in the L1 cache
			if _, single := d.columnCost(together, s); single {
				t.Errorf("%d columns, neighbours zero together: single rows", n)
			}
		}
	})
}

// An infinity or NaN is found wherever it is, and none where there is none.
func TestFinite(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		need(t, set)
		z := &setNamed(set).zeros
		r := rand.New(rand.NewPCG(21, 22))
		for columns := 1; columns <= 140; columns++ {
			const rows, gap = 3, 2
			x := newFenced(rows*(columns+gap)-gap, columns%8).floats()
			for i := range rows {
				for j := range columns {
					x[i*(columns+gap)+j] = math.MaxFloat32 * (2*r.Float32() - 1)
				}
				if i+1 < rows {
					x[i*(columns+gap)+columns] = guard // between the rows: not read
				}
			}
			if !z.finite_f32(&x[0], 4*(columns+gap), columns, rows) {
				t.Fatalf("%d columns of finite numbers are called infinite", columns)
			}
			for i := range rows {
				for j := range columns {
					at := &x[i*(columns+gap)+j]
					was := *at
					for _, v := range []float32{guard, float32(math.Inf(1)), float32(math.Inf(-1))} {
						*at = v
						if z.finite_f32(&x[0], 4*(columns+gap), columns, rows) {
							t.Fatalf("%v in row %d, column %d of %d was not found", v, i, j, columns)
						}
					}
					*at = was
				}
			}
		}
	})
}

// setNamed is the instruction set of that name.
func setNamed(name string) *instructionSet {
	return instructionSets[slices.IndexFunc(instructionSets, func(s *instructionSet) bool { return s.name == name })]
}
