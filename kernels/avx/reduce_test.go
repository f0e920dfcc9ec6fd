package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSumsAgainstTheirLoops compares sums with exact ones. On numbers of some 12
// significant bits, float64 sums of a few thousand are exact in every order, so
// the bits must agree; with NaN and infinities among them, the outcome must.
func TestSumsAgainstTheirLoops(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, n := range testLengths() {
				for variant, extra := range []float32{0, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
					random := rand.New(rand.NewPCG(uint64(n), uint64(variant)))
					x := newGuarded(n, n%4)
					for i := range x.s {
						x.s[i] = float32(random.IntN(4096)-2048) / 64
					}
					if n > 0 {
						x.s[random.IntN(n)] += extra
					}
					want := 0.0
					for _, v := range x.s {
						want += float64(v)
					}
					if got := k.sum_f32(x.s); !sameFloat64(got, want) {
						t.Fatalf("sum_f32 of %d: %v, want %v", n, got, want)
					}
					checkSumRows(t, k, x.s, 1, n)
					checkSumRows(t, k, x.s, n, 1)
					if n%3 == 0 {
						checkSumRows(t, k, x.s, 3, n/3)
					}
				}
			}
		})
	}
}

func checkSumRows(t *testing.T, k *vectorKernels, x []float32, rows, cols int) {
	t.Helper()
	const guard = 12345.5
	whole := slices.Repeat([]float64{guard}, cols+16)
	sums := whole[8 : 8+cols]
	k.sum_rows_f32(sums, x, rows)
	for c, got := range sums {
		want := 0.0
		for r := range rows {
			want += float64(x[r*cols+c])
		}
		if !sameFloat64(got, want) {
			t.Fatalf("sum_rows_f32 of %d rows of %d: %v in column %d, want %v", rows, cols, got, c, want)
		}
	}
	for i, v := range whole {
		if (i < 8 || i >= 8+cols) && v != guard {
			t.Fatalf("sum_rows_f32 of %d rows of %d: the word at %d was written over", rows, cols, i-8)
		}
	}
}

// Parts are added in order, and only the first part's sums change.
func TestSumParts(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			random := rand.New(rand.NewPCG(31, 32))
			for _, n := range []int{8, 16, 24, 64, 784} {
				for parts := 1; parts < 20; parts++ {
					sums := make([]float64, n*parts+8)
					for i := range sums {
						sums[i] = random.NormFloat64() * math.Pow(10, float64(random.IntN(20)))
					}
					sums[random.IntN(n*parts)] = math.NaN()
					sums[random.IntN(n*parts)] = math.Inf(1)
					want := slices.Clone(sums)
					for part := 1; part < parts; part++ {
						for c := range n {
							want[c] += sums[part*n+c]
						}
					}
					k.sum_parts_f64(sums[:n*parts], n, parts)
					for i, got := range sums {
						if !sameFloat64(got, want[i]) {
							t.Fatalf("sum_parts_f64 of %d parts of %d: %v at %d, want %v", parts, n, got, i, want[i])
						}
					}
				}
			}
		})
	}
}

func sameFloat64(a, b float64) bool { return a == b || (a != a && b != b) }

// TestArgMaxAgainstItsLoop has many ties, and NaN in half of the rows.
func TestArgMaxAgainstItsLoop(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, n := range testLengths() {
				for try := range 40 {
					if n == 0 {
						continue // a maximum needs an element
					}
					random := rand.New(rand.NewPCG(uint64(n), uint64(try)))
					x := newGuarded(n, try%4)
					fillMixed(x.s, random)
					for i, v := range x.s {
						switch {
						case try%2 == 0 && v != v:
							x.s[i] = -5
						case try%5 == 0: // only infinities
							x.s[i] = float32(math.Inf(random.IntN(2) - 1))
						}
					}
					best := 0
					for i, v := range x.s {
						if v > x.s[best] || (v != v && x.s[best] == x.s[best]) {
							best = i
						}
					}
					if got := k.argmax_f32(x.s); got != best {
						t.Fatalf("argmax_f32 of %s: %d, want %d", fmt.Sprint(x.s), got, best)
					}
				}
			}
		})
	}
}
