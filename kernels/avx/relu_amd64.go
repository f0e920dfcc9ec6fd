//go:build !purego

package avx

import "baregrad/kernels"

// relu_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = x[i]
//		if x[i] <= 0 {
//			y[i] = 0
//		}
//	}
//
//go:noescape
func relu_fwd_f32_avx512(y, x []float32)

// relu_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func relu_fwd_f32_avx2(y, x []float32)

// relu_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := float32(0)
//		if y[i] > 0 {
//			d = dy[i]
//		}
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func relu_bwd_f32_avx512(dx, dy, y []float32, m kernels.Mode)

// relu_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func relu_bwd_f32_avx2(dx, dy, y []float32, m kernels.Mode)
