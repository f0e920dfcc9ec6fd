package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"baregrad/kernels"
)

// A product with Adam's step gives the bits of the separate operations, both where one kernel does it
// and where that is not allowed: where a sum may be below 2⁻¹²⁶, an element is negative, or B is not
// finite, and for an odd row. All these cases are counted.
func TestProductWithAdamInOneKernel(t *testing.T) {
	const tiny = 0x1p-60
	pixels := func(r *rand.Rand) float32 { return float32(1+r.IntN(255)) / 255 }
	plain := func(r *rand.Rand) float32 { return float32(r.NormFloat64()) }
	// of gives value with probability share, and else 0. Mostly it repeats the previous choice,
	// because pairs of rows are for neighbouring zeros.
	of := func(value func(r *rand.Rand) float32, share float64) func(r *rand.Rand, at int) float32 {
		zero := false
		return func(r *rand.Rand, _ int) float32 {
			if r.IntN(40) == 0 {
				zero = r.Float64() >= share
			}
			if zero {
				return 0
			}
			return value(r)
		}
	}
	few := of(pixels, 0.5)
	only := func(column int, v float32) func(r *rand.Rand, at int) float32 {
		return func(r *rand.Rand, at int) float32 {
			if at == column {
				return v
			}
			return few(r, at)
		}
	}
	always := func(v float32) func(r *rand.Rand) float32 { return func(*rand.Rand) float32 { return v } }
	type share int
	const (
		none share = iota
		most
		all
	)
	cases := []struct {
		name string
		m, k int
		a, b func(r *rand.Rand, at int) float32
		want share // of the rows that one kernel does
	}{
		{"pixels", 784, 32, few, of(plain, 0.6), all},
		{"the last rows are few", 2054, 32, few, of(plain, 1), all},
		{"an odd row", 2101, 48, few, of(plain, 0.3), most},
		{"few k", 784, 17, few, of(plain, 1), all},
		{"empty columns", 784, 40, func(r *rand.Rand, at int) float32 {
			if at%784 < 40 {
				return 0
			}
			return few(r, at)
		}, of(plain, 1), all},
		{"a negative element", 2100, 32, only(2100*5+20, -1), of(plain, 1), most},
		{"−0 is no negative element", 2100, 32, only(2100*5+20, float32(math.Copysign(0, -1))), of(plain, 1), all},
		{"a tiny element", 2100, 32, only(2100*31+2099, 0x1p-100), of(plain, 1), most},
		{"a subnormal element", 2100, 32, only(3, 0x1p-149), of(plain, 1), most},
		{"a NaN", 784, 32, only(3, float32(math.NaN())), of(plain, 1), all},
		{"sums below 2⁻¹²⁶", 784, 32, of(always(tiny), 0.5), of(func(r *rand.Rand) float32 { return 0x1p-68 * plain(r) }, 1), none},
		{"sums that may be", 784, 32, of(always(tiny), 0.5), of(always(-0x1p-21), 0.5), none},
		{"sums that can't be", 784, 32, of(always(tiny), 0.5), of(always(-0x1p-20), 0.5), all},
		{"B is 0", 784, 32, few, of(plain, 0), all},
		{"an infinity", 784, 32, few, func(r *rand.Rand, at int) float32 {
			if at == 1000 {
				return float32(math.Inf(1))
			}
			return plain(r)
		}, none},
	}
	const set = "avx512"
	need(t, set)
	rate := kernels.NewHost(kernels.Float32, 2)
	copy(kernels.Floats(rate), []float32{0.001, 0.002})
	spec := kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}
	for _, workers := range []int{1, 2, 3} {
		d := workersOf(t, set, workers)
		counted, together := *d.set, d.set.zeros.adam.run
		var rows atomic.Int64
		counted.zeros.adam.run = func(s *strip, u *adamRows) {
			rows.Add(int64(s.m))
			together(s, u)
		}
		d.set = &counted
		r := rand.New(rand.NewPCG(41, 42))
		for _, c := range cases {
			name := fmt.Sprintf("%s, %d workers", c.name, workers)
			s := kernels.MatMulSpec{M: c.m, N: adamColumns, K: c.k, TransA: true}
			a, b := kernels.NewHost(kernels.Float32, s.M*s.K), kernels.NewHost(kernels.Float32, s.K*s.N)
			for i := range kernels.Floats(a) {
				kernels.Floats(a)[i] = c.a(r, i)
			}
			for i := range kernels.Floats(b) {
				kernels.Floats(b)[i] = c.b(r, i)
			}
			n := s.M * s.N
			var start [3][]float32 // w, m and v
			for i := range start {
				start[i] = make([]float32, n)
				for j := range start[i] {
					v := plain(r)
					switch r.IntN(4) {
					case 0:
						v *= 0x1p-124 // so that a gradient below 2⁻¹²⁶ changes it
					case 1:
						v = []float32{0, float32(math.Copysign(0, -1)), 0x1p-149, 0x1p-126}[r.IntN(4)]
					}
					if start[i][j] = v; i == 2 {
						start[i][j] = v * v
					}
				}
			}
			run := func(apart bool) (got [3][]float32) {
				var buffers [3]kernels.Buffer
				for i := range buffers {
					buffers[i] = kernels.NewHost(kernels.Float32, n)
					copy(kernels.Floats(buffers[i]), start[i])
				}
				g := kernels.NewHost(kernels.Float32, n)
				u := &kernels.AdamUpdate{W: buffers[0], M: buffers[1], V: buffers[2], Rate: rate, Spec: spec}
				if apart {
					d.MatMul(g, a, b, nil, s)
					u.Apply(d, g)
				} else {
					d.MatMulUpdate(u, g, a, b, s)
				}
				for i := range got {
					got[i] = slices.Clone(kernels.Floats(buffers[i]))
				}
				return got
			}
			want := run(true)
			if rows.Load() != 0 {
				t.Fatalf("%s: the product alone did Adam's step", name)
			}
			results := run(false)
			if !d.product.fused {
				t.Fatalf("%s: not considered for one kernel", name)
			}
			got, together := most, rows.Swap(0)
			switch {
			case together == 0:
				got = none
			case together == int64(s.M):
				got = all
			}
			if got != c.want {
				t.Errorf("%s: %d of %d rows in one kernel", name, together, s.M)
			}
			for i := range results {
				for j, v := range results[i] {
					if w := want[i][j]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
						t.Fatalf("%s: %s[%d] is %v (%b), want %v (%b)", name, [3]string{"w", "m", "v"}[i], j, v, v, w, w)
					}
				}
			}
		}
	}
}

// The least exponent is found at every position and length.
func TestLeastExponent(t *testing.T) {
	need(t, "avx512")
	k := setNamed("avx512").zeros.adam
	r := rand.New(rand.NewPCG(43, 44))
	for n := 1; n < 140; n++ {
		x := newFenced(n, n%8).floats()
		for i := range x {
			x[i] = []float32{1, -3, 0x1p100, 0, float32(math.Inf(-1)), float32(math.NaN())}[r.IntN(6)]
		}
		at := r.IntN(n)
		for _, v := range []float32{0x1p-10, -0x1p-10, 0x1.8p-126, -0x1p-149} {
			x[at] = v
			if got, want := k.least_exponent_f32(&x[0], n), int(math.Float32bits(v)>>23&0xff); got != want {
				t.Fatalf("%v at %d of %d: %d, want %d", v, at, n, got, want)
			}
		}
		clear(x)
		x[at] = float32(math.Copysign(0, -1))
		if got := k.least_exponent_f32(&x[0], n); got != 256 {
			t.Fatalf("%d zeros: %d, want 256", n, got)
		}
	}
}
