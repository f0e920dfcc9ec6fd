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

// quotientsBy checks that Adam divides by √v, correctly rounded. The numerator is such that the
// quotient is just below 2, so each neighbour of the root would give a different one. m is scratch.
func quotientsBy(t *testing.T, k *vectorKernels, m, v []float32) {
	t.Helper()
	for i := range v {
		m[i] = sqrt(v[i]) * (2 - 1.0/(1<<20))
	}
	for i, got := range adamQuotients(k, m, v) {
		if want := m[i] / sqrt(v[i]); got != want {
			t.Fatalf("%g/√%g at %d is %g, want %g", m[i], v[i], i, got, want)
		}
	}
}

// TestRootOfOptimizers checks the roots of v with every exponent, and with every significand for both
// parities of the exponent, which are processed differently. AVX-512 takes the roots of two registers
// in two ways; every significand goes through both.
func TestRootOfOptimizers(t *testing.T) {
	const n, lanes = 1 << 15, 16
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			random := rand.New(rand.NewPCG(1, 2))
			m, v := make([]float32, n), make([]float32, n)
			for exponent := uint32(1); exponent < 255; exponent++ {
				for i := range n / 8 {
					v[i] = math.Float32frombits(exponent<<23 | random.Uint32()>>9)
				}
				quotientsBy(t, k, m[:n/8], v[:n/8])
			}
			for first := uint32(0); first < 1<<24; first += n / 2 {
				for i := range v {
					v[i] = math.Float32frombits(127<<23 + first + uint32(i/(2*lanes)*lanes+i%lanes))
				}
				quotientsBy(t, k, m, v)
			}
		})
	}
}

// TestRootOfSpecialValues pins the roots that Newton's method does not give, and those next to them,
// each at every position of a vector among roots that it does give.
func TestRootOfSpecialValues(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range []struct{ v, want float32 }{
				{0, inf}, {inf, 0}, {nan, nan}, {-1, nan}, {-inf, nan}, {-math.MaxFloat32, nan},
				{0x1p-126, 0x1p63}, {0x1p-102, 0x1p51}, {0x1p-100, 0x1p50}, {math.MaxFloat32, 1 / sqrt(math.MaxFloat32)}, {1, 1}, {minusZero, inf},
			} {
				for at := range 33 {
					g, v := make([]float32, 33), make([]float32, 33)
					for i := range v {
						g[i], v[i] = 1, 4
					}
					v[at] = test.v
					rmsprop, adam := rmspropQuotients(k, g, v), adamQuotients(k, g, v)
					for i := range v {
						want, wantAdam := float32(0.5), float32(0.5)
						if i == at {
							want, wantAdam = test.want, test.want
							if math.IsInf(float64(test.v), 1) {
								wantAdam = nan // of (g² − v)·0
							}
						}
						if !within(rmsprop[i], want, 0) {
							t.Fatalf("RMSprop: 1/√%g at %d is %g, want %g", v[i], i, rmsprop[i], want)
						}
						if !within(adam[i], wantAdam, 0) {
							t.Fatalf("Adam: 1/√%g at %d is %g, want %g", v[i], i, adam[i], wantAdam)
						}
					}
				}
			}
		})
	}
}
