package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// The bits are those of the loop in the kernel's comment, at every length and for words of every
// size, and nothing is written past them.
func TestNonzeroBits(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		need(t, set)
		r := rand.New(rand.NewPCG(23, 24))
		find := setNamed(set).zeros.rows.nonzero_bits_f32
		for n := 1; n <= 200; n++ {
			for _, each := range []int{16, 32, 48, 64} {
				const m, guardWord = 3, 0xdeadbeef
				step := n + r.IntN(3)
				a := newFenced(m*step, n%8).sparse(r, 0.3, n).floats()
				a[r.IntN(n)] = guard // a NaN
				a[r.IntN(n)] = math.SmallestNonzeroFloat32
				words := (n + each - 1) / each
				bits, anyRow := make([]uint64, m*words+1), make([]uint64, words+1)
				bits[m*words], anyRow[words] = guardWord, guardWord
				anyRow[0] = 1 << 63 // stays
				wantAny := slices.Clone(anyRow)
				find(&bits[0], &anyRow[0], &a[0], 4*step, m, n, each)
				if bits[m*words] != guardWord {
					t.Fatalf("%d rows of %d: more than %d words were written", m, n, m*words)
				}
				for i := range m {
					want := make([]uint64, words)
					for k := range n {
						if a[i*step+k] != 0 {
							want[k/each] |= 1 << (k % each)
						}
					}
					for w, v := range want {
						if got := bits[i*words+w]; got != v {
							t.Fatalf("word %d of row %d of %d, %d bits each, is %#x, want %#x", w, i, n, each, got, v)
						}
						wantAny[w] |= v
					}
				}
				if !slices.Equal(anyRow, wantAny) {
					t.Fatalf("%d rows of %d, %d bits each: the words of any row are %#x, want %#x", m, n, each, anyRow, wantAny)
				}
			}
		}
	})
}

// changes gives the same count as a loop over the places.
func TestChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for range 10000 {
		first, second := r.Uint64N(1<<samplePlaces), r.Uint64N(1<<samplePlaces)
		if r.IntN(2) == 0 { // fewer
			first, second = first&r.Uint64(), second&r.Uint64()
		}
		want, last := 0, uint64(0)
		for k := range samplePlaces {
			this := first>>k&1 + 2*(second>>k&1)
			if this != 0 {
				if last != 0 && this != last {
					want++
				}
				last = this
			}
		}
		if got := changes(first, second); got != want {
			t.Fatalf("rows %016b and %016b: %d changes, want %d", first, second, got, want)
		}
	}
}

// One infinity or NaN of B gives the same bits as in the product with all k, whether no row of A
// multiplies it, or one of the first rows, or one of the last, after those that tell whether B is
// finite.
func TestZerosLeftOutOfRowsWhereBIsNotFinite(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(33, 34))
		devices := []*Device{workersOf(t, set, 1), workersOf(t, set, 2)}
		inf, looked := float32(math.Inf(1)), map[bool]int{}
		for _, n := range []int{32, 48, 64, 128, 250} {
			for round := range 24 {
				s := kernels.MatMulSpec{M: []int{200, 300}[round/3%2], N: n, K: 700, Mode: r.IntN(2) == 0, TransB: r.IntN(2) == 0}
				a, b, c := newFenced(s.M*s.K, 0), newFenced(s.K*n, 0).fill(r), newFenced(s.M*n, 0).fill(r)
				for i := range a.floats() {
					a.floats()[i] = 0
					if i%s.K/50%2 == 0 && r.IntN(3) == 0 {
						a.floats()[i] = r.Float32() - 0.5
					}
				}
				k, j, meets := r.IntN(s.K), r.IntN(n), []int{-1, r.IntN(3), s.M - 1 - r.IntN(3)}[round%3]
				for i := range s.M {
					a.floats()[i*s.K+k] = 0
					if i == meets {
						a.floats()[i*s.K+k] = 1
					}
				}
				at := k*n + j
				if s.TransB {
					at = j*s.K + k
				}
				b.floats()[at] = []float32{inf, -inf, float32(math.NaN())}[r.IntN(3)]
				d := devices[r.IntN(2)]
				got := withAndWithout(t, d, fmt.Sprintf("%+v, row %d meets what is not finite", s, meets), c, a, b, nil, s)
				looked[d.product.lookThrough]++
				for i := range s.M {
					if v := got[i*n+j]; v-v == 0 {
						t.Fatalf("%+v: row %d of column %d is %v: it has a product with what is not finite", s, i, j, v)
					}
				}
			}
		}
		if looked[false] == 0 || looked[true] == 0 {
			t.Errorf("B was looked through, or not: %v", looked)
		}
	})
}

// The sample tells how often the nonzero ones of two rows change at the next k. If that is rare, the
// rows are processed together.
func TestSampleOfRows(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	s := kernels.MatMulSpec{M: 64, N: 128, K: 784}
	runs, single, full := make([]float32, s.M*s.K), make([]float32, s.M*s.K), make([]float32, s.M*s.K)
	for i := range runs {
		runs[i], full[i] = float32(i/8%2), 1
		if r.IntN(2) == 0 {
			single[i] = 1
		}
	}
	eachSet(t, func(t *testing.T, set string) {
		d := open(t, set)
		for _, test := range []struct {
			name string
			a    []float32
			want rowShares
		}{
			{"runs", runs, rowShares{50, 50, 0}},
			{"single ones", single, rowShares{50, 75, 46}},
			{"zeros", make([]float32, s.M*s.K), rowShares{0, 0, 0}},
		} {
			got := d.sampleRows(test.a, s)
			near := func(x, y int) bool { return x-y <= 6 && y-x <= 6 }
			if !near(got.one, test.want.one) || !near(got.either, test.want.either) || !near(got.changes, test.want.changes) {
				t.Errorf("%s: %+v, want about %+v", test.name, got, test.want)
			}
		}
		if got := d.sampleRows(full, s); got != (rowShares{100, 100, 0}) {
			t.Errorf("no zeros: %+v", got)
		}
	})
}

// All forms and widths of the kernels for rows of A change no bit: A has runs of zeros that two rows
// share, for one form, and single ones, for the other.
func TestFormsOfRowsChangeNoBit(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(27, 28))
		devices := []*Device{workersOf(t, set, 1), workersOf(t, set, 2)}
		forms := map[*rowProduct]int{}
		for n := 1; n <= 300; n += 7 {
			for round := range 6 {
				s := kernels.MatMulSpec{M: 1 + r.IntN(90), N: n, K: 1 + r.IntN(1200), TransB: r.IntN(3) == 0, Mode: r.IntN(2) == 0, ReLU: r.IntN(2) == 0}
				a, b, c := newFenced(s.M*s.K, r.IntN(8)), newFenced(s.K*n, r.IntN(8)).fill(r), newFenced(s.M*n, r.IntN(8)).fill(r)
				for i := range a.floats() {
					a.floats()[i] = 0
					if like := round%2 == 0; like && i%s.K/20%2 == 0 || !like && r.IntN(3) == 0 {
						a.floats()[i] = r.Float32() - 0.5
					}
				}
				if round == 5 { // products of 1e-25 and less are 0 or −0
					for i := range a.floats() {
						a.floats()[i] *= 1e-25
					}
					for i := range b.floats() {
						b.floats()[i] *= 1e-21
					}
				}
				d := devices[r.IntN(2)]
				withAndWithout(t, d, fmt.Sprintf("%+v, round %d", s, round), c, a, b, nil, s)
				forms[&d.product.form[0]]++
			}
		}
		rows := &setNamed(set).zeros.rows
		for _, form := range [][]rowProduct{rows.single, rows.either, rows.both} {
			if len(form) > 0 && forms[&form[0]] == 0 {
				t.Errorf("the form that begins with %d registers was not met: %v", form[0].registers, forms)
			}
		}
	})
}
