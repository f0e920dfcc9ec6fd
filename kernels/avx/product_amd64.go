//go:build !purego

package avx

import "baregrad/kernels"

// mul_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := dy[i] * b[i]
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func mul_bwd_f32_avx512(dx, dy, b []float32, m kernels.Mode)

// mul_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func mul_bwd_f32_avx2(dx, dy, b []float32, m kernels.Mode)

// div_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := dy[i] / b[i]
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func div_bwd_f32_avx512(dx, dy, b []float32, m kernels.Mode)

// div_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func div_bwd_f32_avx2(dx, dy, b []float32, m kernels.Mode)

// div_bwd_divisor_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := -(dy[i] / b[i]) * (a[i] / b[i]) // b² could overflow
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func div_bwd_divisor_f32_avx512(dx, dy, a, b []float32, m kernels.Mode)

// div_bwd_divisor_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func div_bwd_divisor_f32_avx2(dx, dy, a, b []float32, m kernels.Mode)
