//go:build !purego

package avx

// prefetch2 prefetches the lines of memory at the given address into the L2 cache.
func prefetch2(from uintptr, bytes int)

// gather_u8_f32_avx512 is, 16 elements at a time, for rows of at least one element:
//
//	for r := range rows {
//		from := int(index[r]) * width
//		if r+ahead < len(index) {
//			prefetch2(x[int(index[r+ahead])*width:], width)
//		}
//		for i := range width {
//			y[r*width+i] = float32(x[from+i])*scale + shift // rounded once
//		}
//	}
//
//go:noescape
func gather_u8_f32_avx512(y []float32, x []uint8, index []int32, rows, width, ahead int, scale, shift float32)

// gather_u8_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func gather_u8_f32_avx2(y []float32, x []uint8, index []int32, rows, width, ahead int, scale, shift float32)

// gather_f32_avx2 is the same for an x of float32. The AVX-512 set uses it too: its
// masked stores take twice as long for rows of ten.
//
//go:noescape
func gather_f32_avx2(y, x []float32, index []int32, rows, width, ahead int, scale, shift float32)

// equal_i32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = 0
//		if a[i] == b[i] {
//			y[i] = 1
//		}
//	}
//
//go:noescape
func equal_i32_avx512(y []float32, a, b []int32)

// equal_i32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func equal_i32_avx2(y []float32, a, b []int32)

// greater_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = 0
//		if x[i] > threshold {
//			y[i] = 1
//		}
//	}
//
//go:noescape
func greater_f32_avx512(y []int32, x []float32, threshold float32)

// greater_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func greater_f32_avx2(y []int32, x []float32, threshold float32)
