package avx

import (
	"math"
	"os"
	"testing"
)

// ulpTests bound the error of each function over all float32, in units in the last place of the true
// value. On every 17th float32 the largest errors measured are 0.998 for exp, 0.860 for log, 2.402
// for sigmoid, 6.224 for GELU and 2.588 for tanh. AVX-512 and AVX2 take the same steps and agree. The
// bounds leave a little room for the numbers between.
var ulpTests = []struct {
	name  string
	f     func(k *vectorKernels) func(y, x []float32)
	exact func(x float64) float64
	ulp   float64
}{
	{"exp_fwd_f32", func(k *vectorKernels) func(y, x []float32) { return k.exp_fwd_f32 }, math.Exp, 1.05},
	{"log_fwd_f32", func(k *vectorKernels) func(y, x []float32) { return k.log_fwd_f32 }, math.Log, 0.9},
	{"sigmoid_fwd_f32", func(k *vectorKernels) func(y, x []float32) { return k.sigmoid_fwd_f32 },
		func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2.5},
	{"gelu_fwd_f32", func(k *vectorKernels) func(y, x []float32) { return k.gelu_fwd_f32 },
		func(x float64) float64 {
			if x < -40 {
				return 0 // its limit
			}
			return x * math.Erfc(-x/math.Sqrt2) / 2
		}, 6.5},
	{"tanh_fwd_f32", func(k *vectorKernels) func(y, x []float32) { return k.tanh_fwd_f32 }, math.Tanh, 2.7},
}

// TestErrorsInUlp tests every 1021st float32 of either sign, from 0 through the subnormal and normal
// numbers and the infinities to the NaN; with BAREGRAD_LONG=1 every 17th.
func TestErrorsInUlp(t *testing.T) {
	step := uint64(1021)
	if os.Getenv("BAREGRAD_LONG") == "1" {
		step = 17
	}
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range ulpTests {
				f, worst, worstAt := test.f(k), 0.0, float32(0)
				x, y := make([]float32, 4096), make([]float32, 4096)
				for bits := uint64(0); bits < 1<<32; {
					for i := range x {
						x[i] = math.Float32frombits(uint32(min(bits, 1<<32-1)))
						bits += step
					}
					f(y, x)
					for i, got := range y {
						if e := ulpError(got, test.exact(float64(x[i]))); !(e <= worst) {
							worst, worstAt = e, x[i]
						}
					}
				}
				t.Logf("%s: at most %.3f ulp, at %v", test.name, worst, worstAt)
				if !(worst <= test.ulp) {
					t.Errorf("%s: off by %.3f ulp at %v, at most %v are allowed", test.name, worst, worstAt, test.ulp)
				}
			}
		})
	}
}

// ulpError is the distance of got from the exact value, in units of float32's last place there. If
// the exact value rounds to Inf, got must be Inf.
func ulpError(got float32, exact float64) float64 {
	if exact != exact || math.IsInf(float64(float32(exact)), 0) || math.IsInf(exact, 0) {
		if within(got, float32(exact), 0) {
			return 0
		}
		return math.Inf(1)
	}
	_, exponent := math.Frexp(exact)
	ulp := math.Ldexp(1, max(exponent-24, -149))
	return math.Abs(float64(got)-exact) / ulp
}

// TestSpecialValues pins the functions' values at the ends of their ranges.
func TestSpecialValues(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range []struct {
				name    string
				f       func(y, x []float32)
				x, want float32
			}{
				{"exp", k.exp_fwd_f32, 0, 1},
				{"exp", k.exp_fwd_f32, minusZero, 1},
				{"exp", k.exp_fwd_f32, 88.72284, inf},
				{"exp", k.exp_fwd_f32, 1e30, inf},
				{"exp", k.exp_fwd_f32, inf, inf},
				{"exp", k.exp_fwd_f32, -103.9721, 0},
				{"exp", k.exp_fwd_f32, -103, math.SmallestNonzeroFloat32},
				{"exp", k.exp_fwd_f32, -inf, 0},
				{"exp", k.exp_fwd_f32, nan, nan},
				{"log", k.log_fwd_f32, 1, 0},
				{"log", k.log_fwd_f32, 0, -inf},
				{"log", k.log_fwd_f32, minusZero, -inf},
				{"log", k.log_fwd_f32, inf, inf},
				{"log", k.log_fwd_f32, -1, nan},
				{"log", k.log_fwd_f32, -math.SmallestNonzeroFloat32, nan},
				{"log", k.log_fwd_f32, -inf, nan},
				{"log", k.log_fwd_f32, nan, nan},
				{"log", k.log_fwd_f32, math.SmallestNonzeroFloat32, -103.27893},
				{"sigmoid", k.sigmoid_fwd_f32, 0, 0.5},
				{"sigmoid", k.sigmoid_fwd_f32, minusZero, 0.5},
				{"sigmoid", k.sigmoid_fwd_f32, inf, 1},
				{"sigmoid", k.sigmoid_fwd_f32, -inf, 0},
				{"sigmoid", k.sigmoid_fwd_f32, nan, nan},
				{"tanh", k.tanh_fwd_f32, inf, 1},
				{"tanh", k.tanh_fwd_f32, -inf, -1},
				{"tanh", k.tanh_fwd_f32, nan, nan},
				{"tanh", k.tanh_fwd_f32, math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat32},
			} {
				y := []float32{7}
				test.f(y, []float32{test.x})
				if !within(y[0], test.want, 0) {
					t.Errorf("%s(%v) = %v, want %v", test.name, test.x, y[0], test.want)
				}
			}
			y := []float32{7}
			if k.tanh_fwd_f32(y, []float32{minusZero}); !math.Signbit(float64(y[0])) || y[0] != 0 {
				t.Errorf("tanh(−0) = %v, want −0", y[0])
			}
		})
	}
}
