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

// oneChannelSpecs are convolutions of one channel with 2×2 pooling.
func oneChannelSpecs() (specs []kernels.ConvPoolSpec) {
	for _, s := range convPoolSpecs() {
		if s.Conv.C == 1 && fusesPooling(s) {
			specs = append(specs, s)
		}
	}
	return specs
}

// strokes fills images of c with zeros and a few rectangles of other numbers: one image stays blank,
// one has pixels only in its corners, one is full, and some zeros are −0.
func strokes(r *rand.Rand, x []float32, c kernels.ConvSpec) {
	clear(x)
	for n := range c.N {
		image := x[n*c.H*c.W*c.C : (n+1)*c.H*c.W*c.C]
		switch {
		case n%5 == 1: // blank
		case n%5 == 3:
			image[0], image[c.W-1], image[len(image)-c.W], image[len(image)-1] = 1, -2, 3, -4
		case n%5 == 4:
			for i := range image {
				image[i] = r.Float32() - 0.5
			}
		default:
			for range 3 {
				h, w := r.IntN(c.H), r.IntN(c.W)
				for i := h; i < min(h+4, c.H); i++ {
					for j := w; j < min(w+3, c.W); j++ {
						image[i*c.W+j] = r.Float32()
					}
				}
			}
			image[r.IntN(len(image))] = float32(math.Copysign(0, -1))
		}
	}
}

// Skipping zeros gives the bits of the sums that include them, whatever infinities and NaN there are.
func TestConvPoolLeavesOutZeros(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	specials := []struct {
		name       string
		x, w, bias float32 // written to one element, unless 0
	}{{name: "finite"}, {name: "x", x: inf}, {name: "x", x: nan}, {name: "w", w: -inf}, {name: "w", w: nan}, {name: "bias", bias: nan}, {name: "x and w", x: inf, w: inf}}
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 21))
			direct := 0
			for _, s := range oneChannelSpecs() {
				c, p := s.Conv, s.Pool
				if d.poolsOneChannel(s) {
					direct++
				}
				n := p.N * p.OH * p.OW * p.C
				for _, special := range specials {
					x, w, bias := newFenced(c.N*c.H*c.W, r.IntN(8)), newFenced(c.Cols()*c.Out, r.IntN(8)).fill(r), newFenced(c.Out, r.IntN(8)).fill(r)
					strokes(r, x.floats(), c)
					for _, one := range []struct {
						values []float32
						value  float32
					}{{x.floats(), special.x}, {w.floats(), special.w}, {bias.floats(), special.bias}} {
						if one.value != 0 {
							one.values[r.IntN(len(one.values))] = one.value
						}
					}
					z, y2, arg2 := kernels.NewHost(kernels.Float32, c.Rows()*c.Out), kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, n)
					d.Conv2D(z, x.buffer, w.buffer, bias.buffer, c)
					d.MaxPool(y2, arg2, z, p)
					y, arg := newFenced(n, r.IntN(8)).fill(r), kernels.NewHost(kernels.Int32, n)
					d.Conv2DReLUMaxPool(y.buffer, arg, x.buffer, w.buffer, bias.buffer, s)
					y.intact(t, special.name)
					if !slices.Equal(kernels.Ints(arg), kernels.Ints(arg2)) || !slices.EqualFunc(y.floats(), kernels.Floats(y2), sameFloat) {
						t.Fatalf("%+v, %s: the pooled values or their places are others than those of MaxPool after Conv2D", s, special.name)
					}
				}
			}
			if direct < 10 {
				t.Errorf("%d of the shapes are done by tiles that leave out zeros, want 10", direct)
			}
		})
	}
}

// The masks of a tile have a bit for each tap that meets a nonzero pixel, and no others.
func TestMasksOfTaps(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 22))
			left := 0
			for _, s := range oneChannelSpecs() {
				c, p := s.Conv, s.Pool
				if !d.poolsOneChannel(s) {
					continue
				}
				x, w := make([]float32, c.N*c.H*c.W), make([]float32, c.Cols()*c.Out)
				strokes(r, x, c)
				task := oneChannelTask{d: d, s: s, x: x, w: w}
				task.plan()
				for n := range c.N {
					rows := min(task.band, p.OH)
					ws := &d.workspaces[0]
					pixels := task.view.rows(ws, x, n, 0, task.lines(rows))
					masks := task.masks(ws, pixels, rows)
					for i := range 2 * rows {
						for tile := range task.tiles {
							mask, first := uint64(0), min(4*tile, 2*p.OW-4)
							for tap := range c.Cols() {
								at := (i+tap/c.KW)*task.view.w + first + tap%c.KW
								if !task.zeros || slices.ContainsFunc(pixels[at:at+4], func(v float32) bool { return v != 0 }) {
									mask |= 1 << tap
								} else {
									left++
								}
							}
							if got := masks[2*(i/2*task.tiles+tile)+i%2]; got != mask {
								t.Fatalf("%+v, image %d, row %d, tile %d: mask %b, want %b", s, n, i, tile, got, mask)
							}
						}
					}
				}
			}
			if left == 0 {
				t.Error("no tap of any tile is left out")
			}
		})
	}
}

// Windows that meet only zeros are skipped in the filter's gradient, unless the output's gradient has
// an infinity or NaN.
func TestConvPoolGradFilterLeavesOutZeros(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d, ref := open(t, set), reference.New()
			r := rand.New(rand.NewPCG(1, 23))
			for _, s := range oneChannelSpecs() {
				c, p := s.Conv, s.Pool
				n := p.N * p.OH * p.OW * p.C
				for _, special := range []float64{0, math.Inf(-1), math.NaN()} {
					name := fmt.Sprintf("%+v, %v in dy", s, special)
					x, w, dy := newFenced(c.N*c.H*c.W, r.IntN(8)), newFenced(c.Cols()*c.Out, r.IntN(8)).fill(r), newFenced(n, r.IntN(8)).fill(r)
					strokes(r, x.floats(), c)
					y, arg, bias := kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, n), kernels.NewHost(kernels.Float32, c.Out)
					d.Fill(bias, 0.5) // so that windows without a pixel have a gradient
					d.Conv2DReLUMaxPool(y, arg, x.buffer, w.buffer, bias, s)
					if special != 0 {
						dy.floats()[r.IntN(n)] = float32(special)
					}
					for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
						dw, db := newFenced(w.buffer.Len(), r.IntN(8)).fill(r), newFenced(c.Out, r.IntN(8)).fill(r)
						wantW, wantB := kernels.NewHost(kernels.Float32, w.buffer.Len()), kernels.NewHost(kernels.Float32, c.Out)
						ref.Copy(wantW, dw.buffer)
						ref.Copy(wantB, db.buffer)
						boundW, boundB := magnitude(wantW), magnitude(wantB)
						ref.Conv2DReLUMaxPoolGrad(nil, wantW, wantB, dy.buffer, y, arg, x.buffer, w.buffer, s, m, m, m)
						ref.Conv2DReLUMaxPoolGrad(nil, boundW, boundB, magnitude(dy.buffer), y, arg, magnitude(x.buffer), w.buffer, s, m, m, m)
						d.Conv2DReLUMaxPoolGrad(nil, dw.buffer, db.buffer, dy.buffer, y, arg, x.buffer, w.buffer, s, m, m, m)
						dw.intact(t, name)
						db.intact(t, name)
						for _, sums := range []struct{ got, want, bound []float32 }{
							{dw.floats(), kernels.Floats(wantW), kernels.Floats(boundW)}, {db.floats(), kernels.Floats(wantB), kernels.Floats(boundB)},
						} {
							for i, want := range sums.want { // compare takes finite numbers
								if v := float64(want); math.IsNaN(v) || math.IsInf(v, 0) {
									if !sameFloat(sums.got[i], want) {
										t.Fatalf("%s: %v at %d, want %v", name, sums.got[i], i, want)
									}
									sums.got[i], sums.want[i], sums.bound[i] = 0, 0, 1
								}
							}
							compare(t, name, sums.got, sums.want, sums.bound, c.Rows()+8)
						}
					}
				}
			}
		})
	}
}
