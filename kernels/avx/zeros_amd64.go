//go:build !purego

package avx

// finite_f32_avx512 tells whether rows of columns elements have neither infinity nor NaN.
//
//go:noescape
func finite_f32_avx512(b *float32, step, columns, rows int) bool

// The same in AVX2.
//
//go:noescape
func finite_f32_avx2(b *float32, step, columns, rows int) bool
