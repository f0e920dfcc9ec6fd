package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// A product with an optimizer's step gives the weights and the optimizer's state the bits that MatMul
// and the step give, for any number of workers, whether or not the step is done row by row during the
// product.
func TestUpdateChangesNoBit(t *testing.T) {
	rate := kernels.NewHost(kernels.Float32, 2)
	copy(kernels.Floats(rate), []float32{0.01, 0.03})
	updates := []func(b []kernels.Buffer) kernels.Update{
		func(b []kernels.Buffer) kernels.Update { return &kernels.SGDUpdate{W: b[0], Rate: rate} },
		func(b []kernels.Buffer) kernels.Update {
			return &kernels.SGDUpdate{W: b[0], V: b[1], Rate: rate, Spec: kernels.SGDSpec{Momentum: 0.9, Nesterov: true}}
		},
		func(b []kernels.Buffer) kernels.Update {
			return &kernels.RMSpropUpdate{W: b[0], V: b[1], Rate: rate, Spec: kernels.RMSpropSpec{Rho: 0.9, Epsilon: 1e-7}}
		},
		func(b []kernels.Buffer) kernels.Update {
			return &kernels.RMSpropUpdate{W: b[0], V: b[1], Mean: b[2], Moment: b[3], Rate: rate,
				Spec: kernels.RMSpropSpec{Rho: 0.9, Momentum: 0.8, Epsilon: 10, Centered: true}}
		},
		func(b []kernels.Buffer) kernels.Update {
			return &kernels.AdamUpdate{W: b[0], M: b[2], V: b[1], Rate: rate,
				Spec: kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.004}}
		},
	}
	// With the product or after it, skipping zeros or not, in the worker's memory or not, K's two
	// runs on two workers or not.
	type form struct{ updates, zeros, own, halved bool }
	eachSet(t, func(t *testing.T, set string) {
		devices := []*Device{workersOf(t, set, 1), workersOf(t, set, 2), workersOf(t, set, 3)}
		for _, d := range devices {
			d.cacheL2 = 512 << 10 // so that the gradients are larger
		}
		r := rand.New(rand.NewPCG(31, 32))
		next, done := 0, map[form]bool{}
		for _, c := range []struct {
			s       kernels.MatMulSpec
			nonzero float64
		}{
			{kernels.MatMulSpec{M: 1403, N: 128, K: 100, TransA: true}, 0.15},
			{kernels.MatMulSpec{M: 1403, N: 128, K: 100, TransA: true}, 1},
			{kernels.MatMulSpec{M: 2000, N: 128, K: 600, TransA: true}, 0.2}, // two runs
			{kernels.MatMulSpec{M: 2000, N: 128, K: 600, TransA: true}, 1},
			{kernels.MatMulSpec{M: 1403, N: 97, K: 100, TransA: true}, 1},
			{kernels.MatMulSpec{M: 5000, N: 32, K: 100, TransA: true}, 0.15},
			{kernels.MatMulSpec{M: 5000, N: 32, K: 600, TransA: true}, 0.15}, // two runs
			{kernels.MatMulSpec{M: 784, N: 32, K: 1000, TransA: true}, 0.15}, // two workers
			{kernels.MatMulSpec{M: 784, N: 32, K: 1000, TransA: true}, 1},
			{kernels.MatMulSpec{M: 1403, N: 113, K: 100}, 0.15},
			{kernels.MatMulSpec{M: 1403, N: 128, K: 90, TransB: true}, 1},
			{kernels.MatMulSpec{M: 200, N: 128, K: 100, TransA: true}, 0.15}, // G is small
			{kernels.MatMulSpec{M: 20000, N: 10, K: 40, TransA: true}, 1},    // computed across
			{kernels.MatMulSpec{M: 200000, N: 1, K: 10, TransA: true}, 1},    // a single row
			{kernels.MatMulSpec{M: 784, N: 500, K: 100, TransA: true}, 0.2},  // steps are shorter
			{kernels.MatMulSpec{M: 300, N: 784, K: 100, TransA: true}, 0.2},  // steps are too large
			{kernels.MatMulSpec{M: 120, N: 120, K: 3000, TransA: true}, 0.2}, // K in chunks
			{kernels.MatMulSpec{M: 1403, N: 128, K: 0, TransA: true}, 1},     // nothing to add up
		} {
			n := c.s.M * c.s.N
			a, b := kernels.NewHost(kernels.Float32, c.s.M*c.s.K), kernels.NewHost(kernels.Float32, c.s.K*c.s.N)
			copy(kernels.Floats(a), newFenced(a.Len(), 0).sparse(r, c.nonzero, max(1, c.s.K)).floats())
			copy(kernels.Floats(b), newFenced(b.Len(), 0).fill(r).floats())
			start := make([][]float32, 4)
			for i := range start {
				start[i] = newFenced(n, 0).fill(r).floats()
				for j, v := range start[i] {
					start[i][j] = v * v // v is positive
				}
			}
			for range 2 {
				update := updates[next%len(updates)]
				next++
				var want [][]float32
				for _, d := range devices {
					for _, apart := range []bool{true, false} {
						buffers := make([]kernels.Buffer, 4)
						for i := range buffers {
							buffers[i] = kernels.NewHost(kernels.Float32, n)
							copy(kernels.Floats(buffers[i]), start[i])
						}
						g, u := kernels.NewHost(kernels.Float32, n), update(buffers)
						name := fmt.Sprintf("%+v, %T, %s, %d workers", c.s, u, set, d.pool.workers)
						if apart {
							d.MatMul(g, a, b, nil, c.s)
							u.Apply(d, g)
						} else {
							d.MatMulUpdate(u, g, a, b, c.s)
							p := &d.product
							done[form{p.updates, p.zeros && p.updates, p.own, p.halved && p.updates}] = true
						}
						got := make([][]float32, 4)
						for i := range got {
							got[i] = slices.Clone(kernels.Floats(buffers[i]))
						}
						if want == nil {
							want = got
						}
						for i := range got {
							for j, v := range got[i] {
								if w := want[i][j]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
									t.Fatalf("%s: buffer %d has %v at %d, want %v", name, i, v, j, w)
								}
							}
						}
					}
				}
			}
		}
		for _, f := range []form{
			{false, false, false, false}, {true, false, false, false}, {true, false, true, false}, {true, true, false, false},
			{true, true, true, false}, {true, false, false, true}, {true, true, false, true},
		} {
			if !done[f] {
				t.Errorf("no case was done as %+v", f)
			}
		}
	})
}
