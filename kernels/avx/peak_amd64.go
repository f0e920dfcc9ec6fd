//go:build !purego

package avx

// peak_fma_avx512 does 24 independent multiply-adds of 16 floats in each loop:
//
//	for ; loops > 0; loops-- {
//		for i := range z { // 24 registers
//			z[i] += a * b
//		}
//	}
//
//go:noescape
func peak_fma_avx512(loops int)

// peak_fma_avx2 is the same with 12 registers of 8 floats.
//
//go:noescape
func peak_fma_avx2(loops int)

// peak_copy_avx512 is copy(dst[:n], src[:n]), bypassing the caches. n is a multiple of 64, and dst is
// aligned to a cache line.
//
//go:noescape
func peak_copy_avx512(dst, src *float32, n int)

// peak_copy_avx2 is the same with registers of 8 floats.
//
//go:noescape
func peak_copy_avx2(dst, src *float32, n int)
