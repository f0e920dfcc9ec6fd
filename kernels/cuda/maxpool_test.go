package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// In both poolings, four channels at once give the same results as one at a time, which buffers get
// that are not aligned to 16 bytes: for windows that overlap, leave gaps, or extend beyond the edge.
func TestPoolBy4(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range []kernels.PoolSpec{
		{N: 2, H: 6, W: 5, C: 8, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 3, OW: 2},
		{N: 2, H: 7, W: 6, C: 4, KH: 3, KW: 2, StrideH: 2, StrideW: 1, PadTop: 1, PadLeft: 1, OH: 4, OW: 6},
		{N: 1, H: 9, W: 9, C: 12, KH: 2, KW: 2, StrideH: 3, StrideW: 4, OH: 3, OW: 2},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			sizeX, sizeY := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
			x, dy := make([]float32, sizeX), make([]float32, sizeY)
			for i := range x {
				x[i] = float32((i * 29) % 23) // with ties
			}
			x[7], x[s.C+2] = float32(math.NaN()), float32(math.Inf(-1))
			for i := range dy {
				dy[i] = float32(i%13) - 6
			}
			var results [2][]float32
			var args [2][]int32
			for off := range 2 { // elements by which the buffers are misaligned
				buffer := func(e kernels.Type, n int) kernels.Buffer { return d.Alloc(e, n+off).Slice(off, n+off) }
				on, y, arg := buffer(kernels.Float32, sizeX), buffer(kernels.Float32, sizeY), buffer(kernels.Int32, sizeY)
				slope, dx := buffer(kernels.Float32, sizeY), buffer(kernels.Float32, sizeX)
				mean, share := buffer(kernels.Float32, sizeY), buffer(kernels.Float32, sizeX)
				kernels.Upload(d, on, x)
				kernels.Upload(d, slope, dy)
				d.MaxPool(y, arg, on, s)
				d.MaxPoolGrad(dx, slope, arg, s, kernels.Overwrite)
				d.MaxPoolGrad(dx, slope, arg, s, kernels.Accumulate)
				d.AvgPool(mean, on, s)
				d.AvgPoolGrad(share, slope, s, kernels.Overwrite)
				d.AvgPoolGrad(share, slope, s, kernels.Accumulate)
				results[off] = make([]float32, 2*(sizeY+sizeX))
				args[off] = make([]int32, sizeY)
				kernels.Download(d, results[off][:sizeY], y)
				kernels.Download(d, results[off][sizeY:sizeY+sizeX], dx)
				kernels.Download(d, results[off][sizeY+sizeX:2*sizeY+sizeX], mean)
				kernels.Download(d, results[off][2*sizeY+sizeX:], share)
				kernels.Download(d, args[off], arg)
			}
			for i, want := range results[1] {
				if math.Float32bits(results[0][i]) != math.Float32bits(want) {
					t.Fatalf("result %d (gradient from %d, means from %d, their gradient from %d) is %v four at once, %v one by one",
						i, sizeY, sizeY+sizeX, 2*sizeY+sizeX, results[0][i], want)
				}
			}
			for i, want := range args[1] {
				if args[0][i] != want {
					t.Fatalf("arg %d is %d four at once, %d one by one", i, args[0][i], want)
				}
			}
		})
	}
}
