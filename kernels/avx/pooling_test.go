package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

func poolSpecs() []kernels.PoolSpec {
	var specs []kernels.PoolSpec
	add := func(n, h, w, c, kh, kw, sh, sw, top, left, oh, ow int) {
		specs = append(specs, kernels.PoolSpec{N: n, H: h, W: w, C: c, KH: kh, KW: kw, StrideH: sh, StrideW: sw, PadTop: top, PadLeft: left, OH: oh, OW: ow})
	}
	for c := range 40 {
		add(2, 4, 6, c, 2, 2, 2, 2, 0, 0, 2, 3) // side by side
	}
	for _, c := range []int{1, 3, 8, 17, 33, 64} {
		add(3, 5, 7, c, 2, 2, 2, 2, 0, 0, 2, 3) // a row and a column left over
		add(2, 5, 7, c, 2, 2, 2, 2, 0, 0, 3, 4) // windows that extend past the edge
		add(2, 6, 7, c, 3, 3, 1, 1, 1, 1, 6, 7) // overlapping, padded
		add(1, 7, 6, c, 3, 2, 2, 1, 0, 0, 3, 5) // overlapping in both directions
		add(2, 5, 5, c, 5, 5, 5, 5, 0, 0, 1, 1) // one window
		add(1, 6, 6, c, 1, 1, 3, 2, 0, 0, 2, 3) // one tap, with gaps
		add(1, 2, 2, c, 4, 4, 1, 1, 1, 1, 1, 1) // larger than the image
	}
	add(70, 24, 24, 32, 2, 2, 2, 2, 0, 0, 12, 12) // several parts
	add(0, 4, 4, 3, 2, 2, 2, 2, 0, 0, 2, 2)
	return specs
}

// checkPooling compares the four methods with the reference. draw draws the values: few different
// ones give ties.
func checkPooling(t *testing.T, d *Device, r *rand.Rand, s kernels.PoolSpec, draw func() float32) {
	t.Helper()
	ref := reference.New()
	name := fmt.Sprintf("%+v", s)
	nx, ny := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	x := newFenced(nx, r.IntN(8))
	for i := range x.floats() {
		x.floats()[i] = draw()
	}

	y, want := newFenced(ny, r.IntN(8)), kernels.NewHost(kernels.Float32, ny)
	arg, wantArg := kernels.NewHost(kernels.Int32, ny+2), kernels.NewHost(kernels.Int32, ny)
	kernels.Ints(arg)[0], kernels.Ints(arg)[ny+1] = -7, -7
	args := arg.Slice(1, ny+1)
	d.MaxPool(y.buffer, args, x.buffer, s)
	ref.MaxPool(want, wantArg, x.buffer, s)
	y.intact(t, name)
	if kernels.Ints(arg)[0] != -7 || kernels.Ints(arg)[ny+1] != -7 {
		t.Fatalf("%s: a guard word around the argmax was overwritten", name)
	}
	for i, v := range y.floats() {
		w := kernels.Floats(want)[i]
		if math.Float32bits(v) != math.Float32bits(w) || kernels.Ints(args)[i] != kernels.Ints(wantArg)[i] {
			t.Fatalf("%s: maximum %d is %v at %d, want %v at %d", name, i, v, kernels.Ints(args)[i], w, kernels.Ints(wantArg)[i])
		}
	}
	if draw() != draw() {
		return // with NaN among them
	}

	check := func(op string, n int, run func(d kernels.Device, out kernels.Buffer)) {
		got, want := newFenced(n, r.IntN(8)).fill(r), kernels.NewHost(kernels.Float32, n)
		ref.Copy(want, got.buffer)
		run(ref, want)
		run(d, got.buffer)
		got.intact(t, op+" "+name)
		for i, v := range got.floats() {
			// A sum or a mean of at most 25 values of magnitude 1, with each addition rounded once:
			// 26 halves of 2⁻²³ of at most 26.
			const tol = 26 * 26 * 0x1p-24
			if diff := math.Abs(float64(v) - float64(kernels.Floats(want)[i])); !(diff <= tol) {
				t.Fatalf("%s %s: element %d is %v, want %v within %v", op, name, i, v, kernels.Floats(want)[i], tol)
			}
		}
	}
	dy := newFenced(ny, r.IntN(8)).fill(r)
	check("AvgPool", ny, func(d kernels.Device, out kernels.Buffer) { d.AvgPool(out, x.buffer, s) })
	for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
		check("MaxPoolGrad", nx, func(d kernels.Device, out kernels.Buffer) { d.MaxPoolGrad(out, dy.buffer, wantArg, s, m) })
		check("AvgPoolGrad", nx, func(d kernels.Device, out kernels.Buffer) { d.AvgPoolGrad(out, dy.buffer, s, m) })
	}
}

func TestPoolingMatchesReference(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 4))
			for _, s := range poolSpecs() {
				checkPooling(t, d, r, s, func() float32 { return float32(r.IntN(4)-2) / 2 }) // ties
			}
		})
	}
}

func TestMaxPoolNaNAndInf(t *testing.T) {
	values := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -1, 2}
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			r := rand.New(rand.NewPCG(1, 5))
			for _, s := range poolSpecs() {
				i := 0
				checkPooling(t, d, r, s, func() float32 {
					if i++; i > s.N*s.H*s.W*s.C {
						return values[0]
					}
					return values[r.IntN(len(values))]
				})
			}
		})
	}
}

func TestPoolingAllocatesNothing(t *testing.T) {
	s := kernels.PoolSpec{N: 8, H: 24, W: 24, C: 32, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12}
	x, y := randomBuffer(s.N*s.H*s.W*s.C), randomBuffer(s.N*s.OH*s.OW*s.C)
	arg := kernels.NewHost(kernels.Int32, y.Len())
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			if n := testing.AllocsPerRun(10, func() {
				d.MaxPool(y, arg, x, s)
				d.MaxPoolGrad(x, y, arg, s, kernels.Overwrite)
				d.AvgPool(y, x, s)
				d.AvgPoolGrad(x, y, s, kernels.Accumulate)
			}); n != 0 {
				t.Errorf("pooling allocates %v times", n)
			}
		})
	}
}
