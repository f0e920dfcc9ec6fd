//go:build !purego

package avx

// The kernels compute a whole strip of 17 to 32 columns, as those of strip_amd64.go do, but without
// bias and ReLU.

//go:noescape
func conv_grad_filter_9x32_f32_avx512(s *strip)

//go:noescape
func conv_grad_filter_13x32_f32_avx512(s *strip)
