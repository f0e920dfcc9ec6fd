package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// Two workers that compute one run of K each give the bits that one worker gives, whatever is added,
// and whoever comes first.
func TestHalvesChangeNoBit(t *testing.T) {
	special := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -1e-25}
	eachSet(t, func(t *testing.T, set string) {
		devices := []*Device{workersOf(t, set, 1), workersOf(t, set, 2), workersOf(t, set, 4)}
		r := rand.New(rand.NewPCG(21, 22))
		halved := map[string]bool{}
		for _, s := range []kernels.MatMulSpec{
			{M: 200, N: 784, K: 784}, {M: 200, N: 784, K: 784, ReLU: true}, {M: 784, N: 32, K: 1000, TransA: true},
			{M: 90, N: 200, K: 513}, {M: 96, N: 193, K: 1024, TransA: true, ReLU: true}, {M: 100, N: 300, K: 600, TransB: true},
			{M: 130, N: 250, K: 700, Mode: kernels.Accumulate},
		} {
			for round := range 8 {
				a, b := newFenced(s.M*s.K, 0).sparse(r, 0.2, s.K), newFenced(s.K*s.N, 0).fill(r)
				var bias []float32
				if round%2 == 0 {
					bias = newFenced(s.N, 0).fill(r).floats()
				}
				if round >= 4 {
					for range 5 {
						a.floats()[r.IntN(s.M*s.K)] = special[r.IntN(len(special))]
						b.floats()[r.IntN(s.K*s.N)] = special[r.IntN(len(special))]
					}
				}
				old := newFenced(s.M*s.N, 0).fill(r).floats()
				var want []float32
				for _, d := range devices {
					for _, zeros := range []bool{false, true} {
						c := newFenced(s.M*s.N, 3)
						copy(c.floats(), old)
						name := fmt.Sprintf("%+v, round %d, %d workers, zeros %v", s, round, d.pool.workers, zeros)
						d.multiply(c.floats(), a.floats(), b.floats(), bias, s, zeros)
						c.intact(t, name)
						if d.product.halved {
							halved[fmt.Sprintf("%d workers, zeros %v", d.pool.workers, zeros)] = true
							if d.product.groups > 1 {
								halved["groups of columns"] = true
							}
							if d.pool.workers == 1 || s.Mode == kernels.Accumulate {
								t.Fatalf("%s: the runs of K were shared", name)
							}
						}
						if want == nil {
							want = c.floats()
						}
						for i, v := range c.floats() {
							if w := want[i]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
								t.Fatalf("%s: element %d is %v, want %v", name, i, v, w)
							}
						}
					}
				}
			}
		}
		if len(halved) != 5 {
			t.Errorf("the runs of K were shared with %v only: want 2 and 4 workers, with and without zeros, and groups of columns", halved)
		}
	})
}

// The ReLU of a sum that is −0, which only products too small for a float32 make, is +0 with any
// number of workers: after one run of K, after several, and after sums of chunks.
func TestReLUOfMinusZero(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		for _, workers := range []int{1, 2, 3} {
			d := workersOf(t, set, workers)
			for _, s := range []kernels.MatMulSpec{
				{M: 19, N: 22, K: 40}, {M: 19, N: 22, K: 703}, {M: 9, N: 50, K: 2500}, {M: 130, N: 130, K: 700},
			} {
				s.ReLU = true
				c, a, b := make([]float32, s.M*s.N), make([]float32, s.M*s.K), make([]float32, s.K*s.N)
				for i := range a {
					a[i] = 0x1p-80
				}
				for i := range b {
					b[i] = -0x1p-80
				}
				for _, zeros := range []bool{false, true} {
					multiply(d, c, a, b, nil, s, zeros)
					for i, v := range c {
						if math.Float32bits(v) != 0 {
							t.Fatalf("%+v, %d workers, zeros left out %v: element %d is %v (%#x), want 0", s, workers, zeros, i, v, math.Float32bits(v))
						}
					}
				}
			}
		}
	})
}
