//go:build !purego

package avx

import "baregrad/kernels"

// gelu_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = x[i] * erfc(-x[i]/√2) / 2
//	}
//
//go:noescape
func gelu_fwd_f32_avx512(y, x []float32)

// gelu_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func gelu_fwd_f32_avx2(y, x []float32)

// gelu_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := dy[i] * (erfc(-x[i]/√2)/2 + x[i]*exp(-x[i]*x[i]/2)/√(2π))
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func gelu_bwd_f32_avx512(dx, dy, x []float32, m kernels.Mode)

// gelu_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func gelu_bwd_f32_avx2(dx, dy, x []float32, m kernels.Mode)
