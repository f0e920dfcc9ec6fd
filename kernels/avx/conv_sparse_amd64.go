//go:build !purego

package avx

// conv_nonzeros_f32 is, over the windows of an image and their filters, with index the index of the
// window's first position,
//
//	for q := range 4 { rows[4*window+q].first = list[q] }
//	for o := range filters {
//		for q, place := range places {
//			if y[o] > 0 && dy[o] != 0 && arg[o] == index+o+place {
//				values[list[q]], indices[list[q]] = dy[o], o + window<<16
//				list[q]++
//			}
//		}
//	}
//	for q := range 4 { rows[4*window+q].end = list[q] }
//
// It may write up to a register past a list's end.
//
// conv_turn_f32 is
//
//	for k := range count {
//		o, window := indices[k]&0xffff, indices[k]>>16
//		at := filters[o].end
//		turned[at], places[at] = values[k], windows[window]+offset
//		filters[o].end++
//		sums[o] += values[k]
//	}
//
// conv_sparse_LxR_f32 processes L lines of R registers: see sparseProduct. For each row,
//
//	for k := row.first; k < row.end; k++ {
//		for u := range L {
//			for i := range (R-1)*lanes + last {
//				sums[row.sums + u*sumsLine + i] += values[k] * dense[(indices[k]&mask)*denseStep + u*denseLine + i]
//			}
//		}
//	}
//
// conv_sparse_3x3xV_f32 does the same, with 3 lines of 3 pixels of V registers, for a line of 2·count
// positions. A window's two positions are consecutive rows; the next window is four rows further on;
// the sums of a position are one pixel to the right of those of the position on its left.

var sparseAVX512 = sparseKernels{
	lanes: 16, conv_nonzeros_f32: conv_nonzeros_f32_avx512, conv_turn_f32: conv_turn_f32_avx2,
	lines3: []func(*sparseProduct){
		conv_sparse_3x1_f32_avx512, conv_sparse_3x2_f32_avx512, conv_sparse_3x3_f32_avx512,
		conv_sparse_3x4_f32_avx512, conv_sparse_3x5_f32_avx512, conv_sparse_3x6_f32_avx512,
	},
	lines1: []func(*sparseProduct){
		conv_sparse_1x1_f32_avx512, conv_sparse_1x2_f32_avx512, conv_sparse_1x3_f32_avx512,
		conv_sparse_1x4_f32_avx512, conv_sparse_1x5_f32_avx512, conv_sparse_1x6_f32_avx512,
	},
	positions: []func(*sparseProduct){conv_sparse_3x3x1_f32_avx512, conv_sparse_3x3x2_f32_avx512},
}

var sparseAVX2 = sparseKernels{
	lanes: 8, conv_nonzeros_f32: conv_nonzeros_f32_avx2, conv_turn_f32: conv_turn_f32_avx2,
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
func conv_turn_f32_avx2(t *turning)

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
func conv_sparse_3x3x1_f32_avx512(p *sparseProduct)

//go:noescape
func conv_sparse_3x3x2_f32_avx512(p *sparseProduct)

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
