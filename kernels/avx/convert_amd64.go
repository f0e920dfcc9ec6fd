//go:build !purego

package avx

// prefetch1 begins to load the lines of memory at the given address into the first
// cache. It changes nothing.
func prefetch1(from uintptr, bytes int)

// prefetch2 begins to load them into the second cache.
func prefetch2(from uintptr, bytes int)

// gather_u8_f32_avx512 is, 16 elements at a time:
//
//	for i := range y {
//		y[i] = float32(x[i])*scale + shift // rounded once
//	}
//
//go:noescape
func gather_u8_f32_avx512(y []float32, x []uint8, scale, shift float32)

// gather_u8_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func gather_u8_f32_avx2(y []float32, x []uint8, scale, shift float32)

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
