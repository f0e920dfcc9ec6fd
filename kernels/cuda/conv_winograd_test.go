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

// winogradShapes are small shapes with every kind of edge: one output, odd numbers of outputs,
// padding, tiles that do not fill a block, two blocks of channels, channels that are no multiple
// of 64.
var winogradShapes = []kernels.ConvSpec{
	threeByThree(kernels.ConvSpec{N: 1, H: 3, W: 3, C: 8, Out: 64}),
	threeByThree(kernels.ConvSpec{N: 2, H: 6, W: 7, C: 24, Out: 64, ReLU: true}),
	threeByThree(kernels.ConvSpec{N: 3, H: 5, W: 8, C: 16, Out: 128, PadTop: 1, PadLeft: 1}),
	threeByThree(kernels.ConvSpec{N: 3, H: 10, W: 12, C: 32, Out: 64, ReLU: true}),
	threeByThree(kernels.ConvSpec{N: 1, H: 2, W: 1, C: 8, Out: 64, PadTop: 2, PadLeft: 2, ReLU: true}),
	threeByThree(kernels.ConvSpec{N: 2, H: 9, W: 5, C: 8, Out: 96, PadTop: 1, ReLU: true}),
}

// threeByThree completes a spec with 3×3 filters, stride 1 and equal padding on all sides.
func threeByThree(s kernels.ConvSpec) kernels.ConvSpec {
	s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW = 3, 3, 1, 1, 1, 1
	s.OH, s.OW = s.H+2*s.PadTop-2, s.W+2*s.PadLeft-2
	return s
}

// winogradCase holds the inputs of a convolution on the host.
type winogradCase struct {
	s              kernels.ConvSpec
	x, w, bias, dy []float32
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
	return winogradCase{s, draw(s.N * s.H * s.W * s.C), draw(s.Cols() * s.Out), draw(s.Out), draw(s.Rows() * s.Out)}
}

// by returns the convolution computed by a form.
func (c winogradCase) by(d *cuda.Device, form cuda.ConvForm, biased bool) []float32 {
	d.ConvForm = form
	defer func() { d.ConvForm = cuda.ConvByShape }()
	return c.forward(d, biased)
}

// forward returns the convolution computed by a device.
func (c winogradCase) forward(d kernels.Device, biased bool) []float32 {
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
	return downloaded(d, y)
}

// gradientBy returns the gradient by input, computed by a form and added to before if that is not nil.
func (c winogradCase) gradientBy(d *cuda.Device, form cuda.ConvForm, before []float32) []float32 {
	d.ConvForm = form
	defer func() { d.ConvForm = cuda.ConvByShape }()
	return c.byInput(d, before)
}

// byInput returns the gradient by input, computed by a device.
func (c winogradCase) byInput(d kernels.Device, before []float32) []float32 {
	dy, w, dx := uploaded(d, c.dy), uploaded(d, c.w), d.Alloc(kernels.Float32, len(c.x))
	defer dy.Free()
	defer w.Free()
	defer dx.Free()
	m := kernels.Overwrite
	if before != nil {
		m = kernels.Accumulate
		kernels.Upload(d, dx, before)
	} else {
		d.Fill(dx, float32(math.NaN())) // so that unwritten elements show
	}
	d.Conv2DGradInput(dx, dy, w, c.s, m)
	return downloaded(d, dx)
}

func downloaded(d kernels.Device, b kernels.Buffer) []float32 {
	x := make([]float32, b.Len())
	kernels.Download(d, x, b)
	return x
}

func uploaded[T float32 | int32](d kernels.Device, x []T) kernels.Buffer {
	kind := kernels.Float32
	if _, ok := any(x).([]int32); ok {
		kind = kernels.Int32
	}
	b := d.Alloc(kind, len(x))
	kernels.Upload(d, b, x)
	return b
}

// In every shape the algorithm gives the results of the formula, and the emulator's checks find
// nothing in its kernels.
func TestWinograd(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range winogradShapes {
		for _, biased := range []bool{true, false} {
			t.Run(fmt.Sprintf("%+v/%v", s, biased), func(t *testing.T) {
				c := newWinogradCase(s)
				want := c.by(d, cuda.ConvDirect, biased)
				wide, narrow := c.by(d, cuda.ConvWinograd, biased), c.by(d, cuda.ConvWinogradNarrow, biased)
				closeToFormula(t, wide, want, s.Cols())
				for i := range wide {
					if wide[i] != narrow[i] {
						t.Fatalf("element %d is %v in narrow tiles, %v in wide ones, want the same", i, narrow[i], wide[i])
					}
				}
			})
		}
	}
}

// closeToFormula compares sums of that many products of at most 1, in two orders. V is up to 4
// times as large as x, and y sums 9 elements of M.
func closeToFormula(t *testing.T, got, want []float32, terms int) {
	t.Helper()
	n := float64(terms + 2)
	tolerance := 4 * 0x1p-23 * n * math.Sqrt(n)
	for i := range want {
		if difference := math.Abs(float64(got[i]) - float64(want[i])); !(difference <= tolerance) {
			t.Fatalf("element %d is %v, %v by the formula, want within %v", i, got[i], want[i], tolerance)
		}
	}
}

// The algorithm's largest error against float64, as a share of the sum of the products'
// magnitudes. The bound is that of TestWinogradAccuracy in kernels/avx.
func TestWinogradAccuracy(t *testing.T) {
	const allowed = 0x1p-20
	driver, machine := metered(t)
	defer driver.Close()
	c := newWinogradCase(threeByThree(kernels.ConvSpec{N: 1, H: 26, W: 26, C: 32, Out: 64}))
	magnitudes := func(x []float32) []float32 {
		m := make([]float32, len(x))
		for i, v := range x {
			m[i] = float32(math.Abs(float64(v)))
		}
		return m
	}
	m := winogradCase{c.s, magnitudes(c.x), magnitudes(c.w), nil, magnitudes(c.dy)}
	r := reference.New()
	for _, pass := range []struct {
		kernel string
		by     func(c winogradCase, d kernels.Device) []float32
	}{
		{"conv_winograd_fwd", func(c winogradCase, d kernels.Device) []float32 { return c.forward(d, false) }},
		{"conv_winograd_bwd_input", func(c winogradCase, d kernels.Device) []float32 { return c.byInput(d, nil) }},
	} {
		want, sums := pass.by(c, r), pass.by(m, r)
		for name, form := range map[string]cuda.ConvForm{"directly": cuda.ConvAsync, "by Winograd's algorithm": cuda.ConvWinograd} {
			machine.ResetCounters()
			driver.ConvForm = form
			worst := 0.0
			for i, v := range pass.by(c, driver) {
				if e := math.Abs(float64(v)-float64(want[i])) / float64(sums[i]); !(e <= worst) {
					worst = e
				}
			}
			used := strings.Contains(machine.Counters().String(), pass.kernel)
			if used != (form == cuda.ConvWinograd) || !(worst <= allowed) {
				t.Errorf("%s, %s: largest error %v, want at most %v; the algorithm was used: %v", pass.kernel, name, worst, allowed, used)
			}
			t.Logf("%s, %s: largest error %.2g", pass.kernel, name, worst)
		}
	}
}

// An infinity, a NaN, or a number so large that the transforms overflow affects exactly those
// outputs that it affects by the formula.
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

// class returns what kind of number it is.
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

// Pooling within the kernel gives the same bits as pooling after it.
func TestWinogradMaxPool(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range []kernels.ConvSpec{
		threeByThree(kernels.ConvSpec{N: 3, H: 10, W: 12, C: 8, Out: 128, ReLU: true}),
		threeByThree(kernels.ConvSpec{N: 2, H: 4, W: 6, C: 16, Out: 64, PadTop: 1, PadLeft: 1, ReLU: true}),
	} {
		c := newWinogradCase(s)
		clear(c.x[:len(c.x)/3]) // windows of equal elements
		c.x[len(c.x)-5] = float32(math.NaN())
		p := kernels.ConvPoolSpec{Conv: s, Pool: kernels.PoolSpec{N: s.N, H: s.OH, W: s.OW, C: s.Out, KH: 2, KW: 2,
			StrideH: 2, StrideW: 2, OH: s.OH / 2, OW: s.OW / 2}}
		n := s.Rows() * s.Out / 4
		x, w, bias := uploaded(d, c.x), uploaded(d, c.w), uploaded(d, c.bias)
		z, y, arg := d.Alloc(kernels.Float32, 4*n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Int32, n)
		got, want := make([]float32, n), make([]float32, n)
		gotArg, wantArg := make([]int32, n), make([]int32, n)
		for _, form := range []cuda.ConvForm{cuda.ConvWinograd, cuda.ConvWinogradNarrow} {
			d.ConvForm = form
			d.Conv2D(z, x, w, bias, s)
			d.MaxPool(y, arg, z, p.Pool)
			kernels.Download(d, want, y)
			kernels.Download(d, wantArg, arg)
			d.Conv2DReLUMaxPool(y, arg, x, w, bias, p)
			kernels.Download(d, got, y)
			kernels.Download(d, gotArg, arg)
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) || gotArg[i] != wantArg[i] {
					t.Fatalf("%+v, form %v: maximum %d is %v at %d, %v at %d by pooling afterwards", s, form, i, got[i], gotArg[i], want[i], wantArg[i])
				}
			}
		}
	}
}
