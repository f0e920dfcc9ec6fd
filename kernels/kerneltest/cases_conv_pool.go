package kerneltest

import (
	"fmt"
	"testing"

	"baregrad/kernels"
)

// convPool is a convolution with ReLU, and a pooling of its output.
func convPool(s kernels.ConvSpec, kh, kw, strideH, strideW int, same bool) kernels.ConvPoolSpec {
	s.ReLU = true
	return kernels.ConvPoolSpec{Conv: s, Pool: poolOf(conv(s.N, s.OH, s.OW, s.Out, kh, kw, 1, strideH, strideW, 1, 1, same))}
}

// convPools are some of all kinds.
func convPools() []kernels.ConvPoolSpec {
	return []kernels.ConvPoolSpec{
		convPool(conv(2, 6, 7, 1, 3, 3, 8, 1, 1, 1, 1, false), 2, 2, 2, 2, false), // the last column is never reached
		convPool(conv(1, 9, 8, 1, 5, 5, 16, 1, 1, 1, 1, true), 2, 2, 2, 2, false),
		convPool(conv(3, 8, 9, 1, 2, 3, 40, 1, 2, 2, 1, true), 2, 2, 2, 2, false),
		convPool(conv(2, 7, 6, 1, 3, 3, 5, 1, 1, 1, 1, false), 2, 2, 2, 2, false),
		convPool(conv(2, 6, 6, 3, 2, 2, 7, 1, 1, 1, 1, false), 2, 2, 2, 2, true),  // the last window is cut off
		convPool(conv(1, 6, 5, 2, 3, 2, 3, 1, 1, 1, 1, false), 3, 2, 1, 1, false), // overlapping
		convPool(conv(1, 2, 2, 1, 1, 1, 8, 1, 1, 1, 1, false), 2, 2, 2, 2, false), // one window
		convPool(conv(0, 6, 6, 1, 3, 3, 8, 1, 1, 1, 1, false), 2, 2, 2, 2, false), // no images
		convPool(conv(2, 4, 4, 0, 3, 3, 8, 1, 1, 1, 1, false), 2, 2, 2, 2, false), // no channels
		convPool(conv(2, 4, 4, 2, 3, 3, 0, 1, 1, 1, 1, false), 2, 2, 2, 2, false), // no filters
	}
}

// Conv2DReLUMaxPool: y = the maximum of z over each window, z = ReLU(x∗w + bias).
func convPoolCases() (cases []operation) {
	for _, s := range convPools() {
		cases = append(cases, convPoolCase(s, len(cases)%3 != 2, false))
	}
	return append(cases,
		convPoolCase(convPool(conv(2, 14, 14, 16, 3, 3, 32, 1, 1, 1, 1, false), 2, 2, 2, 2, false), true, true),
		convPoolCase(convPool(conv(3, 28, 28, 1, 5, 5, 32, 1, 1, 1, 1, false), 2, 2, 2, 2, false), true, true))
}

func convPoolCase(s kernels.ConvPoolSpec, withBias, large bool) operation {
	c, p := s.Conv, s.Pool
	op := operation{method: "Conv2DReLUMaxPool", large: large, optional: []int{2},
		detail: fmt.Sprintf("%s bias=%t, %s", describe(c), withBias, poolDetail(p))}
	g := newGenerator(op.detail)
	// Multiples of a half add up exactly, ties included. Transforms with other
	// numbers in them would not: large cases take numbers without ties.
	values := g.coarse
	if large {
		values = g.signed
	}
	op.in = []array{floats(values(c.N * c.H * c.W * c.C)), floats(values(c.Cols() * c.Out)), absent}
	if withBias {
		op.in[2] = floats(values(c.Out))
	}
	n := p.N * p.OH * p.OW * p.C
	op.out = []array{outputs(n), intOutputs(n)}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
		d.Conv2DReLUMaxPool(out[0], out[1], in[0], in[1], in[2], s)
	}
	plain := c
	plain.ReLU = false
	z := convCase(plain, withBias, large).oracle
	op.oracle = func(x, at [][]float64) [][]float64 {
		values, places := z(x, x)[0], z(at, at)[0]
		for i, place := range places {
			if place <= 0 {
				values[i], places[i] = 0, 0
			}
		}
		y, arg := make([]float64, n), make([]float64, n)
		for i := range y {
			window := windowOf(p, i)
			best := window[firstMaximum(places, window)]
			y[i], arg[i] = values[best], float64(best)
		}
		return [][]float64{y, arg}
	}
	op.tol = summing(c.Cols() + 1)
	// Whether a NaN of x or of w is multiplied by the zeros of the gradient is left to the device.
	op.gradientKeepsFinite = []int{0, 1}
	if c.PadTop > 0 || c.PadLeft > 0 || padded(c) {
		op.keepFinite, op.gradientKeepsFinite = []int{1}, []int{0, 1, upstream}
	}
	op.wrt = []int{0, 1}
	if withBias {
		op.wrt = []int{0, 1, 2}
	}
	op.gradTol = summing(max(c.KH*c.KW*c.Out, c.Rows()))
	op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, in []kernels.Buffer, m []kernels.Mode) {
		var dbias kernels.Buffer
		mb := kernels.Overwrite
		if withBias {
			dbias, mb = din[2], m[2]
		}
		d.Conv2DReLUMaxPoolGrad(din[0], din[1], dbias, dy, out[0], out[1], in[0], in[1], s, m[0], m[1], mb)
	}
	return op
}

// compareConvPool: the same as the convolution and then the pooling, to the bit; and
// as their gradients, but for the order of the sums.
func (s *suite) compareConvPool(t *testing.T, g generator, spec kernels.ConvPoolSpec) {
	t.Helper()
	d, c, p := s.device, spec.Conv, spec.Pool
	n := p.N * p.OH * p.OW * p.C
	x, w, bias, dy := s.random(g, c.N*c.H*c.W*c.C), s.random(g, c.Cols()*c.Out), s.random(g, c.Out), s.random(g, n)
	z, y, arg := s.empty(c.Rows()*c.Out), s.empty(n), d.Alloc(kernels.Int32, n)
	y2, arg2, equal := s.empty(n), d.Alloc(kernels.Int32, n), s.empty(n)
	dx, dw, db := s.random(g, x.Len()), s.random(g, w.Len()), s.random(g, c.Out)
	dx2, dw2, db2 := s.empty(x.Len()), s.empty(w.Len()), s.empty(c.Out)
	for _, pair := range [][2]kernels.Buffer{{dx2, dx}, {dw2, dw}, {db2, db}} {
		d.Copy(pair[0], pair[1])
	}

	d.Conv2D(z, x, w, bias, c)
	d.MaxPool(y, arg, z, p)
	d.Conv2DReLUMaxPool(y2, arg2, x, w, bias, spec)
	s.same(t, "y", y2, y, exact)
	d.Equal(equal, arg, arg2)
	d.Fill(y2, 1)
	s.same(t, "argmax", equal, y2, exact)

	const add = kernels.Accumulate
	d.BiasReLUMaxPoolGrad(z, db, dy, y, arg, p, add)
	d.Conv2DGradInput(dx, z, w, c, add)
	d.Conv2DGradFilter(dw, z, x, c, add)
	d.Conv2DReLUMaxPoolGrad(dx2, nil, nil, dy, y, arg, x, w, spec, add, add, add)
	d.Conv2DReLUMaxPoolGrad(nil, dw2, db2, dy, y, arg, x, w, spec, add, add, add)
	s.same(t, "dx", dx2, dx, summing(c.KH*c.KW*c.Out+1))
	s.same(t, "dw", dw2, dw, summing(c.Rows()+1))
	s.same(t, "dbias", db2, db, summing(c.Rows()+1))
	free([]kernels.Buffer{z, y2, arg2, equal, dx2, dw2, db2})
	s.compareBelow(t, g, spec, dy, y, arg, x, w)
	free([]kernels.Buffer{x, w, bias, dy, y, arg, dx, dw, db})
}

// compareBelow: behind the ReLU that x came out of, the same as BiasReLUGrad gives. Half of x
// is not above 0. For the other gradients nothing changes, not by a bit.
func (s *suite) compareBelow(t *testing.T, g generator, spec kernels.ConvPoolSpec, dy, y, arg, x, w kernels.Buffer) {
	t.Helper()
	const name, o, add = "BiasReLUConv2DReLUMaxPoolGrad", kernels.Overwrite, kernels.Accumulate
	d, c := s.device, spec.Conv
	pixels := c.N * c.H * c.W
	for _, wanted := range []bool{true, false} {
		dx, dw, db, below := s.empty(x.Len()), s.random(g, w.Len()), s.random(g, c.Out), s.random(g, c.C)
		dx2, dw2, db2, below2 := s.random(g, x.Len()), s.empty(w.Len()), s.empty(c.Out), s.empty(c.C)
		for _, pair := range [][2]kernels.Buffer{{dw2, dw}, {db2, db}, {below2, below}} {
			d.Copy(pair[0], pair[1])
		}
		d.Conv2DReLUMaxPoolGrad(dx, dw, db, dy, y, arg, x, w, spec, o, add, add)
		d.BiasReLUGrad(dx, below, dx, x, pixels, c.C, add)
		if wanted {
			if !d.BiasReLUConv2DReLUMaxPoolGrad(dx2, below2, dw2, db2, dy, y, arg, x, w, spec, add, add, add) {
				d.BiasReLUGrad(dx2, below2, dx2, x, pixels, c.C, add)
			}
			s.same(t, name+": dw", dw2, dw, exact)
			s.same(t, name+": dbias", db2, db, exact)
			s.same(t, name+": dbelow", below2, below, summing(pixels*c.KH*c.KW*c.Out+1))
		} else if !d.BiasReLUConv2DReLUMaxPoolGrad(dx2, nil, nil, nil, dy, y, arg, x, w, spec, o, o, o) {
			d.BiasReLUGrad(dx2, nil, dx2, x, pixels, c.C, o)
		}
		s.same(t, name+": dx", dx2, dx, exact)
		free([]kernels.Buffer{dx, dw, db, below, dx2, dw2, db2, below2})
	}
}
