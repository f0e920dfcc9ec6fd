//go:build !purego

package avx

import "baregrad/kernels"

// layer_norm_fwd_f32_avx512 is, 16 elements at a time:
//
//	n := float64(len(gamma)) // the columns
//	for r := range mean {
//		sum, squares := 0.0, 0.0
//		for c := range gamma {
//			v := float64(x[r*len(gamma)+c])
//			sum += v
//			squares += v * v
//		}
//		m := sum / n
//		mean[r] = float32(m)
//		inverse[r] = float32(1 / math.Sqrt(max(squares/n-m*m, 0)+epsilon)) // the difference is rounded once
//		for c := range gamma {
//			i := r*len(gamma) + c
//			y[i] = (x[i]-mean[r])*inverse[r]*gamma[c] + beta[c] // the last two are rounded once
//		}
//	}
//
//go:noescape
func layer_norm_fwd_f32_avx512(y, x, mean, inverse, gamma, beta []float32, epsilon float64)

// layer_norm_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func layer_norm_fwd_f32_avx2(y, x, mean, inverse, gamma, beta []float32, epsilon float64)

// layer_norm_bwd_f32_avx512 is, 16 elements at a time:
//
//	n := float64(len(gamma)) // the columns
//	for r := range mean {
//		sum, products := 0.0, 0.0
//		for c := range gamma {
//			i := r*len(gamma) + c
//			e := float64(dy[i]) * float64(gamma[c])
//			sum += e
//			products += e * (float64(x[i]) - float64(mean[r])) // rounded once
//		}
//		offset := float32(sum / n)
//		slope := float32(products / n * float64(inverse[r]) * float64(inverse[r]))
//		for c := range gamma {
//			i := r*len(gamma) + c
//			e := dy[i]*gamma[c] - offset // rounded once
//			e -= (x[i] - mean[r]) * slope // rounded once after the difference
//			e *= inverse[r]
//			if m == kernels.Accumulate {
//				e += dx[i]
//			}
//			dx[i] = e
//		}
//	}
//
//go:noescape
func layer_norm_bwd_f32_avx512(dx, dy, x, mean, inverse, gamma []float32, m kernels.Mode)

// layer_norm_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func layer_norm_bwd_f32_avx2(dx, dy, x, mean, inverse, gamma []float32, m kernels.Mode)

// layer_norm_sums_f32_avx512 is, 32 columns at a time:
//
//	for c := range sums {
//		for r := range mean {
//			i := r*len(sums) + c
//			sums[c] += float64(dy[i])
//			n := (float64(x[i]) - float64(mean[r])) * float64(inverse[r])
//			products[c] += float64(dy[i]) * n // rounded once
//		}
//	}
//
//go:noescape
func layer_norm_sums_f32_avx512(sums, products []float64, dy, x, mean, inverse []float32)

// layer_norm_sums_f32_avx2 is the same, 8 columns at a time.
//
//go:noescape
func layer_norm_sums_f32_avx2(sums, products []float64, dy, x, mean, inverse []float32)
