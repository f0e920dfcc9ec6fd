//go:build !purego

package avx

// nonzero_bits_f32_avx512 finds which elements of m rows of n floats are not zero. A word has the
// bits of each elements, up to 64; the rows' words are consecutive. The words of any row get the bits
// of all rows:
//
//	words := (n + each - 1) / each
//	for i := range m {
//		for k := range n {
//			bit k%each of bits[i*words+k/each] = a[i*step/4+k] != 0 // the other bits are 0
//		}
//		for w := range words {
//			any[w] |= bits[i*words+w]
//		}
//	}
//
//go:noescape
func nonzero_bits_f32_avx512(bits, any *uint64, a *float32, step, m, n, each int)

// add_sums_f32_avx512 moves the sums of a strip, rows of the given number of registers, to C, and
// finishes them:
//
//	for i := range m {
//		for j := range n { // n from registers and s.mask
//			if add { sums[i,j] += C[i,j] }
//			if bias != nil { sums[i,j] += bias[j] }
//			if relu { sums[i,j] = max(sums[i,j], 0) } // a NaN stays
//			C[i,j] = sums[i,j]
//		}
//	}
//
//go:noescape
func add_sums_f32_avx512(s *strip, registers int)

// The products: see zeros_rows_amd64.h.

//go:noescape
func matmul_nonzeros_1x64_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_1x80_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_1x96_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_1x112_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_1x128_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_either_2x64_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_either_2x80_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_either_2x96_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_either_2x112_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_either_2x128_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x16_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x32_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x48_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x64_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x80_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x96_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x112_f32_avx512(s *strip)

//go:noescape
func matmul_nonzeros_both_2x128_f32_avx512(s *strip)

// The same in AVX2.

//go:noescape
func nonzero_bits_f32_avx2(bits, any *uint64, a *float32, step, m, n, each int)

//go:noescape
func add_sums_f32_avx2(s *strip, registers int)

//go:noescape
func matmul_nonzeros_1x56_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x64_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x72_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x80_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x88_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x96_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x104_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_1x112_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_both_2x8_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_both_2x16_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_both_2x24_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_both_2x32_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_both_2x40_f32_avx2(s *strip)

//go:noescape
func matmul_nonzeros_both_2x48_f32_avx2(s *strip)

// The forms of the kernels, by number of registers.
var (
	singleAVX512 = []rowProduct{
		{4, matmul_nonzeros_1x64_f32_avx512}, {5, matmul_nonzeros_1x80_f32_avx512}, {6, matmul_nonzeros_1x96_f32_avx512},
		{7, matmul_nonzeros_1x112_f32_avx512}, {8, matmul_nonzeros_1x128_f32_avx512},
	}
	eitherAVX512 = []rowProduct{
		{4, matmul_nonzeros_either_2x64_f32_avx512}, {5, matmul_nonzeros_either_2x80_f32_avx512}, {6, matmul_nonzeros_either_2x96_f32_avx512},
		{7, matmul_nonzeros_either_2x112_f32_avx512}, {8, matmul_nonzeros_either_2x128_f32_avx512},
	}
	bothAVX512 = []rowProduct{
		{1, matmul_nonzeros_both_2x16_f32_avx512}, {2, matmul_nonzeros_both_2x32_f32_avx512}, {3, matmul_nonzeros_both_2x48_f32_avx512},
		{4, matmul_nonzeros_both_2x64_f32_avx512}, {5, matmul_nonzeros_both_2x80_f32_avx512}, {6, matmul_nonzeros_both_2x96_f32_avx512},
		{7, matmul_nonzeros_both_2x112_f32_avx512}, {8, matmul_nonzeros_both_2x128_f32_avx512},
	}
	singleAVX2 = []rowProduct{
		{7, matmul_nonzeros_1x56_f32_avx2}, {8, matmul_nonzeros_1x64_f32_avx2}, {9, matmul_nonzeros_1x72_f32_avx2},
		{10, matmul_nonzeros_1x80_f32_avx2}, {11, matmul_nonzeros_1x88_f32_avx2}, {12, matmul_nonzeros_1x96_f32_avx2},
		{13, matmul_nonzeros_1x104_f32_avx2}, {14, matmul_nonzeros_1x112_f32_avx2},
	}
	bothAVX2 = []rowProduct{
		{1, matmul_nonzeros_both_2x8_f32_avx2}, {2, matmul_nonzeros_both_2x16_f32_avx2}, {3, matmul_nonzeros_both_2x24_f32_avx2},
		{4, matmul_nonzeros_both_2x32_f32_avx2}, {5, matmul_nonzeros_both_2x40_f32_avx2}, {6, matmul_nonzeros_both_2x48_f32_avx2},
	}
)
