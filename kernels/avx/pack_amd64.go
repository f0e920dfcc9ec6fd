//go:build !purego

package avx

// transpose_8_f32_avx2 writes 8 rows as columns, blocks·8 elements of each:
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

// copy_tiles_8_f32_avx2 copies n rows of a matrix to tiles of 8 columns:
//
//	for k := range n {
//		for tile := range tiles {
//			copy(dst[tile*dstStep/4+8*k:][:8], src[k*srcStep/4+8*tile:])
//		}
//	}
//
// Steps are in bytes; tiles and n are at least 1.
//
//go:noescape
func copy_tiles_8_f32_avx2(dst, src *float32, dstStep, srcStep, tiles, n int)

// copy_tiles_6_f32_avx2 is the same with src[k*srcStep/4+6*tile:]: each row of a tile has 6 columns
// and 2 floats that nobody reads.
//
//go:noescape
func copy_tiles_6_f32_avx2(dst, src *float32, dstStep, srcStep, tiles, n int)
