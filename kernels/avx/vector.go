package avx

import "baregrad/kernels"

// vectorKernels are one instruction set's kernels on vectors of contiguous elements. Their
// declarations in NAME_amd64.go say what each computes.
type vectorKernels struct {
	relu_fwd_f32                         func(y, x []float32)
	relu_bwd_f32                         func(dx, dy, y []float32, m kernels.Mode)
	bias_relu_bwd_f32                    func(dx []float32, sums []float64, dy, y []float32, rows int)
	affine_fwd_f32                       func(y, x []float32, scale, shift float32)
	affine_bwd_f32                       func(dx, dy []float32, scale float32, m kernels.Mode)
	add_scaled_f32                       func(y, x []float32, scale float32)
	fill_f32                             func(y []float32, value float32)
	sgd_momentum_f32                     func(w, g, v []float32, rate, momentum float32)
	sgd_nesterov_f32                     func(w, g, v []float32, rate, momentum float32)
	rmsprop_f32                          func(w, g, v []float32, rate, rho, rest, epsilon float32)
	adam_f32                             func(w, g, m, v []float32, alpha, rest1, rest2, epsilon, keep float32)
	mul_bwd_f32                          func(dx, dy, b []float32, m kernels.Mode)
	div_bwd_f32                          func(dx, dy, b []float32, m kernels.Mode)
	div_bwd_divisor_f32                  func(dx, dy, a, b []float32, m kernels.Mode)
	exp_fwd_f32                          func(y, x []float32)
	log_fwd_f32                          func(y, x []float32)
	sigmoid_fwd_f32                      func(y, x []float32)
	sigmoid_bwd_f32                      func(dx, dy, y []float32, m kernels.Mode)
	tanh_fwd_f32                         func(y, x []float32)
	tanh_bwd_f32                         func(dx, dy, y []float32, m kernels.Mode)
	gelu_fwd_f32                         func(y, x []float32)
	gelu_bwd_f32                         func(dx, dy, x []float32, m kernels.Mode)
	softmax_bwd_f32                      func(dx, dy, y []float32, dot float32, m kernels.Mode)
	log_softmax_fwd_f32                  func(y, x []float32, max, log float32)
	log_softmax_bwd_f32                  func(dx, dy, y []float32, sum float32, m kernels.Mode)
	softmax_cross_entropy_bwd_f32        func(dx, p, t []float32, dloss, weight float32, m kernels.Mode)
	mean_squared_error_bwd_f32           func(dx, x, t []float32, scale float32, m kernels.Mode)
	sigmoid_binary_cross_entropy_bwd_f32 func(dx, x, t []float32, scale float32, m kernels.Mode)
	binary_cross_entropy_bwd_f32         func(dp, p, t []float32, scale float32, m kernels.Mode)
	add_fwd_f32                          func(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
	sub_fwd_f32                          func(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
	mul_fwd_f32                          func(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
	div_fwd_f32                          func(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
	sum_f32                              func(x []float32) float64
	sum_rows_f32                         func(sums []float64, x []float32, rows int)
	sum_parts_f64                        func(sums []float64, n, parts int)
	argmax_f32                           func(x []float32) int
	dropout_f32                          func(y, x []float32, kept []uint32, keys *[10][2]uint32, block, step, layer, threshold uint32, scale float32, m kernels.Mode)
	keep_f32                             func(y, x []float32, kept []uint32, scale float32, m kernels.Mode)
	uniform_f32                          func(y []float32, keys *[10][2]uint32, block uint32, low, scale float32)
	prefetch2                            func(from uintptr, bytes int)
	gather_u8_f32                        func(y []float32, x []uint8, index []int32, rows, width, ahead int, scale, shift float32)
	gather_f32                           func(y, x []float32, index []int32, rows, width, ahead int, scale, shift float32)
	equal_i32                            func(y []float32, a, b []int32)
	greater_f32                          func(y []int32, x []float32, threshold float32)
	softmax_fwd_f32                      func(y, x []float32) (max, sum float32)
	dot_f32                              func(a, b []float32) float32
	squared_error_f32                    func(x, t []float32) float32
	sigmoid_binary_cross_entropy_f32     func(x, t []float32) float32
	sigmoid_binary_cross_entropy_fwd_f32 func(y, x, t []float32)
	transpose_f32                        func(y, x *float32, rows, cols, rowY, rowX int)
	binary_cross_entropy_f32             func(x, t []float32) float32
	batch_norm_sums_f32                  func(sums, products []float64, a, b, shift []float32, rows int)
	batch_norm_fwd_f32                   func(y, x, mean, scale, shift []float32, rows int)
	batch_norm_bwd_f32                   func(dx, dy, x, mean, offset, slope, scale []float32, rows int, m kernels.Mode)
	layer_norm_fwd_f32                   func(y, x, mean, inverse, gamma, beta []float32, epsilon float64)
	layer_norm_bwd_f32                   func(dx, dy, x, mean, inverse, gamma []float32, m kernels.Mode)
	layer_norm_sums_f32                  func(sums, products []float64, dy, x, mean, inverse []float32)
}
