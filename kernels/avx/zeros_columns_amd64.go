//go:build !purego

package avx

// mark_nonzeros_f32_avx512 tells for 16 columns of a matrix, n rows of it, which elements are
// not zero. For i < 16, k < n:
//
//	bit k%64 of bits[k/64][i] = src[k*srcStep/4+i] != 0 // 0 where bit i of lanes is 0
//
// The bits from n up to the next multiple of 64 are 0.
//
//go:noescape
func mark_nonzeros_f32_avx512(bits *uint64, src *float32, srcStep, n int, lanes uint16)

// The kernels compute a block, as the loop in the assembly's comment says. The first number
// in their name is how many rows they take at a time.

//go:noescape
func matmul_columns_1x128_f32_avx512(s *zeroBlock)

//go:noescape
func matmul_columns_2x128_f32_avx512(s *zeroBlock)

//go:noescape
func matmul_columns_2x64_f32_avx512(s *zeroBlock)

//go:noescape
func matmul_columns_2x32_f32_avx512(s *zeroBlock)

//go:noescape
func matmul_columns_2x16_f32_avx512(s *zeroBlock)

// The same in AVX2. They read B in whole registers.

//go:noescape
func mark_nonzeros_f32_avx2(bits *uint64, src *float32, srcStep, n int, lanes uint16)

//go:noescape
func matmul_columns_1x64_f32_avx2(s *zeroBlock)

//go:noescape
func matmul_columns_2x48_f32_avx2(s *zeroBlock)

//go:noescape
func matmul_columns_2x32_f32_avx2(s *zeroBlock)

//go:noescape
func matmul_columns_2x16_f32_avx2(s *zeroBlock)

//go:noescape
func matmul_columns_2x8_f32_avx2(s *zeroBlock)
