//go:build !purego

package avx

import "baregrad/kernels"

// affine_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = scale*x[i] + shift // rounded once
//	}
//
//go:noescape
func affine_fwd_f32_avx512(y, x []float32, scale, shift float32)

// affine_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func affine_fwd_f32_avx2(y, x []float32, scale, shift float32)

// affine_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := scale * dy[i]
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func affine_bwd_f32_avx512(dx, dy []float32, scale float32, m kernels.Mode)

// affine_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func affine_bwd_f32_avx2(dx, dy []float32, scale float32, m kernels.Mode)

// add_scaled_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] += scale * x[i] // rounded once
//	}
//
//go:noescape
func add_scaled_f32_avx512(y, x []float32, scale float32)

// add_scaled_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func add_scaled_f32_avx2(y, x []float32, scale float32)

// fill_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = value
//	}
//
//go:noescape
func fill_f32_avx512(y []float32, value float32)

// fill_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func fill_f32_avx2(y []float32, value float32)
