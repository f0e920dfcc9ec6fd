//go:build !purego

package avx

// bias_relu_bwd_f32_avx512 is, 16 columns at a time, for len(sums) a multiple of 16:
//
//	for c := range sums {
//		sums[c] = 0
//		for r := range rows {
//			i := r*len(sums) + c
//			d := float32(0)
//			if y[i] > 0 {
//				d = dy[i]
//			}
//			dx[i] = d
//			sums[c] += float64(d)
//		}
//	}
//
//go:noescape
func bias_relu_bwd_f32_avx512(dx []float32, sums []float64, dy, y []float32, rows int)

// bias_relu_bwd_f32_avx2 is the same.
//
//go:noescape
func bias_relu_bwd_f32_avx2(dx []float32, sums []float64, dy, y []float32, rows int)
