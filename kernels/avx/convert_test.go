package avx

import (
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

func TestConversionsAgainstTheirLoops(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, n := range testLengths() {
				for offset := range 4 {
					random := rand.New(rand.NewPCG(uint64(n), uint64(offset)))
					y := newGuarded(n, offset)
					pixels := make([]uint8, n+offset)[offset:] // its end is the end of its memory
					for i := range pixels {
						pixels[i] = uint8(random.Uint32())
					}
					k.gather_u8_f32(y.s, pixels, 1.0/255, -0.5)
					y.check(t, "gather_u8_f32")
					for i, got := range y.s {
						if want := fma(float32(pixels[i]), 1.0/255, -0.5); !within(got, want, 1) {
							t.Fatalf("gather_u8_f32 of %d: %v at %d, want %v", n, got, i, want)
						}
					}

					a, b := make([]int32, n), make([]int32, n)
					for i := range a {
						a[i], b[i] = int32(random.IntN(3)-1), int32(random.IntN(3)-1)
					}
					y = newGuarded(n, offset)
					k.equal_i32(y.s, a, b)
					y.check(t, "equal_i32")
					for i, got := range y.s {
						if want := a[i] == b[i]; (got == 1) != want || (got == 0) == want {
							t.Fatalf("equal_i32 of %d: %v for %d and %d", n, got, a[i], b[i])
						}
					}

					x := newGuarded(n, offset)
					fillMixed(x.s, random)
					whole := slices.Repeat([]int32{-7}, n+20+offset)
					ints := whole[10+offset:][:n]
					k.greater_f32(ints, x.s, 1)
					for i, got := range ints {
						if want := x.s[i] > 1; (got == 1) != want || (got == 0) == want {
							t.Fatalf("greater_f32 of %d: %v for %v", n, got, x.s[i])
						}
					}
					for i, v := range whole {
						if (i < 10+offset || i >= 10+offset+n) && v != -7 {
							t.Fatalf("greater_f32 of %d: the word at %d was written over", n, i-10-offset)
						}
					}
				}
			}
		})
	}
}

// TestGatherChecksItsIndices looks for a typed panic, on the caller's goroutine.
func TestGatherChecksItsIndices(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			src, dst := kernels.NewHost(kernels.Uint8, 12), kernels.NewHost(kernels.Float32, 6)
			for _, index := range []kernels.Buffer{intBuffer(0, 4), intBuffer(-1, 0), intBuffer(2)} {
				func() {
					defer func() {
						if _, ok := recover().(*kernels.ShapeError); !ok {
							t.Errorf("gather of rows %v of 4 does not panic with a ShapeError", kernels.Ints(index))
						}
					}()
					d.Gather(dst, src, index, intBuffer(0), kernels.GatherSpec{Rows: 2, Width: 3, Scale: 1})
				}()
			}
		})
	}
}
