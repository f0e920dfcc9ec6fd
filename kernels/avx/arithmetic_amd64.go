//go:build !purego

package avx

// add_fwd_f32_avx512 is, 16 elements at a time:
//
//	for r := range rows {
//		for c := range cols {
//			y[r*cols+c] = a[r*rowA+c*stepA] + b[r*rowB+c*stepB] // stepA and stepB are 1 or 0
//		}
//	}
//
//go:noescape
func add_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// add_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func add_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// sub_fwd_f32_avx512 is, 16 elements at a time:
//
//	for r := range rows {
//		for c := range cols {
//			y[r*cols+c] = a[r*rowA+c*stepA] - b[r*rowB+c*stepB] // stepA and stepB are 1 or 0
//		}
//	}
//
//go:noescape
func sub_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// sub_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sub_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// mul_fwd_f32_avx512 is, 16 elements at a time:
//
//	for r := range rows {
//		for c := range cols {
//			y[r*cols+c] = a[r*rowA+c*stepA] * b[r*rowB+c*stepB] // stepA and stepB are 1 or 0
//		}
//	}
//
//go:noescape
func mul_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// mul_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func mul_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// div_fwd_f32_avx512 is, 16 elements at a time:
//
//	for r := range rows {
//		for c := range cols {
//			y[r*cols+c] = a[r*rowA+c*stepA] / b[r*rowB+c*stepB] // stepA and stepB are 1 or 0
//		}
//	}
//
//go:noescape
func div_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// div_fwd_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func div_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
