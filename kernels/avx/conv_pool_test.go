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

// convPoolSpecs pools the outputs of all convolutions that are large enough by 2×2, and those of some
// in other ways.
func convPoolSpecs() []kernels.ConvPoolSpec {
	var specs []kernels.ConvPoolSpec
	add := func(c kernels.ConvSpec, size, stride, oh, ow int) {
		c.ReLU = true
		specs = append(specs, kernels.ConvPoolSpec{Conv: c, Pool: kernels.PoolSpec{
			N: c.N, H: c.OH, W: c.OW, C: c.Out, KH: size, KW: size, StrideH: stride, StrideW: stride, OH: oh, OW: ow}})
	}
	for _, c := range convSpecs() {
		if c.OH > 1 && c.OW > 1 && c.OW < 400 {
			add(c, 2, 2, c.OH/2, c.OW/2)
		}
	}
	one := func(n, h, w, kh, kw, out, sh, sw, dh, dw, pad int) kernels.ConvSpec {
		return kernels.ConvSpec{N: n, H: h, W: w, C: 1, KH: kh, KW: kw, Out: out, StrideH: sh, StrideW: sw, DilationH: dh, DilationW: dw,
			PadTop: pad, PadLeft: pad, OH: (h+2*pad-(kh-1)*dh-1)/sh + 1, OW: (w+2*pad-(kw-1)*dw-1)/sw + 1}
	}
	for _, c := range []kernels.ConvSpec{
		one(5, 28, 28, 5, 5, 32, 1, 1, 1, 1, 0),  // two groups of taps
		one(1, 9, 10, 5, 5, 24, 1, 1, 1, 1, 0),   // one image
		one(40, 9, 7, 3, 3, 8, 1, 1, 1, 1, 1),    // more images than chunks
		one(3, 15, 17, 7, 6, 40, 1, 1, 1, 1, 2),  // four groups, more filters than a kernel processes at once
		one(2, 23, 22, 3, 4, 16, 2, 3, 1, 1, 0),  // strides
		one(2, 19, 18, 3, 2, 48, 2, 1, 2, 3, 2),  // dilations
		one(3, 2, 2, 1, 1, 64, 1, 1, 1, 1, 0),    // one window
		one(2, 90, 60, 3, 3, 32, 1, 1, 1, 1, 0),  // several bands
		one(2, 12, 600, 3, 3, 16, 1, 1, 1, 1, 1), // bands of one window
		one(6, 11, 15, 4, 4, 20, 1, 1, 1, 1, 0),  // an odd number of windows, filters that fill no register
		one(7, 14, 13, 8, 8, 9, 1, 1, 1, 1, 1),   // as many taps as bits in a mask
		one(5, 12, 14, 6, 9, 16, 1, 1, 1, 1, 0),  // rows of nine taps
		one(6, 8, 70, 3, 3, 32, 1, 1, 1, 1, 0),   // rows of more pixels than bits
	} {
		add(c, 2, 2, c.OH/2, c.OW/2)
	}
	// From the nonzeros alone: lines of every length, filters of every height, with strides, padding
	// on some or all sides, and images that are cut off.
	some := func(n, h, w, channels, kh, kw, out, sh, sw, dh, top, left, bottom, right int) {
		c := kernels.ConvSpec{N: n, H: h, W: w, C: channels, KH: kh, KW: kw, Out: out, StrideH: sh, StrideW: sw, DilationH: dh, DilationW: 1,
			PadTop: top, PadLeft: left, OH: (h+top+bottom-(kh-1)*dh-1)/sh + 1, OW: (w+left+right-kw)/sw + 1}
		add(c, 2, 2, c.OH/2, c.OW/2)
	}
	for i, floats := range []int{8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 200} {
		some(2, 7, 6, floats, 1+i%6, 1, 5+7*i, 1, 1, 1, 0, 0, 0, 0)
		some(2, 7, 8, floats, 6-i%6, 1, 90-5*i, 1, 1, 1, 1, 1, 1, 1)
	}
	some(40, 9, 8, 8, 3, 3, 20, 1, 1, 1, 0, 0, 0, 0) // more images than chunks
	some(2, 12, 11, 8, 5, 5, 24, 1, 1, 1, 2, 2, 2, 2)
	some(2, 13, 15, 4, 4, 2, 17, 2, 3, 1, 1, 1, 2, 0)
	some(2, 14, 13, 16, 3, 2, 33, 1, 2, 3, 3, 0, 2, 1)
	some(3, 12, 12, 24, 3, 3, 32, 1, 1, 1, -1, -2, -1, 0) // the edge is never read
	some(2, 9, 9, 12, 2, 3, 16, 1, 1, 1, 1, 1, 0, 0)      // lines that are not whole registers
	some(1, 5, 4, 40, 3, 3, 400, 1, 1, 1, 1, 1, 1, 1)     // a filter that is too large
	c := one(2, 12, 12, 3, 3, 16, 1, 1, 1, 1, 0)
	add(c, 3, 3, 3, 3)
	add(c, 2, 1, 9, 9) // overlapping
	add(c, 2, 2, 3, 4) // not all of the image
	return specs
}

// The fused operation is compared with the separate ones: the values must have the same bits. The
// gradients are compared with the reference's.
func TestConvPoolMatchesConvAndPool(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d, ref := open(t, set), reference.New()
			r := rand.New(rand.NewPCG(1, 11))
			fused := 0
			for _, s := range convPoolSpecs() {
				c, p := s.Conv, s.Pool
				if fusesPooling(s) {
					fused++
				}
				n, name := p.N*p.OH*p.OW*p.C, fmt.Sprintf("%+v", s)
				x, w, bias := newFenced(c.N*c.H*c.W*c.C, r.IntN(8)).fill(r), newFenced(c.Cols()*c.Out, r.IntN(8)).fill(r), newFenced(c.Out, r.IntN(8)).fill(r)
				y, arg, dy := newFenced(n, r.IntN(8)).fill(r), kernels.NewHost(kernels.Int32, n), newFenced(n, r.IntN(8)).fill(r)
				z, y2, arg2 := kernels.NewHost(kernels.Float32, c.Rows()*c.Out), kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, n)
				d.Conv2D(z, x.buffer, w.buffer, bias.buffer, c)
				d.MaxPool(y2, arg2, z, p)
				d.Conv2DReLUMaxPool(y.buffer, arg, x.buffer, w.buffer, bias.buffer, s)
				y.intact(t, name)
				if !slices.Equal(kernels.Floats(y2), y.floats()) || !slices.Equal(kernels.Ints(arg2), kernels.Ints(arg)) {
					t.Fatalf("%s: the pooled values or their places are others than those of MaxPool after Conv2D", name)
				}
				for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
					dw, db := newFenced(w.buffer.Len(), r.IntN(8)).fill(r), newFenced(c.Out, r.IntN(8)).fill(r)
					wantW, wantB := kernels.NewHost(kernels.Float32, w.buffer.Len()), kernels.NewHost(kernels.Float32, c.Out)
					ref.Copy(wantW, dw.buffer)
					ref.Copy(wantB, db.buffer)
					boundW, boundB := magnitude(wantW), magnitude(wantB)
					ref.Conv2DReLUMaxPoolGrad(nil, wantW, wantB, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					ref.Conv2DReLUMaxPoolGrad(nil, boundW, boundB, magnitude(dy.buffer), y.buffer, arg, magnitude(x.buffer), w.buffer, s, m, m, m)
					if winogradPays(c) && !sparsePays(s) { // see checkConv
						floor(kernels.Floats(boundW), 10)
					}
					d.Conv2DReLUMaxPoolGrad(nil, dw.buffer, db.buffer, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					dw.intact(t, name)
					db.intact(t, name)
					dx, wantX := newFenced(x.buffer.Len(), r.IntN(8)).fill(r), kernels.NewHost(kernels.Float32, x.buffer.Len())
					ref.Copy(wantX, dx.buffer)
					boundX := magnitude(wantX)
					ref.Conv2DReLUMaxPoolGrad(wantX, nil, nil, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					ref.Conv2DReLUMaxPoolGrad(boundX, nil, nil, magnitude(dy.buffer), y.buffer, arg, x.buffer, magnitude(w.buffer), s, m, m, m)
					if winogradPays(c) && !sparsePays(s) {
						floor(kernels.Floats(boundX), 10)
					}
					d.Conv2DReLUMaxPoolGrad(dx.buffer, nil, nil, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					dx.intact(t, name)
					compare(t, name+" dx", dx.floats(), kernels.Floats(wantX), kernels.Floats(boundX), c.KH*c.KW*c.Out+8)
					compare(t, name+" dw", dw.floats(), kernels.Floats(wantW), kernels.Floats(boundW), c.Rows()+8)
					compare(t, name+" dbias", db.floats(), kernels.Floats(wantB), kernels.Floats(boundB), c.Rows()+8)
				}
			}
			if fused < 30 {
				t.Errorf("%d of the shapes are pooled in the cache, want 30", fused)
			}
		})
	}
}

func TestConvPoolBitsDependOnShapeAlone(t *testing.T) {
	for _, s := range convPoolSpecs() {
		c, p := s.Conv, s.Pool
		if !fusesPooling(s) || c.N < 2 {
			continue
		}
		n := p.N * p.OH * p.OW * p.C
		x, w, dy := randomBuffer(c.N*c.H*c.W*c.C), randomBuffer(c.Cols()*c.Out), randomBuffer(n)
		if c.C == 1 {
			strokes(rand.New(rand.NewPCG(1, 14)), kernels.Floats(x), c)
		}
		for _, set := range Names() {
			if Allowed(set) != nil {
				continue // TestConvPoolMatchesConvAndPool says what is missing
			}
			var first [][]float32
			for _, workers := range []int{1, 2, 7} {
				old := runtime.GOMAXPROCS(workers)
				d, err := New(set)
				runtime.GOMAXPROCS(old)
				if err != nil {
					t.Fatal(err)
				}
				y, arg, dx, dw, db := randomBuffer(n), kernels.NewHost(kernels.Int32, n), randomBuffer(x.Len()), randomBuffer(w.Len()), randomBuffer(c.Out)
				const add = kernels.Accumulate
				d.Conv2DReLUMaxPool(y, arg, x, w, nil, s)
				d.Conv2DReLUMaxPoolGrad(nil, dw, db, dy, y, arg, x, w, s, add, add, add)
				d.Conv2DReLUMaxPoolGrad(dx, dw, db, dy, y, arg, x, w, s, add, add, add)
				d.Close()
				got := [][]float32{kernels.Floats(y), kernels.Floats(dx), kernels.Floats(dw), kernels.Floats(db)}
				if first == nil {
					first = got
				}
				for i := range got {
					for j, v := range got[i] {
						if math.Float32bits(v) != math.Float32bits(first[i][j]) {
							t.Fatalf("%+v, result %d: %s with %d workers gives %v at %d, one worker gave %v", s, i, set, workers, v, j, first[i][j])
						}
					}
				}
			}
		}
	}
}

// Two shapes alternate, so that no memory is kept for one size alone.
func TestConvPoolAllocatesNothing(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			var steps []func()
			for _, s := range convPoolSpecs() {
				c, p := s.Conv, s.Pool
				if c.N < 2 || !sparsePays(s) && (c.C > 1 || c.Out < 8) {
					continue
				}
				n := p.N * p.OH * p.OW * p.C
				x, w, dw, db := randomBuffer(c.N*c.H*c.W*c.C), randomBuffer(c.Cols()*c.Out), randomBuffer(c.Cols()*c.Out), randomBuffer(c.Out)
				y, arg, dy := randomBuffer(n), kernels.NewHost(kernels.Int32, n), randomBuffer(n)
				var dx kernels.Buffer
				if c.C > 1 { // a first layer has no such gradient
					dx = randomBuffer(x.Len())
				}
				steps = append(steps, func() {
					d.Conv2DReLUMaxPool(y, arg, x, w, nil, s)
					for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
						d.Conv2DReLUMaxPoolGrad(dx, dw, db, dy, y, arg, x, w, s, m, m, m)
					}
				})
			}
			all := func() {
				for _, step := range steps {
					step()
				}
			}
			all()
			if n := testing.AllocsPerRun(3, all); n != 0 {
				t.Errorf("%d calls of each kind allocate %v times", len(steps), n)
			}
		})
	}
}

// A NaN or an infinity in x reaches the same places with Winograd's algorithm, whose transforms would
// spread it, as with direct convolution.
func TestWinogradPoolKeepsNaNAndInf(t *testing.T) {
	s := kernels.ConvPoolSpec{
		Conv: kernels.ConvSpec{N: 3, H: 18, W: 19, C: 16, KH: 3, KW: 3, Out: 24, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 16, OW: 17, ReLU: true},
		Pool: kernels.PoolSpec{N: 3, H: 16, W: 17, C: 24, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 8, OW: 8},
	}
	c, p := s.Conv, s.Pool
	if !fusesPooling(s) || !winogradPays(c) {
		t.Fatal("the test's shape is not done by Winograd's algorithm")
	}
	r := rand.New(rand.NewPCG(1, 12))
	n := p.N * p.OH * p.OW * p.C
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				x, w := newFenced(c.N*c.H*c.W*c.C, 0).fill(r), newFenced(c.Cols()*c.Out, 0).fill(r)
				y, arg, z := kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, n), kernels.NewHost(kernels.Float32, c.Rows()*c.Out)
				y2, arg2 := kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, n)
				x.floats()[r.IntN(x.buffer.Len())] = float32(special)
				d.Conv2D(z, x.buffer, w.buffer, nil, c)
				d.MaxPool(y2, arg2, z, p)
				d.Conv2DReLUMaxPool(y, arg, x.buffer, w.buffer, nil, s)
				if !slices.Equal(kernels.Ints(arg), kernels.Ints(arg2)) || !slices.EqualFunc(kernels.Floats(y), kernels.Floats(y2), sameFloat) {
					t.Fatalf("with %v in x, the pooled values or their places are others than those of MaxPool after Conv2D", special)
				}
			}
		})
	}
}

// sameFloat is a == b, where a NaN is a NaN.
func sameFloat(a, b float32) bool { return a == b || a != a && b != b }
