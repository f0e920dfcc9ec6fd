package avx

import (
	"fmt"
	"slices"
	"testing"

	"baregrad/kernels"
)

// A product that panics, as one with a freed matrix does, leaves no optimizer's step behind: the next
// product changes nothing but its result.
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
		before := slices.Clone(kernels.Floats(w))
		gone := alloc(s.K * s.M)
		gone.Free()
		mistake(t, func() { d.MatMulUpdate(update, g, gone, b, s) })
		d.MatMul(g, a, b, nil, s)
		for i, v := range kernels.Floats(w) {
			if v != before[i] {
				t.Fatalf("a product has changed weight %d from %v to %v, by the step of another one", i, before[i], v)
			}
		}
	})
}

// Nor does a pooled convolution leave its pooling to the next convolution.
func TestPooledConvolutionThatPanics(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		for _, kernel := range []int{3, 5} { // by Winograd's algorithm, and directly
			s := kernels.ConvPoolSpec{Conv: kernels.ConvSpec{N: 2, H: 12, W: 12, C: 32, KH: kernel, KW: kernel, Out: 32,
				StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 13 - kernel, OW: 13 - kernel, ReLU: true}}
			c := s.Conv
			s.Pool = kernels.PoolSpec{N: c.N, H: c.OH, W: c.OW, C: c.Out, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: c.OH / 2, OW: c.OW / 2}
			t.Run(fmt.Sprintf("kernel=%d", kernel), func(t *testing.T) {
				d := workersOf(t, set, 2)
				random := func(n int) kernels.Buffer {
					b := d.Alloc(kernels.Float32, n)
					d.Uniform(b, -1, 1, uint64(n))
					return b
				}
				x, w, want, got := random(c.N*c.H*c.W*c.C), random(c.Cols()*c.Out), random(c.Rows()*c.Out), random(c.Rows()*c.Out)
				y := random(s.Pool.N * s.Pool.OH * s.Pool.OW * s.Pool.C)
				d.Conv2D(want, x, w, nil, c)
				gone := random(x.Len())
				gone.Free()
				mistake(t, func() { d.Conv2DReLUMaxPool(y, d.Alloc(kernels.Int32, y.Len()), gone, w, nil, s) })
				d.Conv2D(got, x, w, nil, c)
				if !slices.Equal(kernels.Floats(got), kernels.Floats(want)) {
					t.Error("after a pooled convolution that panicked a convolution gives something else")
				}
			})
		}
	})
}

// Nor does a pooling gradient leave its ReLU to the next one.
func TestPoolingThatPanics(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d := workersOf(t, set, 2)
		s := kernels.PoolSpec{N: 2, H: 8, W: 8, C: 16, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 4, OW: 4}
		n := s.N * s.OH * s.OW * s.C
		x, y, dy, arg := d.Alloc(kernels.Float32, 4*n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Int32, n)
		want, got, gone := d.Alloc(kernels.Float32, 4*n), d.Alloc(kernels.Float32, 4*n), d.Alloc(kernels.Float32, n)
		d.Uniform(x, -2, -1, 1) // a ReLU closes all of it
		d.MaxPool(y, arg, x, s)
		d.Fill(dy, 1)
		d.MaxPoolGrad(want, dy, arg, s, kernels.Overwrite)
		gone.Free()
		mistake(t, func() { d.BiasReLUMaxPoolGrad(got, nil, gone, y, arg, s, kernels.Overwrite) })
		d.MaxPoolGrad(got, dy, arg, s, kernels.Overwrite)
		if !slices.Equal(kernels.Floats(got), kernels.Floats(want)) {
			t.Error("after a pooling's gradient that panicked another one's is something else")
		}
	})
}

// mistake runs f, which must panic with a *kernels.ShapeError.
func mistake(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if e, ok := recover().(*kernels.ShapeError); !ok {
			t.Errorf("the panic is %v, want a *kernels.ShapeError", e)
		}
	}()
	f()
}
