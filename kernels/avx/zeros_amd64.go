//go:build !purego

package avx

// The kernels compute a whole strip, m rows by up to the columns in their name, one tile
// of two rows after the other: see strip.list, and the loop in the assembly's comment.
// They change s.rows, s.list, s.counts, s.c and s.m, and return before s.m is 0 where a
// sum is −0, with s.c at the rows of C that it belongs to.

//go:noescape
func matmul_zeros_2x128_f32_avx512(s *strip)

//go:noescape
func matmul_zeros_2x64_f32_avx512(s *strip)

//go:noescape
func matmul_zeros_2x32_f32_avx512(s *strip)

//go:noescape
func matmul_zeros_2x16_f32_avx512(s *strip)

// copy_nonzeros_f32_avx512 copies 16 columns of a matrix, n rows of it, unless dst is nil,
// and tells for each row which elements are not zero:
//
//	for k := range n {
//		for i := range 16 { // 0 where bit i of lanes is 0
//			dst[16*k+i] = src[k*srcStep/4+i]
//			bit i of masks[k] = dst[16*k+i] != 0
//		}
//	}
//
//go:noescape
func copy_nonzeros_f32_avx512(dst *float32, masks *uint16, src *float32, srcStep, n int, lanes uint16)

// list_mask_nonzeros_f32_avx512 makes the lists of 8 pairs of columns from such masks:
// pair p's has the k for which bit 2·p or bit 2·p+1 of masks[k] is set. The masks from n up
// to the next multiple of 32 have to be 0. The 15 entries behind a list are written as well.
//
//go:noescape
func list_mask_nonzeros_f32_avx512(list *int32, listStep int, counts *int, masks *uint16, n int)

// finite_f32_avx512 says whether rows of so many columns have neither infinity nor NaN.
//
//go:noescape
func finite_f32_avx512(b *float32, step, columns, rows int) bool

// The same in AVX2. They read B in whole registers.

//go:noescape
func matmul_zeros_2x48_f32_avx2(s *strip)

//go:noescape
func matmul_zeros_2x32_f32_avx2(s *strip)

//go:noescape
func matmul_zeros_2x16_f32_avx2(s *strip)

//go:noescape
func matmul_zeros_2x8_f32_avx2(s *strip)

//go:noescape
func copy_nonzeros_f32_avx2(dst *float32, masks *uint16, src *float32, srcStep, n int, lanes uint16)

//go:noescape
func list_mask_nonzeros_f32_avx2(list *int32, listStep int, counts *int, masks *uint16, n int)

//go:noescape
func finite_f32_avx2(b *float32, step, columns, rows int) bool

// bitPlaces has for each byte the places of the bits that are set in it, from the lowest.
var bitPlaces = func() (table [256][8]uint8) {
	for b := range table {
		n := 0
		for bit := range 8 {
			if b>>bit&1 == 1 {
				table[b][n] = uint8(bit)
				n++
			}
		}
	}
	return table
}()
