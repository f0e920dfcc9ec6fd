package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

func TestWinogradPays(t *testing.T) {
	base := kernels.ConvSpec{N: 8, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24}
	if !winogradPays(base) {
		t.Error("a 3×3 convolution of 26×26 images is not done by Winograd's algorithm")
	}
	for what, change := range map[string]func(s *kernels.ConvSpec){
		"a 5×3 filter":           func(s *kernels.ConvSpec) { s.KH = 5 },
		"a stride of 2":          func(s *kernels.ConvSpec) { s.StrideW = 2 },
		"a dilation of 2":        func(s *kernels.ConvSpec) { s.DilationH = 2 },
		"one channel":            func(s *kernels.ConvSpec) { s.C = 1 },
		"20 filters":             func(s *kernels.ConvSpec) { s.Out = 20 },
		"no images":              func(s *kernels.ConvSpec) { s.N = 0 },
		"2×2 output positions":   func(s *kernels.ConvSpec) { s.N, s.OH, s.OW = 1000, 2, 2 },
		"few tiles":              func(s *kernels.ConvSpec) { s.N, s.OH, s.OW = 1, 8, 8 },
		"one row of output only": func(s *kernels.ConvSpec) { s.OH = 1 },
	} {
		s := base
		if change(&s); winogradPays(s) {
			t.Errorf("with %s it is done by Winograd's algorithm", what)
		}
	}
}

func TestScatterPays(t *testing.T) {
	for _, c := range []struct {
		n, in, pad, out int
		want            bool
	}{{8, 26, 0, 24, true}, {7, 26, 0, 24, false}, {8, 14, 1, 14, false}, {8, 12, 0, 10, false}, {8, 13, 1, 13, false}} {
		s := kernels.ConvSpec{N: c.n, H: c.in, W: c.in, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: c.pad, PadLeft: c.pad, OH: c.out, OW: c.out}
		if got := scatterPays(s); got != c.want {
			t.Errorf("%+v: the gradient by the input adds up tiles: %v, want %v", s, got, c.want)
		}
	}
	count := 0
	for _, s := range convSpecs() {
		if scatterPays(s) {
			count++
		}
	}
	if count < 4 {
		t.Errorf("%d of the shapes that are compared with the reference add up tiles, want 4", count)
	}
}

// The error of Winograd's algorithm compared with that of direct convolution, both against the
// reference and as a share of the sum of the products' magnitudes. The largest of 10⁵ elements
// counts. Measured: 2.5·10⁻⁷ direct and 3.9·10⁻⁷ by Winograd's algorithm, the same for the input's
// gradient, and less for the filter's. The test allows 10⁻⁶ = 2⁻²⁰, which the points 1 and 2 instead
// of 5/8 and 3/2 would exceed.
func TestWinogradAccuracy(t *testing.T) {
	const allowed = 0x1p-20
	s := kernels.ConvSpec{N: 4, H: 26, W: 26, C: 32, KH: 3, KW: 3, Out: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 24, OW: 24}
	r := rand.New(rand.NewPCG(1, 6))
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d, ref := open(t, set), reference.New()
			x, w, dy := newFenced(s.N*s.H*s.W*s.C, 0).fill(r), newFenced(s.Cols()*s.Out, 0).fill(r), newFenced(s.Rows()*s.Out, 0).fill(r)
			mx, mw, mdy := magnitude(x.buffer), magnitude(w.buffer), magnitude(dy.buffer)
			for _, op := range []struct {
				name              string
				n                 int
				run               func(d kernels.Device, out, x, w, dy kernels.Buffer)
				direct, transform func(out []float32)
			}{
				{"Conv2D", dy.buffer.Len(),
					func(d kernels.Device, out, x, w, _ kernels.Buffer) { d.Conv2D(out, x, w, nil, s) },
					func(out []float32) {
						d.convolve(out, x.floats(), w.floats(), nil, s, kernels.Overwrite, newView(s))
					},
					func(out []float32) { d.winograd(out, x.floats(), w.floats(), nil, s, kernels.Overwrite) }},
				{"Conv2DGradInput", x.buffer.Len(),
					func(d kernels.Device, out, _, w, dy kernels.Buffer) {
						d.Conv2DGradInput(out, dy, w, s, kernels.Overwrite)
					},
					func(out []float32) { d.gradInput(out, dy.floats(), w.floats(), s, kernels.Overwrite, false) },
					func(out []float32) { d.winogradGradInput(out, dy.floats(), w.floats(), s, kernels.Overwrite) }},
				{"Conv2DGradFilter", w.buffer.Len(),
					func(d kernels.Device, out, x, _, dy kernels.Buffer) {
						d.Conv2DGradFilter(out, dy, x, s, kernels.Overwrite)
					},
					func(out []float32) { d.gradFilter(out, dy.floats(), x.floats(), s, kernels.Overwrite) },
					func(out []float32) { d.winogradGradFilter(out, dy.floats(), x.floats(), s, kernels.Overwrite) }},
			} {
				want, sums := kernels.NewHost(kernels.Float32, op.n), kernels.NewHost(kernels.Float32, op.n)
				op.run(ref, want, x.buffer, w.buffer, dy.buffer)
				op.run(ref, sums, mx, mw, mdy)
				worst := func(compute func(out []float32)) (share float64) {
					got := make([]float32, op.n)
					compute(got)
					for i, v := range got {
						e := math.Abs(float64(v)-float64(kernels.Floats(want)[i])) / float64(kernels.Floats(sums)[i])
						if !(e <= share) {
							share = e
						}
					}
					return share
				}
				direct, transform := worst(op.direct), worst(op.transform)
				t.Logf("%s: largest error %.2g direct, %.2g by Winograd's algorithm", op.name, direct, transform)
				if !(transform <= allowed) || !(direct <= allowed) {
					t.Errorf("%s: largest error %v direct, %v by Winograd's algorithm, want at most %v", op.name, direct, transform, allowed)
				}
			}
		})
	}
}

// An infinity or a NaN reaches exactly the same elements as with direct convolution.
func TestWinogradKeepsNaNAndInf(t *testing.T) {
	s := kernels.ConvSpec{N: 3, H: 18, W: 17, C: 16, KH: 3, KW: 3, Out: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 16, OW: 15}
	testWinogradKeepsNaNAndInf(t, s)
	s.N, s.W, s.OW = scatterImages, 18, 16
	if !scatterPays(s) {
		t.Fatal("the gradient by the input does not add up tiles")
	}
	testWinogradKeepsNaNAndInf(t, s)
}

func testWinogradKeepsNaNAndInf(t *testing.T, s kernels.ConvSpec) {
	if !winogradPays(s) {
		t.Fatal("the test's shape is not done by Winograd's algorithm")
	}
	r := rand.New(rand.NewPCG(1, 7))
	for _, set := range Names() {
		t.Run(fmt.Sprintf("%s/%d", set, s.N), func(t *testing.T) {
			d, ref := open(t, set), reference.New()
			for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
					x, w, dy := newFenced(s.N*s.H*s.W*s.C, 0).fill(r), newFenced(s.Cols()*s.Out, 0).fill(r), newFenced(s.Rows()*s.Out, 0).fill(r)
					x.floats()[r.IntN(x.buffer.Len())] = float32(special)
					dy.floats()[r.IntN(dy.buffer.Len())] = float32(special)
					check := func(op string, n int, run func(d kernels.Device, out kernels.Buffer)) {
						got, want := newFenced(n, 0).fill(r), kernels.NewHost(kernels.Float32, n)
						ref.Copy(want, got.buffer)
						run(ref, want)
						run(d, got.buffer)
						got.intact(t, op)
						for i, v := range got.floats() {
							w := kernels.Floats(want)[i]
							// Finite values: sums of up to 768 products below 1, as in TestWinogradAccuracy.
							if same := v == w || (v != v && w != w) || math.Abs(float64(v-w)) <= 768*0x1p-20; !same {
								t.Fatalf("%s with %v, mode %v: element %d is %v, want %v", op, special, m, i, v, w)
							}
						}
					}
					check("Conv2D", dy.buffer.Len(), func(d kernels.Device, out kernels.Buffer) { d.Conv2D(out, x.buffer, w.buffer, nil, s) })
					check("Conv2DGradInput", x.buffer.Len(), func(d kernels.Device, out kernels.Buffer) { d.Conv2DGradInput(out, dy.buffer, w.buffer, s, m) })
					check("Conv2DGradFilter", w.buffer.Len(), func(d kernels.Device, out kernels.Buffer) { d.Conv2DGradFilter(out, dy.buffer, x.buffer, s, m) })
				}
			}
		})
	}
}
