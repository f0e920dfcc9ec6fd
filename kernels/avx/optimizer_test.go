package avx

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Kernels of optimizers that keep what they do of v and m or g: w = m/√v, w = g/√v.

func adamQuotients(k *vectorKernels, m, v []float32) []float32 {
	w := make([]float32, len(m))
	k.adam_f32(w, make([]float32, len(m)), slices.Clone(m), slices.Clone(v), -1, 0, 0, 0, 1)
	return w
}

func rmspropQuotients(k *vectorKernels, g, v []float32) []float32 {
	w := make([]float32, len(g))
	k.rmsprop_f32(w, g, slices.Clone(v), -1, 1, 0, 0)
	return w
}

// TestRootOfOptimizers finds out which √v Adam divides by, for v with every exponent:
// divided into a numerator for which the quotient is just below 2, each neighbour of the root
// would give another one. AVX2's roots are the processor's, correctly rounded; AVX-512's are
// within .6 ulp, nearly all the same, but where v − s² underflows: see root_amd64.h. (A
// Zen 4 gives .553 ulp, and .6 % of the roots are not the correctly rounded ones.)
func TestRootOfOptimizers(t *testing.T) {
	const each = 4096
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			random := rand.New(rand.NewPCG(1, 2))
			most, share := 0.5, 0.0
			if set == "avx512" {
				most, share = 0.6, 0.1
			}
			v, m := make([]float32, each), make([]float32, each)
			other, all, worst := 0, 0, 0.0
			for exponent := uint32(1); exponent < 255; exponent++ {
				for i := range v {
					v[i] = math.Float32frombits(exponent<<23 | random.Uint32()>>9)
					m[i] = sqrt(v[i]) * (2 - 1.0/(1<<20))
				}
				for i, got := range adamQuotients(k, m, v) {
					exact := math.Sqrt(float64(v[i]))
					root := sqrt(v[i])
					for root > 0 && m[i]/root < got {
						root = math.Nextafter32(root, 0)
					}
					for root < math.MaxFloat32 && m[i]/root > got {
						root = math.Nextafter32(root, math.MaxFloat32)
					}
					if m[i]/root != got {
						t.Fatalf("√%g: %g/√v is %g, which is a quotient by no float32", v[i], m[i], got)
					}
					_, ulpExponent := math.Frexp(exact)
					ulp := math.Ldexp(1, ulpExponent-24)
					off, bound := math.Abs(float64(root)-exact)/ulp, most
					if set == "avx512" && exponent < 127-102 {
						bound += 0x1p-127 / float64(v[i]) * exact / ulp
					} else {
						worst = max(worst, off)
						all++
						if root != sqrt(v[i]) {
							other++
						}
					}
					if !(off <= bound) {
						t.Fatalf("√%g is taken as %g: off by %.3f ulp, at most %.3f are allowed", v[i], root, off, bound)
					}
				}
			}
			t.Logf("at most %.3f ulp; %.2f %% of the roots are not the correctly rounded ones", worst, 100*float64(other)/float64(all))
			if !(float64(other) <= share*float64(all)) {
				t.Errorf("%d of %d roots are not the correctly rounded ones", other, all)
			}
		})
	}
}

// TestRootOfSpecialValues pins the roots that Newton's step does not give, each at every place
// of a vector among roots that it does.
func TestRootOfSpecialValues(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range []struct{ v, want float32 }{
				{0, inf}, {inf, 0}, {nan, nan}, {-1, nan}, {-inf, nan}, {-math.MaxFloat32, nan},
				{0x1p-126, 0x1p63}, {math.MaxFloat32, 1 / sqrt(math.MaxFloat32)}, {1, 1}, {minusZero, inf},
			} {
				for at := range 33 {
					g, v := make([]float32, 33), make([]float32, 33)
					for i := range v {
						g[i], v[i] = 1, 4
					}
					v[at] = test.v
					for i, got := range rmspropQuotients(k, g, v) {
						want := float32(0.5)
						if i == at {
							want = test.want
						}
						if !within(got, want, 0) {
							t.Fatalf("1/√%g at %d is %g, want %g", v[i], i, got, want)
						}
					}
				}
			}
		})
	}
}
