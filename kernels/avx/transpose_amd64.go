//go:build !purego

package avx

// transpose_f32_avx2 is, in blocks of 8×8, for rows and cols that are multiples of 8:
//
//	for i := range rows {
//		for j := range cols {
//			y[i*rowY+j] = x[j*rowX+i]
//		}
//	}
//
// The AVX-512 set uses it too: memory is the bottleneck, and wider blocks are not faster.
//
//go:noescape
func transpose_f32_avx2(y, x *float32, rows, cols, rowY, rowX int)
