package cuda

import (
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda/emulator"
)

// Low tiles are chosen where they leave less work for the busiest scheduler, as with the batches
// of mnist-cnn. Otherwise the tiles that load less are chosen.
func TestLowTiles(t *testing.T) {
	d := &Device{}
	for _, c := range []struct {
		kernels convAsyncKernels
		m, n    int
		low     bool
	}{
		{convAsyncBwdInput, 128 * 26 * 26, 32, true}, // 773 blocks of 112 rows, at most six per multiprocessor; 676 of 128 rows, also six
		{convAsyncBwdInput, 6 * 132 * 128, 32, false},
		{convAsyncBwdInput, 6 * 132 * 112, 32, true},
		{convAsyncBwdInput, 1 << 24, 32, false},
		{convAsyncBwdInput, 128 * 26 * 26, 64, false}, // no low tiles of that width
		{convAsyncFwd, 128 * 24 * 24, 64, true},       // 1317 blocks of 56 rows, ten per multiprocessor, five warps per scheduler; of 64 rows nine, and five
		{convAsyncFwd, 8 * 132 * 64, 64, false},
		{convAsyncFwd, 1 << 24, 64, false},
		{convAsyncFwd, 128 * 24 * 24, 32, false},
		{convAsyncBwdInput, 250 * 10 * 10, 16, true}, // 261 blocks of 96 rows, two per multiprocessor; 196 of 128 rows, also two
		{convAsyncBwdInput, 2 * 132 * 96, 16, true},
		{convAsyncBwdInput, 2*132*96 + 1, 16, false},
		{convAsyncBwdInput, 1 << 24, 16, false},
		{convAsyncFwd, 250 * 10 * 10, 16, true},
		{convAsyncFwd, 250 * 10 * 10, 12, true},
		{convAsyncFwd, 250 * 10 * 10, 20, false},
	} {
		if got := d.tiling(c.kernels, c.m, c.n); slices.Contains(c.kernels.low, got) != c.low {
			t.Errorf("%d×%d: %s is picked, low tiles: want %v", c.m, c.n, got.kernel.name, c.low)
		}
	}
}

// With at most 16 columns, no tile is wider than 16.
func TestThinTiles(t *testing.T) {
	d := &Device{}
	for _, k := range []convAsyncKernels{convAsyncFwd, convAsyncBwdInput} {
		for m := 1; m < 1<<22; m = 2*m + 1 {
			for _, n := range []int{4, 16} {
				if got := d.tiling(k, m, n); got.bn != 16 {
					t.Errorf("%d×%d: %s is picked, want 16 columns", m, n, got.kernel.name)
				}
			}
		}
	}
}

// All tiles give the same bits, also after the ReLU of the layer below. The rows and columns fill
// none of the tiles, and there are several groups of blocks.
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
	for _, tile := range convAsyncFwd.all() {
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
	for _, tile := range convAsyncBwdInput.all() {
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
		// 585 rows of sums of 120 products, summed in another order.
		const tolerance = 0x1p-24 * 585 * 120 / 4
		for i := range sum {
			if difference := math.Abs(float64(sum[i]) - float64(wantSum[i])); !(difference <= tolerance) {
				t.Fatalf("%s: the bias's gradient %d is %v, %v by %s, want within %v", tile.kernel.name, i, sum[i], wantSum[i], convAsyncBwdInput.narrow.kernel.name, tolerance)
			}
		}
	}
}

func (k convAsyncKernels) all() []convTiling {
	return append([]convTiling{k.narrow, k.thin, k.small, k.large}, k.low...)
}

// With tiles of 16 columns, to99's second convolution by input is half the work that it is with
// tiles 32 wide: both by all instructions of the warps, and by those of the warps on the busiest
// scheduler. There are no bank conflicts. The same holds forward.
func TestThinCounts(t *testing.T) {
	machine := emulator.NewDriver(emulator.Options{Counters: true})
	d, err := New("emulator", machine)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := kernels.ConvSpec{N: 48, H: 10, W: 10, C: 16, KH: 3, KW: 3, Out: 64, OH: 8, OW: 8,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	x, y, w := d.Alloc(kernels.Float32, s.N*s.H*s.W*s.C), d.Alloc(kernels.Float32, s.Rows()*s.Out), d.Alloc(kernels.Float32, s.Cols()*s.Out)
	back := s // with the two numbers of channels exchanged: the same product
	back.C, back.Out, back.H, back.W, back.OH, back.OW, back.PadTop, back.PadLeft = 64, 16, 8, 8, 10, 10, 2, 2
	for _, pass := range []struct {
		kernels convAsyncKernels
		run     func(convTiling)
	}{
		{convAsyncBwdInput, func(tile convTiling) {
			d.asyncGradInput(tile, x, y, w, s, kernels.Overwrite, behindReLU{})
		}},
		{convAsyncFwd, func(tile convTiling) {
			d.async(tile, address(x), y, w, 0, back.Rows(), back.Out, back.Cols(), back.Cols(), back, false, false)
		}},
	} {
		const m, n = 250 * 10 * 10, 16 // of the step
		each := func(tile convTiling) (all, multiplied, busiest float64) {
			machine.Machine.ResetCounters()
			pass.run(tile)
			for _, l := range machine.Machine.Counters().Lines {
				all += float64(l.WarpInstructions)
				if l.BankConflicts != 0 {
					t.Errorf("%s: %d bank conflicts in %s, want none", tile.kernel.name, l.BankConflicts, l.Instr)
				}
				if strings.HasPrefix(l.Instr, "fma") {
					multiplied += float64(l.WarpInstructions)
				}
			}
			warps := float64(ceilDiv(48*10*10, tile.bm) * tile.threads / 32)
			sums := float64(tile.bm*tile.bn) / float64(tile.threads)
			t.Logf("%s: %.0f instructions, %.3f multiply-adds, %.0f on the busiest scheduler for %d rows",
				tile.kernel.name, all, multiplied/all, all/warps/sums*float64(tile.busiest(m, n)), m)
			return all, multiplied, all / warps / sums * float64(tile.busiest(m, n))
		}
		wide, _, before := each(pass.kernels.narrow)
		for _, low := range pass.kernels.low {
			if low.bn == pass.kernels.narrow.bn {
				_, _, lower := each(low)
				before = min(before, lower)
			}
		}
		thin, multiplied, _ := each(pass.kernels.thin)
		_, _, after := each(d.tiling(pass.kernels, m, n))
		if !(thin < 0.6*wide) {
			t.Errorf("%s: %.0f instructions, want at most 0.6 of the %.0f in wider tiles", pass.kernels.thin.kernel.name, thin, wide)
		}
		if !(after < 0.55*before) {
			t.Errorf("%s: %.0f instructions on the busiest scheduler, want at most 0.55 of the %.0f in wider tiles", pass.kernels.thin.kernel.name, after, before)
		}
		if !(multiplied/thin > 0.72) {
			t.Errorf("%s: %.3f of the instructions are multiply-adds, want 0.72 at least", pass.kernels.thin.kernel.name, multiplied/thin)
		}
	}
}
