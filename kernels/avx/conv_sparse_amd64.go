//go:build !purego

package avx

// conv_nonzeros_f32 is, over the windows of an image and their filters, with the index
// counting on from window to window, from first on,
//
//	for q := range 4 { rows[4*window+q].first = list[q] }
//	for o := range filters {
//		for q, place := range places {
//			if y[o] > 0 && dy[o] != 0 && arg[o] == index+o+place {
//				values[list[q]], indices[list[q]] = dy[o], o
//				list[q]++
//			}
//		}
//	}
//	for q := range 4 { rows[4*window+q].count = list[q] - rows[4*window+q].first }
//
// It may write up to a register behind a list's end.
//
// conv_sparse_LxR_f32 multiplies L lines of R registers: see sparseProduct. For each row,
//
//	for k := row.first; k < row.first+row.count; k++ {
//		for u := range L {
//			for i := range (R-1)*lanes + last {
//				sums[row.sums + u*sumsLine + i] += values[k] * dense[indices[k]*denseStep + u*denseLine + i]
//			}
//		}
//	}

var sparseAVX512 = sparseKernels{
	lanes: 16, conv_nonzeros_f32: conv_nonzeros_f32_avx512,
	lines3: []func(*sparseProduct){
		conv_sparse_3x1_f32_avx512, conv_sparse_3x2_f32_avx512, conv_sparse_3x3_f32_avx512,
		conv_sparse_3x4_f32_avx512, conv_sparse_3x5_f32_avx512, conv_sparse_3x6_f32_avx512,
	},
	lines1: []func(*sparseProduct){
		conv_sparse_1x1_f32_avx512, conv_sparse_1x2_f32_avx512, conv_sparse_1x3_f32_avx512,
		conv_sparse_1x4_f32_avx512, conv_sparse_1x5_f32_avx512, conv_sparse_1x6_f32_avx512,
	},
}

var sparseAVX2 = sparseKernels{
	lanes: 8, conv_nonzeros_f32: conv_nonzeros_f32_avx2,
	lines3: []func(*sparseProduct){
		conv_sparse_3x1_f32_avx2, conv_sparse_3x2_f32_avx2, conv_sparse_3x3_f32_avx2, conv_sparse_3x4_f32_avx2,
	},
	lines1: []func(*sparseProduct){
		conv_sparse_1x1_f32_avx2, conv_sparse_1x2_f32_avx2, conv_sparse_1x3_f32_avx2, conv_sparse_1x4_f32_avx2,
	},
}

//go:noescape
func conv_nonzeros_f32_avx512(n *nonzeros)

//go:noescape
func conv_nonzeros_f32_avx2(n *nonzeros)

//go:noescape
func conv_sparse_3x1_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x2_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x3_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x4_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x5_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x6_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_1x1_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_1x2_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_1x3_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_1x4_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_1x5_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_1x6_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x1_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_3x2_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_3x3_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_3x4_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_1x1_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_1x2_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_1x3_f32_avx2(p *sparseProduct)

//go:noescape
func conv_sparse_1x4_f32_avx2(p *sparseProduct)
