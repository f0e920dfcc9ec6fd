package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// sparseSpecs are those of convPoolSpecs whose gradients are computed from the nonzeros alone.
func sparseSpecs(t *testing.T) []kernels.ConvPoolSpec {
	specs := slices.DeleteFunc(convPoolSpecs(), func(s kernels.ConvPoolSpec) bool { return !sparsePays(s) })
	if len(specs) < 30 {
		t.Fatalf("%d shapes, want 30", len(specs))
	}
	return specs
}

func TestSparsePays(t *testing.T) {
	base := kernels.ConvPoolSpec{
		Conv: kernels.ConvSpec{N: 8, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24, ReLU: true},
		Pool: kernels.PoolSpec{N: 8, H: 24, W: 24, C: 64, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12},
	}
	if !sparsePays(base) {
		t.Error("the gradients of a 3×3 convolution of 26×26 images are not computed from the nonzeros alone")
	}
	for what, change := range map[string]func(s *kernels.ConvPoolSpec){
		"one channel":               func(s *kernels.ConvPoolSpec) { s.Conv.C = 1 },
		"a dilation of 2":           func(s *kernels.ConvPoolSpec) { s.Conv.DilationW = 2 },
		"3×3 windows":               func(s *kernels.ConvPoolSpec) { s.Pool.KH, s.Pool.KW = 3, 3 },
		"lines of 30 floats":        func(s *kernels.ConvPoolSpec) { s.Conv.C = 10 },
		"a filter of 576 KB":        func(s *kernels.ConvPoolSpec) { s.Conv.Out = 512 },
		"images of 2.1 MB":          func(s *kernels.ConvPoolSpec) { s.Conv.H, s.Conv.W = 130, 130 },
		"no images":                 func(s *kernels.ConvPoolSpec) { s.Conv.N, s.Pool.N = 0, 0 },
		"a window that is cut off":  func(s *kernels.ConvPoolSpec) { s.Pool.OH = 13 },
		"images of 1 MB by padding": func(s *kernels.ConvPoolSpec) { s.Conv.OH, s.Conv.OW = 90, 90 },
	} {
		s := base
		if change(&s); sparsePays(s) {
			t.Errorf("with %s they are", what)
		}
	}
}

// sparsely sets all but a share of the elements to 0; some of the zeros are negative.
func sparsely(r *rand.Rand, x []float32, density float32) {
	for i := range x {
		switch {
		case r.Float32() < density:
		case r.IntN(2) == 0:
			x[i] = 0
		default:
			x[i] = float32(math.Copysign(0, -1))
		}
	}
}

// sparseOracle is the definition in float64, without the products with zeros. It adds to dx, dw and
// dbias.
func sparseOracle(dx, dw, dbias []float64, dy, y, x, w []float32, arg []int32, s kernels.ConvPoolSpec) {
	c := s.Conv
	for i, at := range arg {
		if !(y[i] > 0) || dy[i] == 0 {
			continue
		}
		position, o := int(at)/c.Out, int(at)%c.Out
		dz, n, oh, ow := float64(dy[i]), position/c.OW/c.OH, position/c.OW%c.OH, position%c.OW
		dbias[o] += dz
		for u := range c.KH {
			for v := range c.KW {
				h, k := oh*c.StrideH+u*c.DilationH-c.PadTop, ow*c.StrideW+v*c.DilationW-c.PadLeft
				if h < 0 || h >= c.H || k < 0 || k >= c.W {
					continue
				}
				for channel := range c.C {
					pixel, weight := ((n*c.H+h)*c.W+k)*c.C+channel, ((u*c.KW+v)*c.C+channel)*c.Out+o
					dx[pixel] += dz * float64(w[weight])
					dw[weight] += dz * float64(x[pixel])
				}
			}
		}
	}
}

// widened is x in float64 if it is added to, otherwise zeros.
func widened(x []float32, m kernels.Mode) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		if m == kernels.Accumulate {
			y[i] = float64(v)
		}
	}
	return y
}

func narrowed(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// Every shape, from no gradient at all to one for every window; all three gradients at once and each
// alone, which must give the same bits.
func TestSparseGradMatchesDefinition(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 13))
			for i, s := range sparseSpecs(t) {
				c, p := s.Conv, s.Pool
				n := p.N * p.OH * p.OW * p.C
				x, w, y, arg := newFenced(c.N*c.H*c.W*c.C, r.IntN(8)).fill(r), newFenced(c.Cols()*c.Out, r.IntN(8)).fill(r), newFenced(n, r.IntN(8)), kernels.NewHost(kernels.Int32, n)
				d.Conv2DReLUMaxPool(y.buffer, arg, x.buffer, w.buffer, nil, s)
				for j, density := range []float32{0, .15, .6, 1} {
					m := kernels.Mode((i+j)%2 == 0)
					name := fmt.Sprintf("%+v, density %v, mode %v", s, density, m)
					dy, dx, dw, db := newFenced(n, r.IntN(8)).fill(r), newFenced(x.buffer.Len(), r.IntN(8)).fill(r), newFenced(w.buffer.Len(), r.IntN(8)).fill(r), newFenced(c.Out, r.IntN(8)).fill(r)
					sparsely(r, dy.floats(), density)
					alone := []kernels.Buffer{kernels.NewHost(kernels.Float32, x.buffer.Len()), kernels.NewHost(kernels.Float32, w.buffer.Len()), kernels.NewHost(kernels.Float32, c.Out)}
					for k, g := range []*fenced{dx, dw, db} {
						d.Copy(alone[k], g.buffer)
					}
					wantX, wantW, wantB := widened(dx.floats(), m), widened(dw.floats(), m), widened(db.floats(), m)
					absolute := func(g *fenced) []float32 { return kernels.Floats(magnitude(g.buffer)) }
					boundX, boundW, boundB := widened(absolute(dx), m), widened(absolute(dw), m), widened(absolute(db), m)
					sparseOracle(wantX, wantW, wantB, dy.floats(), y.floats(), x.floats(), w.floats(), kernels.Ints(arg), s)
					sparseOracle(boundX, boundW, boundB, absolute(dy), y.floats(), absolute(x), absolute(w), kernels.Ints(arg), s)

					d.Conv2DReLUMaxPoolGrad(dx.buffer, dw.buffer, db.buffer, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					d.Conv2DReLUMaxPoolGrad(alone[0], nil, nil, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					d.Conv2DReLUMaxPoolGrad(nil, alone[1], nil, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					d.Conv2DReLUMaxPoolGrad(nil, nil, alone[2], dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
					// One rounding for each product that is added, and some for the sums of the
					// parts.
					for k, g := range []struct {
						name        string
						got         *fenced
						want, bound []float64
						terms       int
					}{{"dx", dx, wantX, boundX, c.KH * c.KW * c.Out}, {"dw", dw, wantW, boundW, p.N * p.OH * p.OW}, {"dbias", db, wantB, boundB, 1}} {
						g.got.intact(t, name)
						compare(t, name+" "+g.name, g.got.floats(), narrowed(g.want), narrowed(g.bound), g.terms+8)
						if !slices.Equal(g.got.floats(), kernels.Floats(alone[k])) {
							t.Fatalf("%s: %s alone is another one than with the others", name, g.name)
						}
					}
				}
			}
		})
	}
}

// With the ReLU that x came out of, dx is what BiasReLUGrad makes of it, dbelow is the same except
// for the order of its sum, and the other gradients have the same bits.
func TestSparseGradBehindReLU(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 15))
			for i, s := range sparseSpecs(t) {
				c, p := s.Conv, s.Pool
				n, name, m := p.N*p.OH*p.OW*p.C, fmt.Sprintf("%+v", s), kernels.Mode(i%2 == 0)
				x, w, y, arg := newFenced(c.N*c.H*c.W*c.C, r.IntN(8)).fill(r), newFenced(c.Cols()*c.Out, r.IntN(8)).fill(r), newFenced(n, r.IntN(8)), kernels.NewHost(kernels.Int32, n)
				d.Conv2DReLUMaxPool(y.buffer, arg, x.buffer, w.buffer, nil, s)
				dy := newFenced(n, r.IntN(8)).fill(r)
				sparsely(r, dy.floats(), .3)
				var got, want []*fenced // dx, dbelow, dw, dbias
				for _, length := range []int{x.buffer.Len(), c.C, w.buffer.Len(), c.Out} {
					got, want = append(got, newFenced(length, r.IntN(8)).fill(r)), append(want, newFenced(length, 0))
					copy(want[len(want)-1].floats(), got[len(got)-1].floats())
				}
				bound := magnitude(want[1].buffer)
				d.Conv2DReLUMaxPoolGrad(want[0].buffer, want[2].buffer, want[3].buffer, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, kernels.Overwrite, m, m)
				absolute := magnitude(want[0].buffer)
				d.BiasReLUGrad(want[0].buffer, want[1].buffer, want[0].buffer, x.buffer, c.N*c.H*c.W, c.C, m)
				d.BiasReLUGrad(absolute, bound, absolute, x.buffer, c.N*c.H*c.W, c.C, m)
				if !d.BiasReLUConv2DReLUMaxPoolGrad(got[0].buffer, got[1].buffer, got[2].buffer, got[3].buffer, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m) {
					t.Fatalf("%s: the ReLU below was left to the caller", name)
				}
				for k, g := range []string{"dx", "dbelow", "dw", "dbias"} {
					got[k].intact(t, name)
					if k == 1 { // sums in float64, rounded once: two roundings, and the value added to
						compare(t, name+" "+g, got[k].floats(), want[k].floats(), kernels.Floats(bound), 4)
					} else if !slices.Equal(got[k].floats(), want[k].floats()) {
						t.Fatalf("%s: %s is not the same", name, g)
					}
				}
				alone := newFenced(x.buffer.Len(), r.IntN(8)).fill(r)
				d.BiasReLUConv2DReLUMaxPoolGrad(alone.buffer, nil, nil, nil, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, m, m, m)
				if alone.intact(t, name); !slices.Equal(alone.floats(), want[0].floats()) {
					t.Fatalf("%s: dx alone is another one than with the other gradients", name)
				}
			}
		})
	}
}

// A NaN or an infinity reaches the elements that the definition without zeros says; where y is 0 or a
// NaN, it reaches none.
func TestSparseGradKeepsNaNAndInf(t *testing.T) {
	s := kernels.ConvPoolSpec{
		Conv: kernels.ConvSpec{N: 3, H: 9, W: 10, C: 8, KH: 3, KW: 3, Out: 21, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 7, OW: 8, ReLU: true},
		Pool: kernels.PoolSpec{N: 3, H: 7, W: 8, C: 21, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 3, OW: 4},
	}
	if !sparsePays(s) {
		t.Fatal("the test's shape is not computed from the nonzeros")
	}
	c, p := s.Conv, s.Pool
	n := p.N * p.OH * p.OW * p.C
	r := rand.New(rand.NewPCG(1, 14))
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d, ref := open(t, set), reference.New()
			for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				for place, name := range []string{"dy", "x", "w", "y"} {
					x, w, dy := newFenced(c.N*c.H*c.W*c.C, 0).fill(r), newFenced(c.Cols()*c.Out, 0).fill(r), newFenced(n, 0).fill(r)
					y, arg := newFenced(n, 0), kernels.NewHost(kernels.Int32, n)
					ref.Conv2DReLUMaxPool(y.buffer, arg, x.buffer, w.buffer, nil, s)
					sparsely(r, dy.floats(), .3)
					for range 3 {
						at := []*fenced{dy, x, w, y}[place].floats()
						at[r.IntN(len(at))] = float32(special)
					}
					dx, dw, db := newFenced(x.buffer.Len(), 0), newFenced(w.buffer.Len(), 0), newFenced(c.Out, 0)
					wantX, wantW, wantB := make([]float64, x.buffer.Len()), make([]float64, w.buffer.Len()), make([]float64, c.Out)
					sparseOracle(wantX, wantW, wantB, dy.floats(), y.floats(), x.floats(), w.floats(), kernels.Ints(arg), s)
					const o = kernels.Overwrite
					d.Conv2DReLUMaxPoolGrad(dx.buffer, dw.buffer, db.buffer, dy.buffer, y.buffer, arg, x.buffer, w.buffer, s, o, o, o)
					for i, got := range [][]float32{dx.floats(), dw.floats(), db.floats()} {
						for j, v := range got {
							want := [][]float64{wantX, wantW, wantB}[i][j]
							// Finite values: sums of up to 189 products below 1, in float32.
							if same := float64(v) == want || v != v && want != want || math.Abs(float64(v)-want) <= 189*189*0x1p-24; !same {
								t.Fatalf("%v in %s: gradient %d has %v at %d, want %v", special, name, i, v, j, want)
							}
						}
					}
				}
			}
		})
	}
}
