//go:build !purego

package avx

// finite_f32_avx512 says whether rows of so many columns have neither infinity nor NaN.
//
//go:noescape
func finite_f32_avx512(b *float32, step, columns, rows int) bool

// finite_rows_f32_avx512 says the same of those rows whose bits are 1, which are whole registers.
//
//go:noescape
func finite_rows_f32_avx512(b *float32, step, columns int, rows uint64) bool

// The same in AVX2.
//
//go:noescape
func finite_f32_avx2(b *float32, step, columns, rows int) bool

//go:noescape
func finite_rows_f32_avx2(b *float32, step, columns int, rows uint64) bool
