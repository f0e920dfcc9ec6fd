package avx

import (
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// TestTransposeAgainstItsLoop transposes blocks within larger matrices, and checks what surrounds
// them.
func TestTransposeAgainstItsLoop(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			random := rand.New(rand.NewPCG(1, 2))
			for _, rows := range []int{0, 8, 16, 40} {
				for _, cols := range []int{0, 8, 24} {
					for extra := range 3 {
						rowY, rowX := cols+extra, rows+2*extra
						y, x := newGuarded(rows*rowY+1, extra), newGuarded(cols*rowX+1, 1)
						fillMixed(x.s, random)
						for i := range y.s {
							y.s[i] = -99
						}
						k.transpose_f32(&y.s[0], &x.s[0], rows, cols, rowY, rowX)
						y.check(t, "transpose_f32")
						for i, got := range y.s {
							r, c, want := 0, cols, float32(-99)
							if rowY > 0 {
								r, c = i/rowY, i%rowY
							}
							if r < rows && c < cols {
								want = x.s[c*rowX+r]
							}
							if !within(got, want, 0) {
								t.Fatalf("transpose_f32 of %d×%d in rows of %d: %v at [%d,%d], want %v", rows, cols, rowY, got, r, c, want)
							}
						}
					}
				}
			}
		})
	}
}

// TestTransposeOfAnImpossibleSpec: such a spec must not reach the kernels, which check no bounds: the
// reference's loop panics.
func TestTransposeOfAnImpossibleSpec(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			x, y := kernels.NewHost(kernels.Float32, 64*64), kernels.NewHost(kernels.Float32, 64*64)
			defer func() {
				if recover() == nil {
					t.Error("a stride of 1000 over 64×64 elements does not panic")
				}
			}()
			d.Transpose(y, x, kernels.PermuteSpec{Rank: 2, Dim: [kernels.MaxRank]int{64, 64}, Stride: [kernels.MaxRank]int{1, 1000}})
		})
	}
}
