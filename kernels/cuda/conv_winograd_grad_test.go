package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// winogradGradShapes have the edges of winogradShapes for the gradient by input, and a padding
// larger than the filter, beyond which the gradient is 0.
var winogradGradShapes = []kernels.ConvSpec{
	threeByThree(kernels.ConvSpec{N: 1, H: 3, W: 3, C: 32, Out: 8}),
	threeByThree(kernels.ConvSpec{N: 2, H: 6, W: 7, C: 64, Out: 24}),
	threeByThree(kernels.ConvSpec{N: 3, H: 5, W: 8, C: 128, Out: 16, PadTop: 1, PadLeft: 1}),
	threeByThree(kernels.ConvSpec{N: 3, H: 10, W: 12, C: 32, Out: 64}),
	threeByThree(kernels.ConvSpec{N: 1, H: 2, W: 1, C: 96, Out: 8, PadTop: 2, PadLeft: 3}),
}

// In every shape the gradient by input is that of the formula, whether it overwrites or
// accumulates, and the emulator's checks find nothing.
func TestWinogradGradInput(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range winogradGradShapes {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			c := newWinogradCase(s)
			for _, before := range [][]float32{nil, c.x} {
				want := c.gradientBy(d, cuda.ConvDirect, before)
				wide, narrow := c.gradientBy(d, cuda.ConvWinograd, before), c.gradientBy(d, cuda.ConvWinogradNarrow, before)
				closeToFormula(t, wide, want, 9*s.Out+1)
				for i := range wide {
					if wide[i] != narrow[i] {
						t.Fatalf("element %d is %v in narrow tiles, %v in wide ones, want the same", i, narrow[i], wide[i])
					}
				}
			}
		})
	}
}

// An infinity, a NaN, or a number so large that the transforms overflow, in dy or in w, affects
// exactly those elements of the gradient that it affects by the formula.
func TestWinogradGradInputKeepsNaNAndInf(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	c := newWinogradCase(threeByThree(kernels.ConvSpec{N: 1, H: 9, W: 9, C: 32, Out: 8}))
	for _, v := range []float32{float32(math.Inf(1)), float32(math.NaN()), math.MaxFloat32} {
		for _, place := range []*float32{&c.dy[3], &c.dy[(3*7+4)*8+1], &c.dy[len(c.dy)-1], &c.w[(1*3+2)*32*8+5*8+2]} {
			before := *place
			*place = v
			want, got := c.gradientBy(d, cuda.ConvDirect, nil), c.gradientBy(d, cuda.ConvWinograd, nil)
			for i := range want {
				if class(got[i]) != class(want[i]) {
					t.Fatalf("with %v element %d is %v, %v by the formula", v, i, got[i], want[i])
				}
			}
			*place = before
		}
	}
}

// Each form that continues through the ReLU below in the same launch gives the same bits for dx as
// with two launches. The bias's gradient is the same sum in another order, with the same bits in
// every run.
func TestBehindReLU(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range []kernels.ConvSpec{
		threeByThree(kernels.ConvSpec{N: 1, H: 6, W: 6, C: 32, Out: 16, ReLU: true}),
		threeByThree(kernels.ConvSpec{N: 2, H: 18, W: 16, C: 64, Out: 8, ReLU: true}), // several blocks in several groups
		threeByThree(kernels.ConvSpec{N: 1, H: 8, W: 10, C: 96, Out: 8, ReLU: true}),  // some columns of a block do not exist
	} {
		for _, form := range []cuda.ConvForm{cuda.ConvAsync, cuda.ConvAsyncLarge, cuda.ConvWinograd, cuda.ConvWinogradNarrow} {
			t.Run(fmt.Sprintf("%+v/%v", s, form), func(t *testing.T) { testBehindReLU(t, d, s, form) })
		}
	}
	// Four steps along k: the last one reads the slot of shared memory that the sums will use.
	s := threeByThree(kernels.ConvSpec{N: 1, H: 5, W: 5, C: 32, Out: 16, ReLU: true})
	s.KH, s.KW, s.OH, s.OW = 2, 2, 4, 4
	t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) { testBehindReLU(t, d, s, cuda.ConvAsync) })
}

func testBehindReLU(t *testing.T, d *cuda.Device, s kernels.ConvSpec, form cuda.ConvForm) {
	d.ConvForm = form
	defer func() { d.ConvForm = cuda.ConvByShape }()
	const o = kernels.Overwrite
	c := newWinogradCase(s)
	p := kernels.ConvPoolSpec{Conv: s, Pool: kernels.PoolSpec{N: s.N, H: s.OH, W: s.OW, C: s.Out, KH: 2, KW: 2,
		StrideH: 2, StrideW: 2, OH: s.OH / 2, OW: s.OW / 2}}
	n, pixels := s.N*p.Pool.OH*p.Pool.OW*s.Out, s.N*s.H*s.W
	c.x[7] = float32(math.NaN()) // not greater than 0
	x, w, bias, dy := uploaded(d, c.x), uploaded(d, c.w), uploaded(d, c.bias), uploaded(d, c.dy[:n])
	y, arg := d.Alloc(kernels.Float32, n), d.Alloc(kernels.Int32, n)
	d.Conv2DReLUMaxPool(y, arg, x, w, bias, p)

	start := c.w[:s.C]
	dx, dbelow := d.Alloc(kernels.Float32, x.Len()), d.Alloc(kernels.Float32, s.C)
	for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
		kernels.Upload(d, dbelow, start)
		d.Conv2DReLUMaxPoolGrad(dx, nil, nil, dy, y, arg, x, w, p, o, o, o)
		d.BiasReLUGrad(dx, dbelow, dx, x, pixels, s.C, m)
		want, wantBelow := downloaded(d, dx), downloaded(d, dbelow)
		d.Fill(dx, float32(math.NaN()))
		kernels.Upload(d, dbelow, start)
		if !d.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, nil, nil, dy, y, arg, x, w, p, m, o, o) {
			t.Fatal("the ReLU below was left to the caller")
		}
		sameBits(t, "dx", downloaded(d, dx), want)
		sum := downloaded(d, dbelow)
		closeToFormula(t, sum, wantBelow, pixels)
		if m == kernels.Accumulate {
			continue
		}
		if !d.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, nil, nil, dy, y, arg, x, w, p, m, o, o) {
			t.Fatal("the ReLU below was left to the caller")
		}
		sameBits(t, "the bias's gradient once more", downloaded(d, dbelow), sum)
		d.Fill(dx, float32(math.NaN()))
		if !d.BiasReLUConv2DReLUMaxPoolGrad(dx, nil, nil, nil, dy, y, arg, x, w, p, m, o, o) {
			t.Fatal("the ReLU below was left to the caller")
		}
		sameBits(t, "dx without a bias", downloaded(d, dx), want)
	}
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
