package avx

import (
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// Small products have the same bits as if they were planned, and write no more than C.
func TestSmallProductsHaveTheSameBits(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d, r := workersOf(t, set, 1), rand.New(rand.NewPCG(41, 42))
		size := func(most int) int { return int(math.Exp(r.Float64() * math.Log(float64(most+1)))) }
		count := 0
		for range 600 {
			s := kernels.MatMulSpec{M: size(smallRows), N: size(200), K: size(blockK), TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0}
			if r.IntN(4) == 0 {
				s.N = 10
			}
			if s.Mode, s.ReLU = kernels.Overwrite, r.IntN(2) == 0; !s.ReLU && r.IntN(2) == 0 {
				s.Mode = kernels.Accumulate
			}
			if !isSmall(s) {
				continue
			}
			count++
			a, b, c := newFenced(s.M*s.K, r.IntN(4)).fill(r), newFenced(s.K*s.N, r.IntN(4)).fill(r), newFenced(s.M*s.N, r.IntN(4)).fill(r)
			var bias []float32
			if r.IntN(2) == 0 {
				bias = newFenced(s.N, r.IntN(4)).fill(r).floats()
			}
			want := append([]float32(nil), c.floats()...)
			d.multiply(want, a.floats(), b.floats(), bias, s, false)
			d.multiplySmall(c.floats(), a.floats(), b.floats(), bias, s)
			c.intact(t, "small product")
			for i, v := range c.floats() {
				if math.Float32bits(v) != math.Float32bits(want[i]) {
					t.Fatalf("%+v, with bias %v: element %d is %v, want %v", s, bias != nil, i, v, want[i])
				}
			}
		}
		if count < 300 {
			t.Errorf("%d of 600 products were small: want half of them at least", count)
		}
	})
}

// Ten columns, for which AVX-512 has a loop of its own, have the bits of the first ten of eleven.
func TestTenColumnsHaveTheBitsOfEleven(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d, r := workersOf(t, set, 1), rand.New(rand.NewPCG(45, 46))
		for range 200 {
			s := kernels.MatMulSpec{M: 1 + r.IntN(400), N: 10, K: 1 + r.IntN(blockK), TransA: r.IntN(2) == 0}
			s.Mode, s.ReLU = kernels.Overwrite, r.IntN(2) == 0
			if r.IntN(3) == 0 {
				s.Mode, s.ReLU = kernels.Accumulate, false
			}
			wide := s
			wide.N = 11
			a, b, c := newFenced(s.M*s.K, r.IntN(4)).fill(r).floats(), newFenced(s.K*10, r.IntN(4)).fill(r).floats(), newFenced(s.M*10, r.IntN(4)).fill(r)
			widened := func(x []float32) []float32 { // an eleventh column of ones
				y := make([]float32, 0, len(x)/10*11)
				for ; len(x) > 0; x = x[10:] {
					y = append(append(y, x[:10]...), 1)
				}
				return y
			}
			bias := newFenced(11, r.IntN(4)).fill(r).floats()
			if r.IntN(2) == 0 {
				bias = nil
			}
			want := widened(c.floats())
			d.multiply(want, a, widened(b), bias, wide, false)
			d.multiply(c.floats(), a, b, bias, s, false)
			c.intact(t, "ten columns")
			for i, v := range c.floats() {
				if w := want[i/10*11+i%10]; math.Float32bits(v) != math.Float32bits(w) {
					t.Fatalf("%+v, with bias %v: element %d is %v, want %v", s, bias != nil, i, v, w)
				}
			}
		}
	})
}
