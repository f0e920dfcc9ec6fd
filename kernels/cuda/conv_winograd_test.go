package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
)

// winogradShapes are small ones with every kind of edge: one output, odd numbers of
// outputs, padding, tiles that fill no whole block, two blocks of channels.
var winogradShapes = []kernels.ConvSpec{
	threeByThree(kernels.ConvSpec{N: 1, H: 3, W: 3, C: 8, Out: 64}),
	threeByThree(kernels.ConvSpec{N: 2, H: 6, W: 7, C: 24, Out: 64, ReLU: true}),
	threeByThree(kernels.ConvSpec{N: 3, H: 5, W: 8, C: 16, Out: 128, PadTop: 1, PadLeft: 1}),
	threeByThree(kernels.ConvSpec{N: 3, H: 10, W: 12, C: 32, Out: 64, ReLU: true}),
	threeByThree(kernels.ConvSpec{N: 1, H: 2, W: 1, C: 8, Out: 64, PadTop: 2, PadLeft: 2, ReLU: true}),
}

// threeByThree completes a spec with 3×3 filters, in steps of 1, padded alike on all sides.
func threeByThree(s kernels.ConvSpec) kernels.ConvSpec {
	s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW = 3, 3, 1, 1, 1, 1
	s.OH, s.OW = s.H+2*s.PadTop-2, s.W+2*s.PadLeft-2
	return s
}

// A winogradCase is a convolution's inputs, on the host.
type winogradCase struct {
	s          kernels.ConvSpec
	x, w, bias []float32
}

func newWinogradCase(s kernels.ConvSpec) winogradCase {
	random := rand.New(rand.NewPCG(5, 6))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = 2*random.Float32() - 1
		}
		return x
	}
	return winogradCase{s, draw(s.N * s.H * s.W * s.C), draw(s.Cols() * s.Out), draw(s.Out)}
}

// by is the convolution by a form.
func (c winogradCase) by(d *cuda.Device, form cuda.ConvForm, biased bool) []float32 {
	d.ConvForm = form
	defer func() { d.ConvForm = cuda.ConvByShape }()
	x, w, y := uploaded(d, c.x), uploaded(d, c.w), d.Alloc(kernels.Float32, c.s.Rows()*c.s.Out)
	defer x.Free()
	defer w.Free()
	defer y.Free()
	var bias kernels.Buffer
	if biased {
		bias = uploaded(d, c.bias)
		defer bias.Free()
	}
	d.Conv2D(y, x, w, bias, c.s)
	result := make([]float32, y.Len())
	kernels.Download(d, result, y)
	return result
}

func uploaded[T float32 | int32](d *cuda.Device, x []T) kernels.Buffer {
	kind := kernels.Float32
	if _, ok := any(x).([]int32); ok {
		kind = kernels.Int32
	}
	b := d.Alloc(kind, len(x))
	kernels.Upload(d, b, x)
	return b
}

// In every shape the algorithm gives what the formula does, and its kernels meet with no
// finding of the emulator's checks.
func TestWinograd(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range winogradShapes {
		for _, biased := range []bool{true, false} {
			t.Run(fmt.Sprintf("%+v/%v", s, biased), func(t *testing.T) {
				c := newWinogradCase(s)
				want, got := c.by(d, cuda.ConvDirect, biased), c.by(d, cuda.ConvWinograd, biased)
				// A sum of 9C products of size 1 at most, in two orders; V is up to 4 times as
				// large as x, and y adds up 9 of M.
				n := float64(s.Cols() + 2)
				tolerance := 4 * 0x1p-23 * n * math.Sqrt(n)
				for i := range want {
					if difference := math.Abs(float64(got[i]) - float64(want[i])); !(difference <= tolerance) {
						t.Fatalf("element %d is %v, %v by the formula, want within %v", i, got[i], want[i], tolerance)
					}
				}
			})
		}
	}
}

// The algorithm's largest error, as a share of what the magnitudes of the products add up
// to, against float64: the bound is what TestWinogradAccuracy of kernels/avx allows.
func TestWinogradAccuracy(t *testing.T) {
	const allowed = 0x1p-20
	driver, machine := metered(t)
	defer driver.Close()
	c := newWinogradCase(threeByThree(kernels.ConvSpec{N: 1, H: 26, W: 26, C: 32, Out: 64}))
	reference := func(x, w []float32) []float32 {
		r := reference.New()
		y := r.Alloc(kernels.Float32, c.s.Rows()*c.s.Out)
		bx, bw := r.Alloc(kernels.Float32, len(x)), r.Alloc(kernels.Float32, len(w))
		kernels.Upload(r, bx, x)
		kernels.Upload(r, bw, w)
		r.Conv2D(y, bx, bw, nil, c.s)
		return kernels.Floats(y)
	}
	magnitudes := func(x []float32) []float32 {
		m := make([]float32, len(x))
		for i, v := range x {
			m[i] = float32(math.Abs(float64(v)))
		}
		return m
	}
	want, sums := reference(c.x, c.w), reference(magnitudes(c.x), magnitudes(c.w))
	for name, form := range map[string]cuda.ConvForm{"directly": cuda.ConvAsync, "by Winograd's algorithm": cuda.ConvWinograd} {
		machine.ResetCounters()
		worst := 0.0
		for i, v := range c.by(driver, form, false) {
			if e := math.Abs(float64(v)-float64(want[i])) / float64(sums[i]); !(e <= worst) {
				worst = e
			}
		}
		used := strings.Contains(machine.Counters().String(), "conv_winograd_fwd_f32")
		if used != (form == cuda.ConvWinograd) || !(worst <= allowed) {
			t.Errorf("%s: largest error %v, want at most %v; the algorithm was used: %v", name, worst, allowed, used)
		}
		t.Logf("%s: largest error %.2g", name, worst)
	}
}

// An infinity, a NaN, and numbers so large that the transforms overflow reach exactly
// those outputs that they reach by the formula.
func TestWinogradKeepsNaNAndInf(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	c := newWinogradCase(threeByThree(kernels.ConvSpec{N: 1, H: 9, W: 9, C: 8, Out: 64, PadTop: 1, PadLeft: 1}))
	for _, v := range []float32{inf, -inf, nan, math.MaxFloat32} {
		for _, pixel := range []int{0, 4*9 + 4, 5*9 + 4, 8*9 + 8} {
			before := c.x[pixel*8+3]
			c.x[pixel*8+3] = v
			want, got := c.by(d, cuda.ConvDirect, true), c.by(d, cuda.ConvWinograd, true)
			for i := range want {
				if class(got[i]) != class(want[i]) {
					t.Fatalf("with %v in pixel %d element %d is %v, %v by the formula", v, pixel, i, got[i], want[i])
				}
			}
			c.x[pixel*8+3] = before
		}
	}
}

// class names what a number is.
func class(x float32) string {
	switch {
	case x != x:
		return "NaN"
	case math.IsInf(float64(x), 1):
		return "Inf"
	case math.IsInf(float64(x), -1):
		return "-Inf"
	}
	return "finite"
}

// Pooling within the kernel gives the bits that pooling after it gives.
func TestWinogradMaxPool(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range []kernels.ConvSpec{
		threeByThree(kernels.ConvSpec{N: 3, H: 10, W: 12, C: 8, Out: 128, ReLU: true}),
		threeByThree(kernels.ConvSpec{N: 2, H: 4, W: 6, C: 16, Out: 64, PadTop: 1, PadLeft: 1, ReLU: true}),
	} {
		c := newWinogradCase(s)
		clear(c.x[:len(c.x)/3]) // windows of equals
		c.x[len(c.x)-5] = float32(math.NaN())
		p := kernels.ConvPoolSpec{Conv: s, Pool: kernels.PoolSpec{N: s.N, H: s.OH, W: s.OW, C: s.Out, KH: 2, KW: 2,
			StrideH: 2, StrideW: 2, OH: s.OH / 2, OW: s.OW / 2}}
		n := s.Rows() * s.Out / 4
		x, w, bias := uploaded(d, c.x), uploaded(d, c.w), uploaded(d, c.bias)
		z, y, arg := d.Alloc(kernels.Float32, 4*n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Int32, n)
		got, want := make([]float32, n), make([]float32, n)
		gotArg, wantArg := make([]int32, n), make([]int32, n)
		d.ConvForm = cuda.ConvWinograd
		d.Conv2D(z, x, w, bias, s)
		d.MaxPool(y, arg, z, p.Pool)
		kernels.Download(d, want, y)
		kernels.Download(d, wantArg, arg)
		d.Conv2DReLUMaxPool(y, arg, x, w, bias, p)
		kernels.Download(d, got, y)
		kernels.Download(d, gotArg, arg)
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) || gotArg[i] != wantArg[i] {
				t.Fatalf("%+v: maximum %d is %v at %d, %v at %d by pooling afterwards", s, i, got[i], gotArg[i], want[i], wantArg[i])
			}
		}
	}
}

// The kernel has 16 multiply-adds for four outputs where the formula has 36, most of its
// instructions are multiply-adds, and it meets no conflict between banks of shared memory.
func TestWinogradCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	s := threeByThree(kernels.ConvSpec{N: 2, H: 26, W: 26, C: 32, Out: 64}) // mnist-cnn's second, of fewer images: 9 whole blocks
	c := newWinogradCase(s)
	products := uint64(s.Rows() * s.Out * s.Cols() / 32) // multiply-adds of the formula, by warps
	instructions := map[cuda.ConvForm]float64{}
	for _, form := range []cuda.ConvForm{cuda.ConvAsyncLarge, cuda.ConvWinograd} {
		machine.ResetCounters()
		c.by(d, form, true)
		var all, multiplied, shared, conflicts uint64
		for _, l := range machine.Counters().Lines {
			all += l.WarpInstructions
			conflicts += l.BankConflicts
			shared += l.SharedBytes
			if strings.HasPrefix(l.Instr, "fma") {
				multiplied += l.WarpInstructions
			}
		}
		if form == cuda.ConvWinograd {
			multiplied -= 32 * 8 * 9 // that find out whether all is finite: in 9 blocks of 8 warps
		}
		instructions[form] = float64(all) / float64(products)
		t.Logf("form %v: %.3f instructions and %.3f multiply-adds for one of the formula, %.3f of them multiply-adds; %.2f bytes of shared memory; %d conflicts",
			form, instructions[form], float64(multiplied)/float64(products), float64(multiplied)/float64(all), float64(shared)/float64(32*products), conflicts)
		if conflicts != 0 {
			t.Errorf("form %v: %d bank conflicts, want none", form, conflicts)
		}
		if want := map[cuda.ConvForm]uint64{cuda.ConvAsyncLarge: 36, cuda.ConvWinograd: 16}[form]; multiplied*36 != products*want {
			t.Errorf("form %v: %d multiply-adds, want %d", form, multiplied, products*want/36)
		}
	}
	if !(instructions[cuda.ConvWinograd] <= 0.54*instructions[cuda.ConvAsyncLarge]) {
		t.Errorf("%.3f instructions for a multiply-add of the formula, want at most 0.54 of %.3f", instructions[cuda.ConvWinograd], instructions[cuda.ConvAsyncLarge])
	}
}
