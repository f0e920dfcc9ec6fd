package reference_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// Shared calls give the same bits on any number of cores. Their sizes are not divisible by
// any of these numbers, and large enough for sharing.
func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	conv := kernels.ConvSpec{N: 7, H: 13, W: 11, C: 5, KH: 3, KW: 3, Out: 17, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 13, OW: 11}
	sizeX, sizeY, sizeW := conv.N*conv.H*conv.W*conv.C, conv.Rows()*conv.Out, conv.Cols()*conv.Out
	pool := kernels.PoolSpec{N: 31, H: 23, W: 19, C: 7, KH: 3, KW: 2, StrideH: 1, StrideW: 2, OH: 21, OW: 9}
	for _, c := range []struct {
		name     string
		out      int
		in       []int // the lengths of the operands
		call     func(d kernels.Device, out kernels.Buffer, in []kernels.Buffer)
		leastOps int
	}{
		{"MatMul", 101 * 37, []int{101 * 59, 59 * 37, 37}, func(d kernels.Device, out kernels.Buffer, in []kernels.Buffer) {
			d.MatMul(out, in[0], in[1], in[2], kernels.MatMulSpec{M: 101, N: 37, K: 59, TransA: true, Mode: kernels.Accumulate})
		}, 101 * 37 * 59},
		{"Conv2D", sizeY, []int{sizeX, sizeW, conv.Out}, func(d kernels.Device, out kernels.Buffer, in []kernels.Buffer) {
			d.Conv2D(out, in[0], in[1], in[2], conv)
		}, sizeY * conv.Cols()},
		{"Conv2DGradInput", sizeX, []int{sizeY, sizeW}, func(d kernels.Device, out kernels.Buffer, in []kernels.Buffer) {
			d.Conv2DGradInput(out, in[0], in[1], conv, kernels.Accumulate)
		}, sizeY * conv.Cols()},
		{"Conv2DGradFilter", sizeW, []int{sizeY, sizeX}, func(d kernels.Device, out kernels.Buffer, in []kernels.Buffer) {
			d.Conv2DGradFilter(out, in[0], in[1], conv, kernels.Accumulate)
		}, sizeY * conv.Cols()},
		{"MaxPool", 31 * 21 * 9 * 7, []int{31 * 23 * 19 * 7}, func(d kernels.Device, out kernels.Buffer, in []kernels.Buffer) {
			arg := d.Alloc(kernels.Int32, out.Len())
			d.MaxPool(out, arg, in[0], pool)
		}, 31 * 21 * 9 * 7 * 6},
	} {
		if c.leastOps < reference.LeastShared {
			t.Errorf("%s: %d operations are too few to be shared, must be %d", c.name, c.leastOps, reference.LeastShared)
		}
		var want []float32
		for _, cores := range []int{1, 2, 3, 8} {
			t.Run(fmt.Sprintf("%s/cores=%d", c.name, cores), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
				d := reference.New()
				defer d.Close()
				r := rand.New(rand.NewPCG(1, 2))
				random := func(n int) kernels.Buffer {
					values := make([]float32, n)
					for i := range values {
						values[i] = r.Float32() - 0.5
					}
					b := d.Alloc(kernels.Float32, n)
					kernels.Upload(d, b, values)
					return b
				}
				out := random(c.out)
				var in []kernels.Buffer
				for _, n := range c.in {
					in = append(in, random(n))
				}
				c.call(d, out, in)
				got := slices.Clone(kernels.Floats(out))
				if want == nil {
					want = got
				}
				if !slices.Equal(got, want) {
					t.Errorf("the result is another than on one core")
				}
			})
		}
	}
}
