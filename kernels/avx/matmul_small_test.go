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
