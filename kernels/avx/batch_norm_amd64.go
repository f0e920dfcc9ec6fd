//go:build !purego

package avx

import "baregrad/kernels"

// batch_norm_sums_f32_avx512 is, 32 columns at a time:
//
//	for c := range sums {
//		for r := range rows {
//			i := r*len(sums) + c
//			sums[c] += float64(a[i])
//			products[c] += float64(a[i]) * (float64(b[i]) - float64(shift[c])) // rounded once
//		}
//	}
//
//go:noescape
func batch_norm_sums_f32_avx512(sums, products []float64, a, b, shift []float32, rows int)

// batch_norm_sums_f32_avx2 is the same, 16 columns at a time, the last ones 8 at a time.
//
//go:noescape
func batch_norm_sums_f32_avx2(sums, products []float64, a, b, shift []float32, rows int)

// batch_norm_fwd_f32_avx512 is, 32 columns at a time:
//
//	for c := range mean {
//		for r := range rows {
//			i := r*len(mean) + c
//			y[i] = (x[i]-mean[c])*scale[c] + shift[c] // the difference is rounded, and the sum
//		}
//	}
//
//go:noescape
func batch_norm_fwd_f32_avx512(y, x, mean, scale, shift []float32, rows int)

// batch_norm_fwd_f32_avx2 is the same, 16 columns at a time, the last ones 8 at a time.
//
//go:noescape
func batch_norm_fwd_f32_avx2(y, x, mean, scale, shift []float32, rows int)

// batch_norm_bwd_f32_avx512 is, 32 columns at a time:
//
//	for c := range mean {
//		for r := range rows {
//			i := r*len(mean) + c
//			e := dy[i] - offset[c]
//			e -= (x[i] - mean[c]) * slope[c] // rounded once after the difference
//			e *= scale[c]
//			if m == kernels.Accumulate {
//				e += dx[i]
//			}
//			dx[i] = e
//		}
//	}
//
//go:noescape
func batch_norm_bwd_f32_avx512(dx, dy, x, mean, offset, slope, scale []float32, rows int, m kernels.Mode)

// batch_norm_bwd_f32_avx2 is the same, 16 columns at a time, the last ones 8 at a time.
//
//go:noescape
func batch_norm_bwd_f32_avx2(dx, dy, x, mean, offset, slope, scale []float32, rows int, m kernels.Mode)
