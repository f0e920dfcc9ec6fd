//go:build !purego

package avx

// The transforms of one tile, over p.channels channels: see patch, winograd.go for their use and
// winograd_amd64.h for the matrices. They may decrement p.channels. For each channel,
//
//	winograd_input:           planes[6,6] = Bᵀ·pixels[6,6]·B
//	winograd_output:          pixels[4,4] = Aᵀ·planes[6,6]·A, then add, bias and ReLU
//	winograd_output_pool:     pixels[2,2], arg[2,2] = max pooling of ReLU(Aᵀ·planes[6,6]·A + bias)
//	winograd_gradient:        planes[6,6] = A·pixels[4,4]·Aᵀ
//	winograd_input_gradient:  pixels[6,6] = B·planes[6,6]·Bᵀ, added where earlier tiles have written
//	winograd_filter:          planes[6,6] = G·pixels[3,3]·Gᵀ
//	winograd_filter_gradient: pixels[3,3] = Gᵀ·planes[6,6]·G
//
// For winograd_product see planeProduct.

//go:noescape
func winograd_input_f32_avx512(p *patch)

//go:noescape
func winograd_output_f32_avx512(p *patch)

//go:noescape
func winograd_output_pool_f32_avx512(p *patch)

//go:noescape
func winograd_gradient_f32_avx512(p *patch)

//go:noescape
func winograd_input_gradient_f32_avx512(p *patch)

//go:noescape
func winograd_filter_f32_avx512(p *patch)

//go:noescape
func winograd_filter_gradient_f32_avx512(p *patch)

//go:noescape
func winograd_product_f32_avx512(p *planeProduct)

//go:noescape
func winograd_input_f32_avx2(p *patch)

//go:noescape
func winograd_output_f32_avx2(p *patch)

//go:noescape
func winograd_gradient_f32_avx2(p *patch)

//go:noescape
func winograd_input_gradient_f32_avx2(p *patch)

//go:noescape
func winograd_filter_f32_avx2(p *patch)

//go:noescape
func winograd_filter_gradient_f32_avx2(p *patch)

//go:noescape
func winograd_product_f32_avx2(p *planeProduct)
