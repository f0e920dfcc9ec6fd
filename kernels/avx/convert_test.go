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
					a, b := make([]int32, n), make([]int32, n)
					for i := range a {
						a[i], b[i] = int32(random.IntN(3)-1), int32(random.IntN(3)-1)
					}
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

// Rows of every width, taken from anywhere in x, including its last row. The index continues past the
// rows that are wanted, as for a part of a batch.
func TestGatheringAgainstItsLoop(t *testing.T) {
	const rows, all = 5, 7
	index := []int32{3, 0, all - 1, 3, 1, 6, 2}
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, width := range testLengths()[1:] { // except 0
				for ahead := range 4 {
					random := rand.New(rand.NewPCG(uint64(width), uint64(ahead)))
					pixels, x := make([]uint8, all*width+ahead)[ahead:], newGuarded(all*width, ahead)
					for i := range pixels {
						pixels[i] = uint8(random.Uint32())
					}
					fillMixed(x.s, random)
					for _, gather := range []struct {
						name string
						f    func(y []float32)
						x    func(i int) float32
					}{
						{"gather_u8_f32", func(y []float32) { k.gather_u8_f32(y, pixels, index, rows, width, 3*ahead, 1.0/255, -0.5) },
							func(i int) float32 { return float32(pixels[i]) }},
						{"gather_f32", func(y []float32) { k.gather_f32(y, x.s, index, rows, width, 3*ahead, 1.0/255, -0.5) },
							func(i int) float32 { return x.s[i] }},
					} {
						y := newGuarded(rows*width, ahead)
						gather.f(y.s)
						y.check(t, gather.name)
						for i, got := range y.s {
							v := gather.x(int(index[i/width])*width + i%width)
							if want := fma(v, 1.0/255, -0.5); !within(got, want, 1) {
								t.Fatalf("%s of width %d: %v at %d, want %v", gather.name, width, got, i, want)
							}
						}
					}
				}
			}
		})
	}
}

// TestGatherChecksItsIndices expects a typed panic on the caller's goroutine.
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
