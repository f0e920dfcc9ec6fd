//go:build !purego

package avx

import "baregrad/kernels"

// exp_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = exp(x[i])
//	}
//
//go:noescape
func exp_fwd_f32_avx512(y, x []float32)

// exp_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func exp_fwd_f32_avx2(y, x []float32)

// log_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = log(x[i])
//	}
//
//go:noescape
func log_fwd_f32_avx512(y, x []float32)

// log_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func log_fwd_f32_avx2(y, x []float32)

// sigmoid_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = 1 / (1 + exp(-x[i]))
//	}
//
//go:noescape
func sigmoid_fwd_f32_avx512(y, x []float32)

// sigmoid_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sigmoid_fwd_f32_avx2(y, x []float32)

// sigmoid_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := dy[i] * (y[i] * (1 - y[i]))
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func sigmoid_bwd_f32_avx512(dx, dy, y []float32, m kernels.Mode)

// sigmoid_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sigmoid_bwd_f32_avx2(dx, dy, y []float32, m kernels.Mode)

// tanh_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = tanh(x[i])
//	}
//
//go:noescape
func tanh_fwd_f32_avx512(y, x []float32)

// tanh_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func tanh_fwd_f32_avx2(y, x []float32)

// tanh_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx {
//		d := dy[i] * (1 - y[i]*y[i]) // 1 − y² rounded once
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func tanh_bwd_f32_avx512(dx, dy, y []float32, m kernels.Mode)

// tanh_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func tanh_bwd_f32_avx2(dx, dy, y []float32, m kernels.Mode)
