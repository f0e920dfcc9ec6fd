package avx

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// A convolution and its pooling in one operation, and as two: GFLOP/s of the multiply-adds in the
// definition of the convolution.
func BenchmarkConvPool(b *testing.B) {
	for _, s := range []kernels.ConvPoolSpec{
		{
			Conv: kernels.ConvSpec{N: 200, H: 28, W: 28, C: 1, KH: 5, KW: 5, Out: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
			Pool: kernels.PoolSpec{N: 200, H: 24, W: 24, C: 32, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12},
		},
		{
			Conv: kernels.ConvSpec{N: 128, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
			Pool: kernels.PoolSpec{N: 128, H: 24, W: 24, C: 64, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12},
		},
	} {
		c, p := s.Conv, s.Pool
		x, w, bias, z := randomBuffer(c.N*c.H*c.W*c.C), randomBuffer(c.Cols()*c.Out), randomBuffer(c.Out), randomBuffer(c.Rows()*c.Out)
		n := p.N * p.OH * p.OW * p.C
		y, dy, arg := randomBuffer(n), randomBuffer(n), kernels.NewHost(kernels.Int32, n)
		few := randomBuffer(n) // as many as after a ReLU and a dropout
		sparsely(rand.New(rand.NewPCG(1, 1)), kernels.Floats(few), .145)
		var dx kernels.Buffer
		if c.C > 1 { // a first layer has no such gradient
			dx = randomBuffer(x.Len())
		}
		dw, db := randomBuffer(w.Len()), randomBuffer(c.Out)
		flop := 2 * float64(c.Rows()) * float64(c.Cols()) * float64(c.Out)
		const o = kernels.Overwrite
		for _, op := range []struct {
			name string
			step func(d *Device)
		}{
			{"Conv2DReLUMaxPool", func(d *Device) { d.Conv2DReLUMaxPool(y, arg, x, w, bias, s) }},
			{"Conv2D and MaxPool", func(d *Device) {
				d.Conv2D(z, x, w, bias, c)
				d.MaxPool(y, arg, z, p)
			}},
			{"Conv2DReLUMaxPoolGrad", func(d *Device) { d.Conv2DReLUMaxPoolGrad(dx, dw, db, dy, y, arg, x, w, s, o, o, o) }},
			{"Conv2DReLUMaxPoolGrad, a few nonzeros", func(d *Device) { d.Conv2DReLUMaxPoolGrad(dx, dw, db, few, y, arg, x, w, s, o, o, o) }},
			{"BiasReLUMaxPoolGrad and Conv2DGrad", func(d *Device) {
				d.BiasReLUMaxPoolGrad(z, db, dy, y, arg, p, o)
				if dx != nil {
					d.Conv2DGradInput(dx, z, w, c, o)
				}
				d.Conv2DGradFilter(dw, z, x, c, o)
			}},
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d-%d", op.name, c.H, c.W, c.C, c.Out), func(b *testing.B) {
				eachDevice(b, func(b *testing.B, d *Device) {
					d.Conv2DReLUMaxPool(y, arg, x, w, bias, s)
					measure(b, d, flop, func() { op.step(d) })
				})
			})
		}
	}
}
