package avx

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// classesOf returns the set's kernels for few classes, or skips the test.
func classesOf(t testing.TB, set string) *classKernels {
	t.Helper()
	need(t, set)
	i := slices.IndexFunc(instructionSets, func(s *instructionSet) bool { return s.name == set })
	return &instructionSets[i].classes
}

// eachClassBlock runs f on blocks of all widths and numbers of rows, with logits of all kinds. Rows
// past the last one are NaN.
func eachClassBlock(f func(rows, cols int, x, labels []float32, classes []int32)) {
	for _, cols := range []int{leastClasses, 9, 10, 15, 16, 17, 24, mostClasses} {
		for rows := 1; rows <= classRows; rows++ {
			random := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
			x, labels, classes := floats(mostClasses*classRows), floats(mostClasses*classRows), make([]int32, classRows)
			for r := range classRows {
				classes[r] = int32(random.IntN(cols))
				for c := range cols {
					i := c*classRows + r
					x[i], labels[i] = float32(random.NormFloat64()*5), random.Float32()
					switch {
					case r >= rows:
						x[i], labels[i] = float32(math.NaN()), float32(math.NaN())
					case r%4 == 1:
						x[i] = []float32{0, 1, 80, -90, float32(math.Inf(-1)), -1e30}[random.IntN(6)]
					case r%4 == 2 && random.IntN(4) == 0:
						x[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e36}[random.IntN(4)]
					case r%4 == 3: // one-hot
						labels[i] = 0
						if c == int(classes[r]) {
							labels[i] = 1
						}
					}
				}
			}
			f(rows, cols, x, labels, classes)
		}
	}
}

// A loss adds up cols terms. Each is off by some roundings of 6e-8 of the logit's distance to the
// maximum, as is its exponential; the sum of the exponentials, and with it the logarithm, is off by
// at most cols roundings.
func TestSoftmaxCrossEntropyOfClassesAgainstItsLoop(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := classesOf(t, set)
			eachClassBlock(func(rows, cols int, x, labels []float32, classes []int32) {
				for _, distributions := range []bool{false, true} {
					loss, probs := newGuarded(classRows, 0), newGuarded(cols*classRows, 0)
					var t0 *float32
					if distributions {
						t0 = &labels[0]
					}
					k.softmax_cross_entropy_classes_fwd_f32(&loss.s[0], &probs.s[0], &x[0], t0, &classes[0], rows, cols)
					loss.check(t, "softmax_cross_entropy_classes_fwd_f32")
					probs.check(t, "softmax_cross_entropy_classes_fwd_f32")
					for r := range rows {
						maximum, sum := math.Inf(-1), 0.0
						for c := range cols {
							maximum = max(maximum, float64(x[c*classRows+r]))
						}
						for c := range cols {
							sum += math.Exp(float64(x[c*classRows+r]) - maximum)
						}
						want, size := 0.0, 0.0
						for c := range cols {
							d := float64(x[c*classRows+r]) - maximum
							log := d - math.Log(sum)
							if distributions {
								want -= float64(labels[c*classRows+r]) * log
								size += float64(labels[c*classRows+r]) * math.Abs(log)
							} else if c == int(classes[r]) {
								want, size = -log, math.Abs(log)
							}
							p := probs.s[c*classRows+r]
							if !close64(p, math.Exp(d)/sum, 1e-6+6e-8*math.Abs(d)) {
								t.Fatalf("%d×%d: probability %v at %d,%d, want %v", rows, cols, p, r, c, math.Exp(d)/sum)
							}
						}
						got := float64(loss.s[r])
						far := 6e-8 * float64(cols+4) * (size + 1)
						if !(math.Abs(got-want) <= far) && got != want && !(got != got && want != want) {
							t.Fatalf("%d×%d, distributions %v: loss %v of row %d, want %v within %v", rows, cols, distributions, got, r, want, far)
						}
					}
				}
			})
		})
	}
}

// The sum of labels is off by cols roundings, the product and the difference by two.
func TestSoftmaxCrossEntropyGradOfClassesAgainstItsLoop(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := classesOf(t, set)
			eachClassBlock(func(rows, cols int, probs, labels []float32, classes []int32) {
				dloss := floats(classRows)
				for r := range dloss {
					dloss[r] = float32(r-7) / 8
				}
				for _, distributions := range []bool{false, true} {
					dx := newGuarded(cols*classRows, 0)
					var t0 *float32
					if distributions {
						t0 = &labels[0]
					}
					k.softmax_cross_entropy_classes_bwd_f32(&dx.s[0], &dloss[0], &probs[0], t0, &classes[0], rows, cols)
					dx.check(t, "softmax_cross_entropy_classes_bwd_f32")
					for r := range rows {
						weight := 1.0
						if distributions {
							weight = 0
							for c := range cols {
								weight += float64(labels[c*classRows+r])
							}
						}
						for c := range cols {
							i, label := c*classRows+r, 0.0
							if distributions {
								label = float64(labels[i])
							} else if c == int(classes[r]) {
								label = 1
							}
							p, dl := float64(probs[i]), float64(dloss[r])
							want, got := float64(float32(dl*(p*weight-label))), float64(dx.s[i])
							far := 6e-8 * float64(cols+2) * math.Abs(dl) * (math.Abs(p)*weight + label)
							if !(math.Abs(got-want) <= far) && got != want && !(got != got && want != want) {
								t.Fatalf("%d×%d, distributions %v: %v at %d,%d, want %v within %v", rows, cols, distributions, got, r, c, want, far)
							}
						}
					}
				}
			})
		})
	}
}

func TestArgmaxOfClassesAgainstItsLoop(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := classesOf(t, set)
			eachClassBlock(func(rows, cols int, x, _ []float32, _ []int32) {
				arg := newGuarded(classRows, 0) // the guards' bits are int32 as well
				k.argmax_classes_f32((*int32)(unsafe.Pointer(&arg.s[0])), &x[0], rows, cols)
				arg.check(t, "argmax_classes_f32")
				for r := range rows {
					best, want := x[r], int32(0)
					for c := 1; c < cols; c++ {
						if v := x[c*classRows+r]; best == best && !(v <= best) {
							best, want = v, int32(c)
						}
					}
					if got := int32(math.Float32bits(arg.s[r])); got != want {
						t.Fatalf("%d×%d: the largest of row %d is number %d, want %d", rows, cols, r, got, want)
					}
				}
			})
		})
	}
}
