package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
)

// The gradients of average pooling and of a mean are dy divided by the window's area or the number
// of terms, rounded once: where that is a power of two they multiply, to the same bits, also for
// what is nearly 0 or infinite. A row of that many elements is the window.
func TestQuotientsAreRoundedOnce(t *testing.T) {
	d := checked(t)
	defer d.Close()
	dy := []float32{1, -3, 0, float32(math.Copysign(0, -1)), 0.1, 1e38, math.MaxFloat32, -1e-38, 3e-45, -1.5e-45, 1.1754944e-38, 1.1754942e-38,
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 7.0000005}
	for seed := range uint32(48) {
		dy = append(dy, math.Float32frombits(seed*0x9E3779B9))
	}
	slope := d.Alloc(kernels.Float32, len(dy))
	kernels.Upload(d, slope, dy)
	for _, size := range []int{1, 2, 3, 4, 6, 7, 8, 9, 25, 32, 49, 64, 127, 128, 1000} {
		s := kernels.PoolSpec{N: 1, H: 1, W: size, C: len(dy), KH: 1, KW: size, StrideH: 1, StrideW: 1, OH: 1, OW: 1}
		dx := d.Alloc(kernels.Float32, size*len(dy))
		for name, run := range map[string]func(){
			"average pooling": func() { d.AvgPoolGrad(dx, slope, s, kernels.Overwrite) },
			"mean": func() {
				d.MeanGrad(dx, slope, kernels.ReduceSpec{Outer: 1, N: size, Inner: len(dy)}, kernels.Overwrite)
			},
		} {
			t.Run(fmt.Sprintf("%s of %d", name, size), func(t *testing.T) {
				run()
				got := make([]float32, dx.Len())
				kernels.Download(d, got, dx)
				for i, v := range got {
					want := dy[i%len(dy)] / float32(size)
					if name == "average pooling" {
						want += 0 // a sum of windows, which begins with 0: -0 becomes 0
					}
					if math.Float32bits(v) != math.Float32bits(want) && !(v != v && want != want) {
						t.Fatalf("%v/%d at %d is %v (%#x), want %v (%#x)", dy[i%len(dy)], size, i, v, math.Float32bits(v), want, math.Float32bits(want))
					}
				}
			})
		}
		dx.Free()
	}
}
