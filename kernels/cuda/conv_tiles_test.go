package cuda

import (
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda/emulator"
)

// Low tiles are picked where the scheduler with the most work has less of it so, as with the
// batches of mnist-cnn; else those that load less.
func TestLowTiles(t *testing.T) {
	d := &Device{}
	for _, c := range []struct {
		kernels convAsyncKernels
		m, n    int
		low     bool
	}{
		{convAsyncBwdInput, 128 * 26 * 26, 32, true}, // 773 of 112 rows, six for a multiprocessor; 676 of 128, six as well
		{convAsyncBwdInput, 6 * 132 * 128, 32, false},
		{convAsyncBwdInput, 6 * 132 * 112, 32, true},
		{convAsyncBwdInput, 1 << 24, 32, false},
		{convAsyncBwdInput, 128 * 26 * 26, 64, false}, // there are none of that width
		{convAsyncFwd, 128 * 24 * 24, 64, true},       // 1317 of 56 rows, ten for a multiprocessor, five warps for a scheduler; of 64 nine, and five
		{convAsyncFwd, 8 * 132 * 64, 64, false},
		{convAsyncFwd, 1 << 24, 64, false},
		{convAsyncFwd, 128 * 24 * 24, 32, false},
	} {
		if got := d.tiling(c.kernels, c.m, c.n); (got == c.kernels.low) != c.low {
			t.Errorf("%d×%d: %s is picked, low tiles: want %v", c.m, c.n, got.kernel.name, c.low)
		}
	}
}

// All tiles give the same bits, also behind the ReLU below: rows and columns fill none of
// them, and there are several groups of blocks.
func TestTilesAlike(t *testing.T) {
	d, err := New("emulator", emulator.NewDriver(emulator.Options{Checks: emulator.AllChecks}))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := kernels.ConvSpec{N: 3, H: 15, W: 13, C: 28, KH: 3, KW: 2, Out: 20, OH: 15, OW: 12, PadTop: 1,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	uniform := func(n int, seed uint64) kernels.Buffer {
		b := d.Alloc(kernels.Float32, n)
		d.Uniform(b, -1, 1, seed)
		return b
	}
	x, dy, w := uniform(s.N*s.H*s.W*s.C, 1), uniform(s.Rows()*s.Out, 2), uniform(s.Cols()*s.Out, 3)
	var forward []float32
	for _, tile := range []convTiling{convAsyncFwd.narrow, convAsyncFwd.low, convAsyncFwd.small, convAsyncFwd.large} {
		y := uniform(dy.Len(), 4)
		d.async(tile, address(y), x, w, 0, s.Rows(), s.Out, s.Cols(), s.Cols(), s, true, true)
		got := make([]float32, y.Len())
		kernels.Download(d, got, y)
		if forward == nil {
			forward = got
		}
		for i := range got {
			if math.Float32bits(got[i]) != math.Float32bits(forward[i]) {
				t.Fatalf("%s: element %d is %v, %v by %s", tile.kernel.name, i, got[i], forward[i], convAsyncFwd.narrow.kernel.name)
			}
		}
	}
	var want, wantSum []float32
	for _, tile := range []convTiling{convAsyncBwdInput.narrow, convAsyncBwdInput.low, convAsyncBwdInput.small, convAsyncBwdInput.large} {
		dx, dbias := uniform(x.Len(), 4), uniform(s.C, 5)
		d.asyncGradInput(tile, dx, dy, w, s, kernels.Accumulate, behindReLU{x, dbias, kernels.Accumulate})
		got, sum := make([]float32, dx.Len()), make([]float32, s.C)
		kernels.Download(d, got, dx)
		kernels.Download(d, sum, dbias)
		if want == nil {
			want, wantSum = got, sum
		}
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%s: element %d is %v, %v by %s", tile.kernel.name, i, got[i], want[i], convAsyncBwdInput.narrow.kernel.name)
			}
		}
		// 585 rows of sums of 120 products, added up in another order.
		const tolerance = 0x1p-24 * 585 * 120 / 4
		for i := range sum {
			if difference := math.Abs(float64(sum[i]) - float64(wantSum[i])); !(difference <= tolerance) {
				t.Fatalf("%s: the bias's gradient %d is %v, %v by %s, want within %v", tile.kernel.name, i, sum[i], wantSum[i], convAsyncBwdInput.narrow.kernel.name, tolerance)
			}
		}
	}
}
