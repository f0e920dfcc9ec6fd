package avx

import (
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// One pass for both gradients has the bits of a pass for each, whatever the values are, and may
// overwrite dy.
func TestBiasReLUGradInOnePass(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k, r := vectorsOf(t, set), rand.New(rand.NewPCG(43, 44))
			special := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e-40, 3e38}
			draw := func(x []float32) {
				for i := range x {
					if x[i] = float32(r.NormFloat64()); r.IntN(50) == 0 {
						x[i] = special[r.IntN(len(special))]
					}
				}
			}
			for _, cols := range []int{16, 32, 48, 128, 272} {
				for _, rows := range []int{0, 1, 2, 31, 32} {
					n := rows * cols
					dx, dy, y := newGuarded(n, 1), newGuarded(n, 2), newGuarded(n, 3)
					draw(dy.s)
					draw(y.s)
					want, wantSums := make([]float32, n), make([]float64, cols)
					k.relu_bwd_f32(want, dy.s, y.s, kernels.Overwrite)
					k.sum_rows_f32(wantSums, want, rows)
					check := func(name string, got []float32, sums []float64) {
						t.Helper()
						for i, v := range got {
							if math.Float32bits(v) != math.Float32bits(want[i]) {
								t.Fatalf("%s, %d×%d: dx[%d] is %v, want %v", name, rows, cols, i, v, want[i])
							}
						}
						for c, v := range sums[:cols] {
							if !sameFloat64(v, wantSums[c]) {
								t.Fatalf("%s, %d×%d: the sum of column %d is %v, want %v", name, rows, cols, c, v, wantSums[c])
							}
						}
						if sums[cols] != 7 {
							t.Fatalf("%s, %d×%d: wrote behind the sums", name, rows, cols)
						}
					}
					sums := make([]float64, cols+1)
					sums[cols] = 7
					k.bias_relu_bwd_f32(dx.s, sums[:cols], dy.s, y.s, rows)
					dx.check(t, "bias relu gradient")
					check("elsewhere", dx.s, sums)
					clear(sums[:cols])
					k.bias_relu_bwd_f32(dy.s, sums[:cols], dy.s, y.s, rows)
					dy.check(t, "bias relu gradient")
					check("over dy", dy.s, sums)
				}
			}
		})
	}
}
