package cuda_test

import (
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
)

// With so many filters that there are fewer chunks than rows of dy, a thread goes along several
// rows, of different images; the last chunk has fewer. All sums are of small integers, so exact.
func TestGradientByFilterOfSeveralRows(t *testing.T) {
	d, host := checked(t).(*cuda.Device), reference.New()
	defer d.Close()
	for _, s := range []kernels.ConvSpec{
		{N: 3, H: 2, W: 5, C: 1, KH: 2, KW: 3, Out: 48000, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 1, OW: 5},
		{N: 1, H: 3, W: 6, C: 1, KH: 2, KW: 5, Out: 68000, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 2, OW: 2},
	} {
		for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
			results := [2][]float32{}
			for i, on := range []kernels.Device{d, host} {
				number := 0
				filled := func(n int) kernels.Buffer {
					values := make([]float32, n)
					for i := range values {
						number++
						values[i] = float32(number*number%13 - 6)
					}
					b := on.Alloc(kernels.Float32, n)
					kernels.Upload(on, b, values)
					return b
				}
				x, dy, dw := filled(s.N*s.H*s.W), filled(s.Rows()*s.Out), filled(s.Cols()*s.Out)
				on.Conv2DGradFilter(dw, dy, x, s, m)
				results[i] = make([]float32, dw.Len())
				kernels.Download(on, results[i], dw)
				for _, b := range []kernels.Buffer{x, dy, dw} {
					b.Free()
				}
			}
			if !slices.Equal(results[0], results[1]) {
				t.Errorf("%d rows of dy, %d×%d filters, mode %v: the gradient is not the reference's", s.N*s.OH, s.KH, s.KW, m)
			}
		}
	}
}
