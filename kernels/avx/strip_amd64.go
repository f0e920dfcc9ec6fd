//go:build !purego

package avx

// The kernels compute a whole strip, m rows by up to the columns in their name, one tile after the
// other: see strip, and the loop in the assembly's comment. They change s.rows, s.c and s.m.

//go:noescape
func matmul_8x48_f32_avx512(s *strip)

//go:noescape
func matmul_8x32_f32_avx512(s *strip)

//go:noescape
func matmul_8x16_f32_avx512(s *strip)

//go:noescape
func matmul_6x16_f32_avx2(s *strip)

//go:noescape
func matmul_6x8_f32_avx2(s *strip)
