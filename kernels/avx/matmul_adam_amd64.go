//go:build !purego

package avx

// matmul_adam_2x128_f32_avx512 does what matmul_nonzeros_both_2x128_f32_avx512 does, with sums that
// begin at 0 and bits of one word, and then, instead of storing the sums in C, Adam's step with them,
// without decay, for pairs of rows:
//
//	for i := range m {
//		for j := range 128 {
//			g := Σ over k in the bits of row i or its neighbour of A[i,k]·B[k,j]
//			m[i,j] += (g − m[i,j])·rest1
//			v[i,j] += (g² − v[i,j])·rest2
//			w[i,j] −= alpha·m[i,j]/(√v[i,j] + epsilon)
//		}
//	}
//
// All of it flushes results below 2⁻¹²⁶ to 0. Rows of A are 4 bytes apart, rows of bits a word, and
// rows of B 512 bytes, whatever s says. s.m is even.
//
//go:noescape
func matmul_adam_2x128_f32_avx512(s *strip, u *adamRows)

// least_exponent_f32_avx512 is the biased exponent of the smallest nonzero magnitude of n floats: 256
// if all are 0.
//
//go:noescape
func least_exponent_f32_avx512(x *float32, n int) int
