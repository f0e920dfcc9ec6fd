//go:build !purego

package avx

// mark_nonzeros_f32_avx512 finds which elements of n rows of 16 columns of a matrix are not zero. For
// i < 16, k < n:
//
//	bit k%64 of bits[k/64][i] = src[k*srcStep/4+i] != 0 // 0 where bit i of lanes is 0
//
// The bits from n up to the next multiple of 64 are 0.
//
//go:noescape
func mark_nonzeros_f32_avx512(bits *uint64, src *float32, srcStep, n int, lanes uint16)

// mark_least_f32_avx512 does the same, and returns the least of the nonzero elements as signed
// integers: 1<<31 − 1 if there is none.
//
//go:noescape
func mark_least_f32_avx512(bits *uint64, src *float32, srcStep, n int, lanes uint16) int32

// mark_nonzeros_f32 in AVX2.

//go:noescape
func mark_nonzeros_f32_avx2(bits *uint64, src *float32, srcStep, n int, lanes uint16)

// fetch_rest prefetches what a kernel should have but has not, because its rows had few k:
//
//	if s.aheadStep != 0 { // or else there is nothing to fetch
//		for ; s.ahead < s.aheadEnd; s.ahead += s.aheadStep { prefetch its line into the L2 cache }
//	}
//
//go:noescape
func fetch_rest(s *strip)
