//go:build !purego

package avx

// conv_pool_quads is, for n a multiple of 8,
//
//	for w := range n {
//		quads[4*w], quads[4*w+1], quads[4*w+2], quads[4*w+3] = upper[w], upper[w+right], lower[w], lower[w+right]
//	}
//
// conv_pool_places is, over the rows of windows, for each filter o,
//
//	dz[o], place[o] = 0, 0
//	if y[o] > 0 {
//		dz[o] = dy[o]
//	}
//	switch arg[o] - first - o {
//	case across:        place[o] = 1
//	case down:          place[o] = 2
//	case down + across: place[o] = 3
//	}
//
// where only the last two bits of a place count. conv_pool_grad_filter adds up in registers, for each
// filter o and three or five taps t, over the windows on the list,
//
//	dw[t,o] += dz[o] * (quads of tap t)[place[o]]

//go:noescape
func conv_pool_quads_f32_avx2(quads, upper, lower *float32, right, n int)

//go:noescape
func conv_pool_places_f32_avx2(p *places)

//go:noescape
func conv_pool_grad_filter_3_f32_avx2(c *chosen)

//go:noescape
func conv_pool_grad_filter_5_f32_avx2(c *chosen)

//go:noescape
func conv_pool_places_f32_avx512(p *places)

//go:noescape
func conv_pool_grad_filter_3_f32_avx512(c *chosen)

//go:noescape
func conv_pool_grad_filter_5_f32_avx512(c *chosen)
