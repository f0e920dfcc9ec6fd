//go:build !purego

package avx

// transpose_8_f32_avx2 writes 8 rows as columns, for blocks·8 of their elements:
//
//	for k := range 8 * blocks {
//		for j := range 8 {
//			dst[k*dstStep/4+j] = src[j*srcStep/4+k]
//		}
//	}
//
// Steps are in bytes; blocks is at least 1.
//
//go:noescape
func transpose_8_f32_avx2(dst *float32, dstStep int, src *float32, srcStep, blocks int)

// copy_8_f32_avx2 copies 8 floats from each of n rows, and puts them one after
// the other:
//
//	for k := range n {
//		copy(dst[8*k:8*k+8], src[k*srcStep/4:])
//	}
//
//go:noescape
func copy_8_f32_avx2(dst, src *float32, srcStep, n int)
