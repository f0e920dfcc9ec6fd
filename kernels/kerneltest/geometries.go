package kerneltest

import (
	"testing"

	"baregrad/kernels"
)

// testRandomGeometries draws convolutions and poolings at random, from a fixed
// seed, and has the device compute each in two ways: with the kernel made for
// it, and as a product or a reduction of the matrix of its patches.
func (s *suite) testRandomGeometries(t *testing.T) {
	g := newGenerator("geometries")
	for _, spec := range convPools() {
		t.Run("pooled "+describe(spec.Conv), func(t *testing.T) { s.compareConvPool(t, g, spec) })
	}
	for range 80 {
		spec := g.geometry()
		t.Run(describe(spec), func(t *testing.T) {
			s.compareConv(t, g, spec)
			if pool := convPool(spec, 2, 2, 2, 2, g.IntN(3) == 0); pool.Pool.OH > 0 && pool.Pool.OW > 0 {
				s.compareConvPool(t, g, pool)
			}
			spec.DilationH, spec.DilationW = 1, 1
			if pool := poolOf(spec); poolable(pool) {
				s.comparePool(t, g, pool)
			}
		})
	}
}

// geometry draws a small convolution, with any padding.
func (g generator) geometry() kernels.ConvSpec {
	for {
		one := func(limit int) int { return 1 + g.IntN(limit) }
		s := kernels.ConvSpec{
			N: one(3), H: one(9), W: one(9), C: one(6), KH: one(4), KW: one(4), Out: one(9),
			StrideH: one(3), StrideW: one(3), DilationH: one(2), DilationW: one(2),
			PadTop: g.IntN(3), PadLeft: g.IntN(3),
		}
		// As many outputs as fit with as much padding behind as before, or fewer.
		roomH := s.H + 2*s.PadTop - ((s.KH-1)*s.DilationH + 1)
		roomW := s.W + 2*s.PadLeft - ((s.KW-1)*s.DilationW + 1)
		if roomH < 0 || roomW < 0 {
			continue
		}
		s.OH, s.OW = one(roomH/s.StrideH+1), one(roomW/s.StrideW+1)
		return s
	}
}

// poolable tells whether every window meets the image.
func poolable(s kernels.PoolSpec) bool {
	return s.PadTop < s.KH && s.PadLeft < s.KW &&
		(s.OH-1)*s.StrideH-s.PadTop < s.H && (s.OW-1)*s.StrideW-s.PadLeft < s.W
}

// compareConv: y = col·w, dx = Col2Im(dy·wᵀ), dw = colᵀ·dy.
func (s *suite) compareConv(t *testing.T, g generator, spec kernels.ConvSpec) {
	t.Helper()
	d, rows, cols, out := s.device, spec.Rows(), spec.Cols(), spec.Out
	x, w, dy := s.random(g, spec.N*spec.H*spec.W*spec.C), s.random(g, cols*out), s.random(g, rows*out)
	bias := s.random(g, out)
	col, dcol := s.empty(rows*cols), s.empty(rows*cols)
	y, dx, dw := s.empty(rows*out), s.random(g, x.Len()), s.random(g, w.Len())
	y2, dx2, dw2 := s.empty(rows*out), s.empty(x.Len()), s.empty(w.Len())
	d.Copy(dx2, dx)
	d.Copy(dw2, dw)

	spec.ReLU = true
	d.Conv2D(y, x, w, bias, spec)
	d.Conv2DGradInput(dx, dy, w, spec, kernels.Accumulate)
	d.Conv2DGradFilter(dw, dy, x, spec, kernels.Accumulate)

	d.Im2Col(col, x, spec)
	d.MatMul(y2, col, w, bias, kernels.MatMulSpec{M: rows, N: out, K: cols, ReLU: true})
	d.MatMul(dcol, dy, w, nil, kernels.MatMulSpec{M: rows, N: cols, K: out, TransB: true})
	d.Col2Im(dx2, dcol, spec, kernels.Accumulate)
	d.MatMul(dw2, col, dy, nil, kernels.MatMulSpec{M: cols, N: out, K: rows, TransA: true, Mode: kernels.Accumulate})

	s.same(t, "y", y, y2, summing(cols+1))
	s.same(t, "dx", dx, dx2, summing(spec.KH*spec.KW*out+1))
	s.same(t, "dw", dw, dw2, summing(rows+1))
	free([]kernels.Buffer{x, w, dy, bias, col, dcol, y, dx, dw, y2, dx2, dw2})
}

// comparePool: each row of the patch matrix is [KH·KW, C], and pooling reduces
// its middle axis. With x > 0 the zeros of the padding are no maximum; how many
// pixels a window has is the sum over a patch of an image of ones.
func (s *suite) comparePool(t *testing.T, g generator, spec kernels.PoolSpec) {
	t.Helper()
	d := s.device
	patch := kernels.ConvSpec{N: spec.N, H: spec.H, W: spec.W, C: spec.C, KH: spec.KH, KW: spec.KW,
		StrideH: spec.StrideH, StrideW: spec.StrideW, DilationH: 1, DilationW: 1,
		PadTop: spec.PadTop, PadLeft: spec.PadLeft, OH: spec.OH, OW: spec.OW}
	windows := kernels.ReduceSpec{Outer: patch.Rows(), N: spec.KH * spec.KW, Inner: spec.C}
	size, n, taps := spec.N*spec.H*spec.W*spec.C, patch.Rows()*spec.C, patch.Rows()*patch.Cols()
	_, pairwise, err := kernels.Broadcast([]int{n}, []int{n})
	if err != nil {
		t.Fatal(err)
	}

	x, dy := s.empty(size), s.random(g, n)
	kernels.Upload(d, x, mapped(g.coarse(size), func(v float32) float32 { return v + 3 })) // with ties
	y, arg, dx := s.empty(n), d.Alloc(kernels.Int32, n), s.empty(size)
	y2, arg2, dx2 := s.empty(n), d.Alloc(kernels.Int32, n), s.empty(size)
	col, dcol := s.empty(taps), s.empty(taps)
	ones, count, share := s.empty(size), s.empty(n), s.empty(n)

	d.MaxPool(y, arg, x, spec)
	d.MaxPoolGrad(dx, dy, arg, spec, kernels.Overwrite)
	d.Im2Col(col, x, patch)
	d.Max(y2, arg2, col, windows)
	d.MaxGrad(dcol, dy, arg2, windows, kernels.Overwrite)
	d.Col2Im(dx2, dcol, patch, kernels.Overwrite)
	s.same(t, "max", y, y2, exact)
	s.same(t, "gradient of max", dx, dx2, summing(spec.KH*spec.KW))

	d.AvgPool(y, x, spec)
	d.AvgPoolGrad(dx, dy, spec, kernels.Overwrite)
	d.Sum(y2, col, windows, kernels.Overwrite)
	d.Fill(ones, 1)
	d.Im2Col(col, ones, patch)
	d.Sum(count, col, windows, kernels.Overwrite)
	d.Div(y2, y2, count, pairwise)
	d.Div(share, dy, count, pairwise)
	d.SumGrad(dcol, share, windows, kernels.Overwrite)
	d.Col2Im(dx2, dcol, patch, kernels.Overwrite)
	s.same(t, "average", y, y2, summing(2*spec.KH*spec.KW))
	s.same(t, "gradient of average", dx, dx2, summing(spec.KH*spec.KW))
	free([]kernels.Buffer{x, dy, y, arg, dx, y2, arg2, dx2, col, dcol, ones, count, share})
}

// random is a buffer on the device of n values in [-2,2], empty one of zeros.
func (s *suite) random(g generator, n int) kernels.Buffer {
	b := s.empty(n)
	kernels.Upload(s.device, b, g.signed(n))
	return b
}

func (s *suite) empty(n int) kernels.Buffer { return s.device.Alloc(kernels.Float32, n) }

func (s *suite) same(t *testing.T, label string, got, want kernels.Buffer, tol tolerance) {
	t.Helper()
	if err := compare(floats(download[float32](s.device, got)), float64s(download[float32](s.device, want)), tol); err != nil {
		t.Errorf("%s: %v", label, err)
	}
}
