package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// The implicit product gives the results of the direct form in all three passes. (TestDevice
// compares the direct form with the formula.)
func TestConvForms(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range []kernels.ConvSpec{
		{N: 2, H: 6, W: 5, C: 3, KH: 3, KW: 2, Out: 5, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 6, OW: 6},
		{N: 1, H: 9, W: 8, C: 20, KH: 3, KW: 3, Out: 40, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 7, OW: 6, ReLU: true},
		{N: 1, H: 9, W: 11, C: 2, KH: 2, KW: 3, Out: 33, StrideH: 2, StrideW: 3, DilationH: 2, DilationW: 1, PadTop: 1, PadLeft: 2, OH: 5, OW: 4},
		{N: 3, H: 9, W: 11, C: 2, KH: 2, KW: 3, Out: 36, StrideH: 2, StrideW: 3, DilationH: 2, DilationW: 1, PadTop: 1, PadLeft: 2, OH: 5, OW: 4},
		{N: 3, H: 12, W: 9, C: 1, KH: 5, KW: 5, Out: 8, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 2, PadLeft: 2, OH: 12, OW: 9},
		{N: 3, H: 7, W: 5, C: 20, KH: 3, KW: 3, Out: 36, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 7, OW: 5, ReLU: true},
		{N: 2, H: 8, W: 9, C: 32, KH: 2, KW: 3, Out: 68, StrideH: 1, StrideW: 1, DilationH: 2, DilationW: 3, PadTop: 2, PadLeft: 1, OH: 9, OW: 6},
		{N: 33, H: 3, W: 4, C: 4, KH: 3, KW: 2, Out: 16, StrideH: 2, StrideW: 1, DilationH: 1, DilationW: 2, PadTop: 2, PadLeft: 1, OH: 3, OW: 3},
		{N: 2, H: 9, W: 7, C: 16, KH: 3, KW: 3, Out: 16, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 9, OW: 7, ReLU: true},
		{N: 2, H: 10, W: 9, C: 12, KH: 3, KW: 2, Out: 24, StrideH: 1, StrideW: 1, DilationH: 2, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 8, OW: 10},
		{N: 2, H: 12, W: 14, C: 34, KH: 1, KW: 1, Out: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 12, OW: 14},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) { testConvForms(t, d, s) })
	}
}

func testConvForms(t *testing.T, d *cuda.Device, s kernels.ConvSpec) {
	random := rand.New(rand.NewPCG(3, 4))
	upload := func(n int) kernels.Buffer {
		x := make([]float32, n)
		for i := range x {
			x[i] = random.Float32()*2 - 1
		}
		b := d.Alloc(kernels.Float32, n)
		kernels.Upload(d, b, x)
		return b
	}
	sizeX, sizeW, sizeY := s.N*s.H*s.W*s.C, s.Cols()*s.Out, s.Rows()*s.Out
	x, w, dy, bias := upload(sizeX), upload(sizeW), upload(sizeY), upload(s.Out)
	for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
		for name, pass := range map[string]struct {
			n, terms int // results, and products per result
			run      func(result kernels.Buffer)
		}{
			"forward":   {sizeY, s.Cols(), func(y kernels.Buffer) { d.Conv2D(y, x, w, bias, s) }},
			"by input":  {sizeX, s.KH * s.KW * s.Out, func(dx kernels.Buffer) { d.Conv2DGradInput(dx, dy, w, s, m) }},
			"by filter": {sizeW, s.Rows(), func(dw kernels.Buffer) { d.Conv2DGradFilter(dw, dy, x, s, m) }},
		} {
			before := upload(pass.n)
			forms := []cuda.ConvForm{cuda.ConvDirect, cuda.ConvImplicit, cuda.ConvAsync, cuda.ConvAsyncLarge}
			results := make([][]float32, len(forms))
			for i, form := range forms {
				d.ConvForm = form
				b := d.Alloc(kernels.Float32, pass.n)
				d.Copy(b, before)
				pass.run(b)
				results[i] = make([]float32, pass.n)
				kernels.Download(d, results[i], b)
			}
			// Two orders of a sum of that many products of at most 1.
			tolerance := 0x1p-23 * float64(pass.terms+2) * math.Sqrt(float64(pass.terms+2))
			for i, want := range results[0] {
				for f, result := range results[1:] {
					if difference := math.Abs(float64(result[i]) - float64(want)); !(difference <= tolerance) {
						t.Fatalf("%s, mode %v: element %d is %v by form %v, %v directly, want within %v",
							name, m, i, result[i], forms[f+1], want, tolerance)
					}
				}
			}
		}
	}
}
