//go:build !purego

package avx

// vectorAVX512 are the kernels for avx512.
var vectorAVX512 = vectorKernels{
	relu_fwd_f32:        relu_fwd_f32_avx512,
	relu_bwd_f32:        relu_bwd_f32_avx512,
	affine_fwd_f32:      affine_fwd_f32_avx512,
	affine_bwd_f32:      affine_bwd_f32_avx512,
	add_scaled_f32:      add_scaled_f32_avx512,
	fill_f32:            fill_f32_avx512,
	sgd_momentum_f32:    sgd_momentum_f32_avx512,
	sgd_nesterov_f32:    sgd_nesterov_f32_avx512,
	rmsprop_f32:         rmsprop_f32_avx512,
	adam_f32:            adam_f32_avx512,
	mul_bwd_f32:         mul_bwd_f32_avx512,
	div_bwd_f32:         div_bwd_f32_avx512,
	div_bwd_divisor_f32: div_bwd_divisor_f32_avx512,
	add_fwd_f32:         add_fwd_f32_avx512,
	sub_fwd_f32:         sub_fwd_f32_avx512,
	mul_fwd_f32:         mul_fwd_f32_avx512,
	div_fwd_f32:         div_fwd_f32_avx512,
	sum_f32:             sum_f32_avx512,
	sum_rows_f32:        sum_rows_f32_avx512,
	argmax_f32:          argmax_f32_avx512,
}

// vectorAVX2 are the kernels for avx2.
var vectorAVX2 = vectorKernels{
	relu_fwd_f32:        relu_fwd_f32_avx2,
	relu_bwd_f32:        relu_bwd_f32_avx2,
	affine_fwd_f32:      affine_fwd_f32_avx2,
	affine_bwd_f32:      affine_bwd_f32_avx2,
	add_scaled_f32:      add_scaled_f32_avx2,
	fill_f32:            fill_f32_avx2,
	sgd_momentum_f32:    sgd_momentum_f32_avx2,
	sgd_nesterov_f32:    sgd_nesterov_f32_avx2,
	rmsprop_f32:         rmsprop_f32_avx2,
	adam_f32:            adam_f32_avx2,
	mul_bwd_f32:         mul_bwd_f32_avx2,
	div_bwd_f32:         div_bwd_f32_avx2,
	div_bwd_divisor_f32: div_bwd_divisor_f32_avx2,
	add_fwd_f32:         add_fwd_f32_avx2,
	sub_fwd_f32:         sub_fwd_f32_avx2,
	mul_fwd_f32:         mul_fwd_f32_avx2,
	div_fwd_f32:         div_fwd_f32_avx2,
	sum_f32:             sum_f32_avx2,
	sum_rows_f32:        sum_rows_f32_avx2,
	argmax_f32:          argmax_f32_avx2,
}
