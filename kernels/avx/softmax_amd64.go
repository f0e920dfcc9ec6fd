//go:build !purego

package avx

import "baregrad/kernels"

// softmax_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx { // dot = Σ dy·y
//		d := y[i] * (dy[i] - dot)
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func softmax_bwd_f32_avx512(dx, dy, y []float32, dot float32, m kernels.Mode)

// softmax_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func softmax_bwd_f32_avx2(dx, dy, y []float32, dot float32, m kernels.Mode)

// log_softmax_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y { // log = ln Σ e^(x−max)
//		y[i] = (x[i] - max) - log
//	}
//
//go:noescape
func log_softmax_fwd_f32_avx512(y, x []float32, max, log float32)

// log_softmax_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func log_softmax_fwd_f32_avx2(y, x []float32, max, log float32)

// log_softmax_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx { // sum = Σ dy
//		d := dy[i] - sum*exp(y[i]) // product and difference rounded once
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func log_softmax_bwd_f32_avx512(dx, dy, y []float32, sum float32, m kernels.Mode)

// log_softmax_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func log_softmax_bwd_f32_avx2(dx, dy, y []float32, sum float32, m kernels.Mode)

// softmax_fwd_f32_avx512 is, 16 elements at a time:
//
//	max = -Inf
//	for i := range x {
//		if x[i] > max {
//			max = x[i]
//		}
//	}
//	for i := range y {
//		y[i] = exp(x[i] - max)
//		sum += y[i]
//	}
//	for i := range y {
//		y[i] /= sum
//	}
//	return max, sum
//
//go:noescape
func softmax_fwd_f32_avx512(y, x []float32) (max, sum float32)

// softmax_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func softmax_fwd_f32_avx2(y, x []float32) (max, sum float32)

// dot_f32_avx512 is, 16 elements at a time:
//
//	sum := float32(0)
//	for i := range a {
//		sum += a[i] * b[i]
//	}
//	return sum
//
//go:noescape
func dot_f32_avx512(a, b []float32) float32

// dot_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func dot_f32_avx2(a, b []float32) float32
