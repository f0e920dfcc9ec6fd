//go:build !purego

package avx

// conv_pool_fwd computes rows of tiles of two rows by four columns of z, and pools each to two
// windows. For a tile at x and y, with the filters from w on:
//
//	var z [2][4][filters]float32
//	for i := range 2 {
//		for tap := range masks[i] { // its bits that are set, from the lowest on
//			for j := range 4 {
//				for o := range filters {
//					z[i][j][o] = fma(x[i*xRow+pixels[tap]+j], w[weights[tap]+o], z[i][j][o])
//				}
//			}
//		}
//	}
//	for j := range 2 {
//		for o := range filters {
//			four := z[0][2*j][o], z[0][2*j+1][o], z[1][2*j][o], z[1][2*j+1][o], each + bias[o]
//			y[j][o], arg[j][o] = 0, the first one's index
//			if the maximum of four, a NaN being larger than all, is not ≤ 0 {
//				y[j][o], arg[j][o] = the maximum, the first such one's index
//			}
//		}
//	}
//
// nonzero_rows is bits[r] = Σ over i of 2ⁱ where x[r*n+i] is not 0, for i < n ≤ 64.

//go:noescape
func conv_pool_fwd_f32_avx512(t *pooledTiles)

//go:noescape
func conv_pool_fwd_f32_avx2(t *pooledTiles)

//go:noescape
func nonzero_rows_f32_avx2(bits *uint64, x *float32, n, rows int)
