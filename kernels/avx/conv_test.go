package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// convSpecs are convolutions that differ in everything that a plan depends on.
func convSpecs() []kernels.ConvSpec {
	var specs []kernels.ConvSpec
	add := func(n, h, w, c, kh, kw, out, sh, sw, dh, dw, top, left, bottom, right int) {
		specs = append(specs, kernels.ConvSpec{
			N: n, H: h, W: w, C: c, KH: kh, KW: kw, Out: out, StrideH: sh, StrideW: sw, DilationH: dh, DilationW: dw,
			PadTop: top, PadLeft: left,
			OH: (h+top+bottom-(kh-1)*dh-1)/sh + 1, OW: (w+left+right-(kw-1)*dw-1)/sw + 1,
		})
	}
	for _, channels := range [][2]int{{1, 1}, {1, 32}, {3, 5}, {32, 64}, {17, 10}, {7, 50}} {
		c, out := channels[0], channels[1]
		add(2, 9, 8, c, 3, 3, out, 1, 1, 1, 1, 0, 0, 0, 0) // valid
		add(3, 7, 9, c, 3, 3, out, 1, 1, 1, 1, 1, 1, 1, 1) // same
		add(1, 10, 9, c, 3, 2, out, 2, 2, 1, 1, 0, 0, 0, 1)
		add(2, 11, 12, c, 2, 3, out, 3, 2, 1, 1, 1, 0, 0, 0) // strides that leave a remainder
		add(2, 9, 10, c, 3, 3, out, 1, 1, 2, 2, 2, 2, 2, 2)  // dilations
		add(1, 12, 11, c, 2, 3, out, 2, 1, 3, 2, 0, 1, 0, 3)
		add(2, 5, 5, c, 5, 5, out, 1, 1, 1, 1, 0, 0, 0, 0) // one position
		add(2, 4, 4, c, 1, 1, out, 1, 1, 1, 1, 0, 0, 0, 0) // one tap
		add(1, 5, 6, c, 1, 1, out, 2, 3, 1, 1, 0, 0, 0, 0) // one tap, strides
		add(1, 3, 3, c, 2, 2, out, 1, 1, 1, 1, 2, 3, 4, 1) // more padding than filter
		add(1, 1, 1, c, 3, 3, out, 1, 1, 1, 1, 1, 1, 1, 1)
	}
	add(0, 5, 5, 2, 3, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0)     // no images
	add(2, 5, 5, 0, 3, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0)     // no channels
	add(2, 5, 5, 2, 3, 3, 0, 1, 1, 1, 1, 0, 0, 0, 0)     // no filters
	add(1, 40, 41, 64, 3, 3, 33, 1, 1, 1, 1, 1, 1, 1, 1) // several bands, runs and calls for one window
	add(1, 60, 50, 150, 3, 3, 7, 1, 1, 1, 1, 1, 1, 1, 1) // a window longer than blockK
	add(20, 12, 12, 8, 3, 3, 16, 1, 1, 1, 1, 0, 0, 0, 0) // several images in a part
	add(3, 9, 10, 1, 5, 5, 24, 1, 1, 1, 1, 0, 0, 0, 0)   // 25 rows of the filter's gradient: tiles of 13
	// Winograd's: tiles that extend past the edge or don't, images that share a batch, padding of
	// every kind, more than one strip of filters.
	add(2, 18, 18, 16, 3, 3, 16, 1, 1, 1, 1, 0, 0, 0, 0)
	add(5, 14, 11, 32, 3, 3, 80, 1, 1, 1, 1, 1, 1, 1, 1)
	add(4, 12, 12, 24, 3, 3, 8, 1, 1, 1, 1, 0, 0, 0, 0)
	add(4, 12, 12, 8, 3, 3, 40, 1, 1, 1, 1, 1, 1, 1, 1)
	add(3, 17, 19, 48, 3, 3, 32, 1, 1, 1, 1, 2, 0, 0, 1)
	add(2, 14, 15, 16, 3, 3, 64, 1, 1, 1, 1, 4, 3, 3, 4)
	// Gradients of the input that add up tiles, with tiles that extend outside, padding on all sides,
	// and pixels that no tile reads.
	add(9, 14, 10, 8, 3, 3, 24, 1, 1, 1, 1, 0, 0, 0, 0)
	add(8, 13, 13, 16, 3, 3, 40, 1, 1, 1, 1, 1, 1, 0, 0)
	add(10, 17, 13, 40, 3, 3, 8, 1, 1, 1, 1, 0, 0, 1, 1)
	add(8, 13, 15, 32, 3, 3, 32, 1, 1, 1, 1, 0, 0, -4, -5)
	add(1, 30, 500, 70, 3, 3, 40, 1, 1, 1, 1, 1, 1, 1, 1) // bands bounded by the cache
	return specs
}

// checkConv compares the three methods with the reference.
func checkConv(t *testing.T, d *Device, r *rand.Rand, s kernels.ConvSpec) {
	t.Helper()
	ref := reference.New()
	size := struct{ x, w, y int }{s.N * s.H * s.W * s.C, s.Cols() * s.Out, s.Rows() * s.Out}
	x, w, dy := newFenced(size.x, r.IntN(8)).fill(r), newFenced(size.w, r.IntN(8)).fill(r), newFenced(size.y, r.IntN(8)).fill(r)
	var bias, biasMagnitude kernels.Buffer
	if r.IntN(2) == 0 {
		bias = newFenced(s.Out, r.IntN(8)).fill(r).buffer
		biasMagnitude = magnitude(bias)
	}
	s.ReLU = r.IntN(2) == 0
	plain := s
	plain.ReLU = false

	check := func(op string, n, terms int, run func(d kernels.Device, out kernels.Buffer), sums func(out kernels.Buffer)) {
		got, want := newFenced(n, r.IntN(8)).fill(r), kernels.NewHost(kernels.Float32, n)
		ref.Copy(want, got.buffer)
		bound := magnitude(got.buffer)
		run(ref, want)
		sums(bound)
		run(d, got.buffer)
		name := fmt.Sprintf("%s %+v", op, s)
		got.intact(t, name)
		if winogradPays(s) {
			// The error of an element depends on its whole tile. The bound is ten times that of a
			// direct sum of the largest magnitudes.
			floor(kernels.Floats(bound), 10)
		}
		compare(t, name, got.floats(), kernels.Floats(want), kernels.Floats(bound), terms+8)
	}
	check("Conv2D", size.y, s.Cols(),
		func(d kernels.Device, out kernels.Buffer) { d.Conv2D(out, x.buffer, w.buffer, bias, s) },
		func(out kernels.Buffer) {
			ref.Conv2D(out, magnitude(x.buffer), magnitude(w.buffer), biasMagnitude, plain)
		})
	for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
		check("Conv2DGradInput", size.x, s.KH*s.KW*s.Out,
			func(d kernels.Device, out kernels.Buffer) { d.Conv2DGradInput(out, dy.buffer, w.buffer, s, m) },
			func(out kernels.Buffer) { ref.Conv2DGradInput(out, magnitude(dy.buffer), magnitude(w.buffer), s, m) })
		check("Conv2DGradFilter", size.w, s.Rows(),
			func(d kernels.Device, out kernels.Buffer) { d.Conv2DGradFilter(out, dy.buffer, x.buffer, s, m) },
			func(out kernels.Buffer) { ref.Conv2DGradFilter(out, magnitude(dy.buffer), magnitude(x.buffer), s, m) })
	}
}

// floor raises every value to factor times the largest.
func floor(x []float32, factor float32) {
	if len(x) == 0 {
		return
	}
	largest := factor * slices.Max(x)
	for i := range x {
		x[i] = largest
	}
}

func TestConvMatchesReference(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 3))
			for _, s := range convSpecs() {
				checkConv(t, d, r, s)
			}
		})
	}
}

func TestConvBitsDependOnShapeAlone(t *testing.T) {
	specs := []kernels.ConvSpec{
		{N: 9, H: 14, W: 14, C: 8, KH: 3, KW: 3, Out: 40, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 12, OW: 12},
		{N: 20, H: 15, W: 14, C: 16, KH: 3, KW: 3, Out: 48, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 15, OW: 14},
		{N: 1, H: 40, W: 40, C: 64, KH: 3, KW: 3, Out: 33, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 40, OW: 40},
	}
	for _, s := range specs {
		x, w, dy := randomBuffer(s.N*s.H*s.W*s.C), randomBuffer(s.Cols()*s.Out), randomBuffer(s.Rows()*s.Out)
		var first [3][]float32
		for _, set := range Names() {
			if Allowed(set) != nil {
				continue // TestConvMatchesReference says what is missing
			}
			for _, workers := range []int{1, 2, 8} {
				old := runtime.GOMAXPROCS(workers)
				d, err := New(set)
				runtime.GOMAXPROCS(old)
				if err != nil {
					t.Fatal(err)
				}
				y, dx, dw := randomBuffer(dy.Len()), randomBuffer(x.Len()), randomBuffer(w.Len())
				d.Conv2D(y, x, w, nil, s)
				d.Conv2DGradInput(dx, dy, w, s, kernels.Accumulate)
				d.Conv2DGradFilter(dw, dy, x, s, kernels.Accumulate)
				d.Close()
				for i, b := range []kernels.Buffer{y, dx, dw} {
					got := kernels.Floats(b)
					if first[i] == nil {
						first[i] = got
					}
					for j, v := range got {
						if math.Float32bits(v) != math.Float32bits(first[i][j]) {
							t.Fatalf("%+v, result %d: %s with %d workers gives %v at %d, one worker gave %v", s, i, set, workers, v, j, first[i][j])
						}
					}
				}
			}
		}
	}
}

func TestConvAllocatesNothing(t *testing.T) {
	for _, channels := range [][2]int{{8, 20}, {16, 32}} { // directly, by Winograd's algorithm
		s := kernels.ConvSpec{N: 8, H: 14, W: 14, C: channels[0], KH: 3, KW: 3, Out: channels[1], StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 14, OW: 14}
		testConvAllocatesNothing(t, s)
	}
}

func testConvAllocatesNothing(t *testing.T, s kernels.ConvSpec) {
	x, w, y := randomBuffer(s.N*s.H*s.W*s.C), randomBuffer(s.Cols()*s.Out), randomBuffer(s.Rows()*s.Out)
	for _, set := range Names() {
		t.Run(fmt.Sprintf("%s/%d", set, s.C), func(t *testing.T) {
			d := open(t, set)
			steps := map[string]func(){
				"Conv2D":           func() { d.Conv2D(y, x, w, nil, s) },
				"Conv2DGradInput":  func() { d.Conv2DGradInput(x, y, w, s, kernels.Overwrite) },
				"Conv2DGradFilter": func() { d.Conv2DGradFilter(w, y, x, s, kernels.Overwrite) },
			}
			for name, step := range steps {
				if n := testing.AllocsPerRun(10, step); n != 0 {
					t.Errorf("%s of %d to %d channels allocates %v times", name, s.C, s.Out, n)
				}
			}
		})
	}
}
