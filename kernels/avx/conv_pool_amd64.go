//go:build !purego

package avx

// conv_pool_quads is, for n a multiple of 8,
//
//	for w := range n {
//		quads[4*w], quads[4*w+1], quads[4*w+2], quads[4*w+3] = upper[w], upper[w+right], lower[w], lower[w+right]
//	}
//
// conv_pool_grad_filter adds up in registers, for each filter o and tap t, over the
// rows of windows,
//
//	position := 0 // of the maximum
//	switch arg[o] - first - o {
//	case across:        position = 1
//	case down:          position = 2
//	case down + across: position = 3
//	}
//	dw[t,o] += dz[o] * (quads at taps[t])[position]

//go:noescape
func conv_pool_quads_f32_avx2(quads, upper, lower *float32, right, n int)

//go:noescape
func conv_pool_grad_filter_f32_avx2(c *chosen)

//go:noescape
func conv_pool_grad_filter_f32_avx512(c *chosen)
