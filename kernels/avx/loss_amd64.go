//go:build !purego

package avx

import "baregrad/kernels"

// softmax_cross_entropy_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx { // weight = Σ t
//		d := dloss * (p[i]*weight - t[i]) // product and difference rounded once
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func softmax_cross_entropy_bwd_f32_avx512(dx, p, t []float32, dloss, weight float32, m kernels.Mode)

// softmax_cross_entropy_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func softmax_cross_entropy_bwd_f32_avx2(dx, p, t []float32, dloss, weight float32, m kernels.Mode)

// mean_squared_error_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx { // scale = 2·dloss/n
//		d := scale * (x[i] - t[i])
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func mean_squared_error_bwd_f32_avx512(dx, x, t []float32, scale float32, m kernels.Mode)

// mean_squared_error_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func mean_squared_error_bwd_f32_avx2(dx, x, t []float32, scale float32, m kernels.Mode)

// sigmoid_binary_cross_entropy_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dx { // scale = dloss/n
//		d := scale * (sigmoid(x[i]) - t[i])
//		if m == kernels.Accumulate {
//			d += dx[i]
//		}
//		dx[i] = d
//	}
//
//go:noescape
func sigmoid_binary_cross_entropy_bwd_f32_avx512(dx, x, t []float32, scale float32, m kernels.Mode)

// sigmoid_binary_cross_entropy_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sigmoid_binary_cross_entropy_bwd_f32_avx2(dx, x, t []float32, scale float32, m kernels.Mode)

// binary_cross_entropy_bwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range dp { // scale = dloss/n
//		d := float32(0)
//		if !(p[i] < clipLow || p[i] > clipHigh) {
//			d = (p[i] - t[i]) / (p[i] * (1 - p[i])) // = (1−t)/(1−p) − t/p
//		}
//		d *= scale
//		if m == kernels.Accumulate {
//			d += dp[i]
//		}
//		dp[i] = d
//	}
//
//go:noescape
func binary_cross_entropy_bwd_f32_avx512(dp, p, t []float32, scale float32, m kernels.Mode)

// binary_cross_entropy_bwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func binary_cross_entropy_bwd_f32_avx2(dp, p, t []float32, scale float32, m kernels.Mode)

// squared_error_f32_avx512 is, 16 elements at a time:
//
//	sum := float32(0)
//	for i := range x {
//		sum += (x[i] - t[i]) * (x[i] - t[i])
//	}
//	return sum
//
//go:noescape
func squared_error_f32_avx512(x, t []float32) float32

// squared_error_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func squared_error_f32_avx2(x, t []float32) float32

// sigmoid_binary_cross_entropy_f32_avx512 is, 16 elements at a time:
//
//	sum := float32(0)
//	for i := range x {
//		sum += max(x[i], 0) - x[i]*t[i] + log1p(exp(-abs(x[i])))
//	}
//	return sum
//
//go:noescape
func sigmoid_binary_cross_entropy_f32_avx512(x, t []float32) float32

// sigmoid_binary_cross_entropy_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sigmoid_binary_cross_entropy_f32_avx2(x, t []float32) float32

// sigmoid_binary_cross_entropy_fwd_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = max(x[i], 0) - x[i]*t[i] + log1p(exp(-abs(x[i])))
//	}
//
//go:noescape
func sigmoid_binary_cross_entropy_fwd_f32_avx512(y, x, t []float32)

// sigmoid_binary_cross_entropy_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sigmoid_binary_cross_entropy_fwd_f32_avx2(y, x, t []float32)

// binary_cross_entropy_f32_avx512 is, 16 elements at a time, where clip limits to [1e-7, 1−1e-7]:
//
//	sum := float32(0)
//	for i := range x {
//		p := clip(x[i])
//		sum += -t[i]*log(p) - (1-t[i])*log1p(-p)
//	}
//	return sum
//
//go:noescape
func binary_cross_entropy_f32_avx512(x, t []float32) float32

// binary_cross_entropy_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func binary_cross_entropy_f32_avx2(x, t []float32) float32
