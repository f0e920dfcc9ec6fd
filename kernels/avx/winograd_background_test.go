package avx

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// drawn returns images of a background, the same pixel everywhere, on which some pixels are drawn:
// none on the first image, and some more on each of the others. The last one has another background.
func drawn(r *rand.Rand, s kernels.ConvSpec, special float32) *fenced {
	x := newFenced(s.N*s.H*s.W*s.C, 0)
	for n := range s.N {
		image := x.floats()[n*s.H*s.W*s.C:][:s.H*s.W*s.C]
		for i := range image {
			image[i] = float32(i%s.C) / 8
			if n == s.N-1 {
				image[i]++
			}
			if i%s.C == 3 {
				image[i] = special
			}
		}
		for range n {
			pixel := r.IntN(s.H*s.W)*s.C + r.IntN(s.C)
			image[pixel] = r.Float32()
		}
	}
	return x
}

// Tiles that get the output of another tile have the same bits as if every tile were computed. (With
// Accumulate every tile is computed.)
func TestWinogradBackground(t *testing.T) {
	for _, s := range []kernels.ConvSpec{
		{N: 12, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
		{N: 9, H: 21, W: 19, C: 8, KH: 3, KW: 3, Out: 24, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 21, OW: 19, ReLU: true}, // tiles at the edges see zeros too
	} {
		if !winogradPays(s) {
			t.Fatalf("%+v is not done by Winograd's algorithm", s)
		}
		for _, set := range Names() {
			for _, special := range []float32{0.5, float32(math.NaN()), float32(math.Inf(-1))} {
				d, r := open(t, set), rand.New(rand.NewPCG(1, 17))
				x, w, bias := drawn(r, s, special), newFenced(s.Cols()*s.Out, 0).fill(r), newFenced(s.Out, 0).fill(r)
				n := s.Rows() * s.Out
				want, got := make([]float32, n), newFenced(n, 5)
				d.winograd(want, x.floats(), w.floats(), bias.floats(), s, kernels.Accumulate)
				d.winograd(got.floats(), x.floats(), w.floats(), bias.floats(), s, kernels.Overwrite)
				got.intact(t, "y")
				same := func(a, b float32) bool { return a == b || a != a && b != b }
				if !slices.EqualFunc(want, got.floats(), same) {
					t.Errorf("%s, %v, %+v: not the bits of tiles that are computed", set, special, s)
				}

				p := kernels.PoolSpec{N: s.N, H: s.OH, W: s.OW, C: s.Out, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: s.OH / 2, OW: s.OW / 2}
				n = p.N * p.OH * p.OW * p.C
				z, y2, arg2 := kernels.NewHost(kernels.Float32, len(want)), kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, n)
				copy(kernels.Floats(z), want)
				d.MaxPool(y2, arg2, z, p)
				y, arg := newFenced(n, 3), kernels.NewHost(kernels.Int32, n)
				d.Conv2DReLUMaxPool(y.buffer, arg, x.buffer, w.buffer, bias.buffer, kernels.ConvPoolSpec{Conv: s, Pool: p})
				y.intact(t, "pooled y")
				if !slices.EqualFunc(kernels.Floats(y2), y.floats(), same) || !slices.Equal(kernels.Ints(arg2), kernels.Ints(arg)) {
					t.Errorf("%s, %v, %+v: pooled, not the bits of tiles that are computed", set, special, s)
				}
			}
		}
	}
}

// Exactly those tiles wait that read the same pixel everywhere, that of the first such tile.
func TestWinogradBackgroundWaits(t *testing.T) {
	s := kernels.ConvSpec{N: 12, H: 27, W: 22, C: 16, KH: 3, KW: 3, Out: 8, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, OH: 27, OW: 20}
	d, r := open(t, "avx2"), rand.New(rand.NewPCG(1, 18))
	x := drawn(r, s, 0.5).floats()
	task := &d.wino
	task.set(d, nil, x, nil, nil, s, kernels.Overwrite, s.C, s.Out)
	var b background
	b.begin()
	first, waiting := -1, 0
	for tile := range task.tiles {
		n, h, k := task.position(tile)
		h -= s.PadTop
		at := func(i, j, c int) float32 { return x[((n*s.H+h+i)*s.W+k+j)*s.C+c] }
		want := h >= 0 && h+6 <= s.H && k+6 <= s.W
		for i := 0; want && i < 36*s.C; i++ {
			pixel := float32(i%s.C) / 8
			if i%s.C == 3 {
				pixel = 0.5
			}
			want = at(i/s.C/6, i/s.C%6, i%s.C) == pixel
		}
		if want && first < 0 {
			first, want = tile, false
		}
		if got := b.waits(task, tile); got != want {
			t.Errorf("tile %d at row %d and column %d of image %d waits: %v, want %v", tile, h, k, n, got, want)
		}
		if want {
			waiting++
		}
	}
	if b.tile != first || first < 0 || len(b.waiting) != waiting || waiting < 30 || waiting > task.tiles*3/4 {
		t.Errorf("of %d tiles, the first of background is %d, %d wait; want %d, and %d, some and not all", task.tiles, b.tile, len(b.waiting), first, waiting)
	}
	task.mode = kernels.Accumulate
	if b.begin(); b.waits(task, first) || b.tile >= 0 {
		t.Error("a tile is background where the output is added to what is there")
	}
}
