package cuda_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
)

// The functions of math.tmpl keep within their stated errors, in units in the last place of the
// exact result, over the whole range of float32.
func TestFunctionsKeepToTheirErrors(t *testing.T) {
	d, err := cuda.New("emulator", emulator.NewDriver(emulator.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	random := rand.New(rand.NewPCG(5, 6))
	const n = 1 << 17
	between := func(low, high float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(low + (high-low)*random.Float64())
		}
		return x
	}
	bits := func(sign uint32) []float32 { // all exponents equally often, including NaN and Inf
		x := make([]float32, n)
		for i := range x {
			x[i] = math.Float32frombits(random.Uint32()&0x7fffffff | random.Uint32()&sign)
		}
		return append(x[:n-6], 0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), 1, math.SmallestNonzeroFloat32, math.MaxFloat32)
	}
	for _, test := range []struct {
		name   string
		x      []float32
		run    func(y, x kernels.Buffer)
		want   func(x float64) float64
		within float64 // units in the last place
	}{
		{"exp", between(-104, 89), d.Exp, math.Exp, 1},
		{"exp of anything", bits(1 << 31), d.Exp, math.Exp, 1},
		{"log", between(0.25, 4), d.Log, math.Log, 1},
		{"log of anything", bits(1 << 31), d.Log, math.Log, 1},
		{"tanh", between(-2, 2), d.Tanh, math.Tanh, 2},
		{"tanh of anything", bits(1 << 31), d.Tanh, math.Tanh, 2},
		{"gelu", between(-15, 15), d.GELU, gelu, 7},
		{"gelu where it is worst", between(-0.34, -0.32), d.GELU, gelu, 7},
		{"gelu of anything", bits(1 << 31), d.GELU, gelu, 7},
		{"sigmoid", between(-80, 80), d.Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3},
	} {
		x, y := d.Alloc(kernels.Float32, len(test.x)), d.Alloc(kernels.Float32, len(test.x))
		kernels.Upload(d, x, test.x)
		test.run(y, x)
		got := make([]float32, len(test.x))
		kernels.Download(d, got, y)
		worst, at := 0.0, 0
		for i, v := range test.x {
			want := test.want(float64(v))
			difference := ulps(got[i], want)
			if !(difference <= worst) {
				worst, at = difference, i
			}
			if !(difference <= test.within) {
				t.Errorf("%s of %v is %v, want %v within %v units in the last place", test.name, v, got[i], want, test.within)
				break
			}
		}
		t.Logf("%s: at most %.3f units in the last place, at %v", test.name, worst, test.x[at])
		x.Free()
		y.Free()
	}
}

// gelu returns x·Φ(x), or its limit far below 0.
func gelu(x float64) float64 {
	if x < -40 {
		return 0
	}
	return x * math.Erfc(-x/math.Sqrt2) / 2
}

// ulps returns the distance from got to want, in steps of float32 at want.
func ulps(got float32, want float64) float64 {
	rounded := float32(want)
	switch {
	case want != want:
		if got != got {
			return 0
		}
		return math.Inf(1)
	case got == rounded: // also if both are infinite
		if math.IsInf(float64(got), 0) {
			return 0
		}
	case math.IsInf(float64(rounded), 0):
		// The exact result is beyond float32: the largest number is one step off.
		return float64((math.Float32bits(rounded) - math.Float32bits(got)) & 0x7fffffff)
	}
	size := math.Abs(float64(rounded))
	step := float64(math.Nextafter32(float32(size), float32(math.Inf(1)))) - size
	if math.IsInf(step, 0) {
		step = size - float64(math.Nextafter32(float32(size), 0))
	}
	return math.Abs(float64(got)-want) / step
}
