package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// TestSoftmaxAgainstItsLoop compares rows of every length with float64. The sum of n powers is off by
// some roundings of 6e-8 each, and so is the quotient; and the difference from the maximum is rounded
// before it becomes an exponent.
func TestSoftmaxAgainstItsLoop(t *testing.T) {
	const far = 1e-6
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, n := range testLengths() {
				for variant, extra := range []float32{0, 80, -90, float32(math.Inf(-1)), float32(math.NaN()), float32(math.Inf(1))} {
					random := rand.New(rand.NewPCG(uint64(n), uint64(variant)))
					x, y := newGuarded(n, variant%4), newGuarded(n, 1)
					maximum, sum := math.Inf(-1), 0.0
					for i := range x.s {
						x.s[i] = float32(random.NormFloat64() * 5)
						if random.IntN(5) == 0 {
							x.s[i] += extra
						}
						maximum = max(maximum, float64(x.s[i]))
					}
					for _, v := range x.s {
						sum += math.Exp(float64(v) - maximum)
					}
					gotMax, gotSum := k.softmax_fwd_f32(y.s, x.s)
					y.check(t, "softmax_fwd_f32")
					if maximum == maximum && float64(gotMax) != maximum { // the maximum may lose a NaN, but not the sum
						t.Fatalf("softmax_fwd_f32 of %d: maximum %v, want %v", n, gotMax, maximum)
					}
					if !close64(gotSum, sum, far) {
						t.Fatalf("softmax_fwd_f32 of %d: sum %v, want %v", n, gotSum, sum)
					}
					for i, got := range y.s {
						exponent := float64(x.s[i]) - maximum
						if want := math.Exp(exponent) / sum; !close64(got, want, far+6e-8*math.Abs(exponent)) {
							t.Fatalf("softmax_fwd_f32 of %d: %v at %d, want %v", n, got, i, want)
						}
					}
				}
			}
		})
	}
}

// close64 tells whether got is want within far, as a share of want or of 1e-30,
// or both are NaN or the same infinity.
func close64(got float32, want, far float64) bool {
	difference := math.Abs(float64(got) - want)
	return difference <= far*max(math.Abs(want), 1e-30) || float64(got) == want || (got != got && want != want)
}

// TestRowSumsAgainstTheirLoops compares sums of terms with float64 ones: each addition, at most n/8
// of them, is off by a rounding of 6e-8 of the sum so far.
func TestRowSumsAgainstTheirLoops(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range []struct {
				name string
				f    func(a, b []float32) float32
				term func(a, b float64) float64
			}{
				{"dot_f32", k.dot_f32, func(a, b float64) float64 { return a * b }},
				{"squared_error_f32", k.squared_error_f32, func(a, b float64) float64 { return (a - b) * (a - b) }},
				{"sigmoid_binary_cross_entropy_f32", k.sigmoid_binary_cross_entropy_f32, func(x, t float64) float64 {
					return max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x)))
				}},
				{"binary_cross_entropy_f32", k.binary_cross_entropy_f32, func(x, t float64) float64 {
					p := max(float64(float32(1e-7)), min(x, float64(float32(1-1e-7))))
					return -t*math.Log(p) - (1-t)*math.Log1p(-p)
				}},
			} {
				for _, n := range testLengths() {
					for variant, extra := range []float32{0, 1, float32(math.NaN()), float32(math.Inf(1))} {
						random := rand.New(rand.NewPCG(uint64(n), uint64(variant)))
						a, b := newGuarded(n, variant), newGuarded(n, 1)
						want, size := 0.0, 0.0
						for i := range a.s {
							a.s[i] = float32(random.NormFloat64() * 6)
							b.s[i] = float32(random.IntN(3)) / 2
							if test.name == "binary_cross_entropy_f32" {
								a.s[i] = sigmoid(a.s[i] * 3) // a probability, some of them 0 and 1
							}
						}
						if n > 0 {
							a.s[random.IntN(n)] += extra
						}
						for i := range a.s {
							term := test.term(float64(a.s[i]), float64(b.s[i]))
							want += term
							size += math.Abs(term)
						}
						got := test.f(a.s, b.s)
						far := 6e-8 * (float64(n)/8 + 4) * size
						if difference := math.Abs(float64(got) - want); !(difference <= far) && !within(got, float32(want), 0) {
							t.Fatalf("%s of %d: %v, want %v within %v", test.name, n, got, want, far)
						}
					}
				}
			}
		})
	}
}

// TestSigmoidBinaryCrossEntropyOfSureLogits tests the far ends, where e^−|x| is so small that 1 +
// e^−|x| loses it: 20 and target 1 cost 2.06e-9, not 0.
func TestSigmoidBinaryCrossEntropyOfSureLogits(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, x := range []float32{20, 5, 60, -20} {
				target := float32(0)
				if x > 0 {
					target = 1
				}
				got := k.sigmoid_binary_cross_entropy_f32([]float32{x}, []float32{target})
				single := []float32{0}
				k.sigmoid_binary_cross_entropy_fwd_f32(single, []float32{x}, []float32{target})
				if single[0] != got {
					t.Errorf("the loss of %v for target %v is %v by itself and %v in a row", x, target, single[0], got)
				}
				want := math.Log1p(math.Exp(-math.Abs(float64(x))))
				if !close64(got, want, 5e-7) {
					t.Errorf("the loss of %v for target %v is %v, want %v", x, target, got, want)
				}
			}
		})
	}
}

// Consecutive rows with the same dloss are computed together: that changes no bit of the gradient.
func TestLossGradientsOfRowsTogether(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d, r := open(t, set), rand.New(rand.NewPCG(41, 42))
		k := &d.set.vector
		for _, cols := range []int{1, 3, 16, 21} {
			for _, share := range []float64{0, 0.3, 1} { // share of rows whose dloss differs from the previous row's
				const rows = 700
				dx, dloss, x, targets := randomBuffer(rows*cols), randomBuffer(rows), randomBuffer(rows*cols), randomBuffer(rows*cols)
				for i, s := 1, kernels.Floats(dloss); i < rows; i++ {
					if r.Float64() >= share {
						s[i] = s[i-1]
					}
				}
				kernels.Floats(dloss)[rows-1] = float32(math.NaN())
				for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
					want := slices.Clone(kernels.Floats(dx))
					for i, dl := range kernels.Floats(dloss) {
						at, behind := i*cols, (i+1)*cols
						scale := float32(float64(dl) / float64(cols))
						k.sigmoid_binary_cross_entropy_bwd_f32(want[at:behind], kernels.Floats(x)[at:behind], kernels.Floats(targets)[at:behind], scale, m)
					}
					d.SigmoidBinaryCrossEntropyGrad(dx, dloss, x, targets, rows, cols, m)
					sameBits(t, fmt.Sprintf("%d columns, %v others", cols, share), kernels.Floats(dx), want)
				}
			}
		}
	})
}
