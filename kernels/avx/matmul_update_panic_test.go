package avx

import (
	"testing"

	"baregrad/kernels"
)

// A product that panics half way, as one of a freed matrix does, leaves no optimizer's step
// behind: the next product changes nothing but its result.
func TestUpdateThatPanics(t *testing.T) {
	s := kernels.MatMulSpec{M: 1403, N: 128, K: 100, TransA: true}
	eachSet(t, func(t *testing.T, set string) {
		d := workersOf(t, set, 2)
		d.cacheL2 = 512 << 10 // so that the step is done with the product
		alloc := func(n int) kernels.Buffer {
			b := d.Alloc(kernels.Float32, n)
			d.Fill(b, 1)
			return b
		}
		w, g, a, b := alloc(s.M*s.N), alloc(s.M*s.N), alloc(s.K*s.M), alloc(s.K*s.N)
		update := &kernels.SGDUpdate{W: w, Rate: alloc(1)}
		d.MatMulUpdate(update, g, a, b, s)
		if !d.product.updates {
			t.Fatal("the step is not done with the product: the test shows nothing")
		}
		before := append([]float32(nil), kernels.Floats(w)...)
		gone := alloc(s.K * s.M)
		gone.Free()
		func() {
			defer func() {
				if _, ok := recover().(*kernels.ShapeError); !ok {
					t.Error("the product of a freed matrix did not panic with a *kernels.ShapeError")
				}
			}()
			d.MatMulUpdate(update, g, gone, b, s)
		}()
		d.MatMul(g, a, b, nil, s)
		for i, v := range kernels.Floats(w) {
			if v != before[i] {
				t.Fatalf("a product has changed weight %d from %v to %v, by the step of another one", i, before[i], v)
			}
		}
	})
}
