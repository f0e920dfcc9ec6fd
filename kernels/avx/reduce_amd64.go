//go:build !purego

package avx

// sum_f32_avx512 is, 32 elements at a time:
//
//	sum := 0.0
//	for _, v := range x {
//		sum += float64(v)
//	}
//	return sum
//
//go:noescape
func sum_f32_avx512(x []float32) float64

// sum_f32_avx2 is the same, 16 elements at a time.
//
//go:noescape
func sum_f32_avx2(x []float32) float64

// sum_rows_f32_avx512 is, 32 columns at a time:
//
//	for c := range sums {
//		sums[c] = 0
//		for r := range rows {
//			sums[c] += float64(x[r*len(sums)+c])
//		}
//	}
//
//go:noescape
func sum_rows_f32_avx512(sums []float64, x []float32, rows int)

// sum_rows_f32_avx2 is the same, 16 columns at a time.
//
//go:noescape
func sum_rows_f32_avx2(sums []float64, x []float32, rows int)

// sum_parts_f64_avx2 is, 8 columns at a time, for n a multiple of 8:
//
//	for c := range n {
//		for part := 1; part < parts; part++ {
//			sums[c] += sums[part*n+c]
//		}
//	}
//
//go:noescape
func sum_parts_f64_avx2(sums []float64, n, parts int)

// argmax_f32_avx512 is, 16 elements at a time, for x of at least one element:
//
//	best := 0
//	for i, v := range x {
//		if v > x[best] || (v != v && x[best] == x[best]) {
//			best = i // larger, or the first NaN
//		}
//	}
//	return best
//
//go:noescape
func argmax_f32_avx512(x []float32) int

// argmax_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func argmax_f32_avx2(x []float32) int
