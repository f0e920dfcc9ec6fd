//go:build !purego

package avx

// sampled_matmul_f32_avx512 computes a block of a sampled product:
//
//	for i := range m {
//		for j := range 32 { // the bits of columns
//			if bit j of open[i] {
//				C[i,j] = Σ over k of A[i,k]·B[j,k] // + C[i,j], if add
//			} else if bit j of columns && !add {
//				C[i,j] = 0
//			}
//		}
//	}
//
// k runs to sampledDepth. Lane l of a register adds up the products of every k that is l modulo the
// number of lanes, in the order of k. Then the lanes are added up: first those half a register apart,
// and so on down to neighbours.
//
//go:noescape
func sampled_matmul_f32_avx512(s *sampled)

// positive_f32_avx512 tells in bits which elements of a matrix are above 0:
//
//	for i := range rows {
//		for j := range columns {
//			bit j%32 of open[i*openStep/4+j/32] = x[i*xStep/4+j] > 0
//		}
//	}
//
// The bits of a word past the last column are 0.
//
//go:noescape
func positive_f32_avx512(open *uint32, openStep int, x *float32, xStep, columns, rows int)

// The same with AVX2.

//go:noescape
func sampled_matmul_f32_avx2(s *sampled)

//go:noescape
func positive_f32_avx2(open *uint32, openStep int, x *float32, xStep, columns, rows int)
