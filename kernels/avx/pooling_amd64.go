//go:build !purego

package avx

// The kernels work on count windows of one output row: see window. They change
// w.count. For each window and each channel c,
//
// max_pool_fwd_f32 is
//
//	best, at := x[first+c], first+c
//	for u := range kh {
//		for v := range kw {
//			i := first + u*(kw*tapIndex+rowIndex) + v*tapIndex + c
//			if x[i] > best || (x[i] is NaN && best is not) {
//				best, at = x[i], i
//			}
//		}
//	}
//	y[c], arg[c] = best, at
//
// max_pool_bwd_f32 is, over the same i,
//
//	d := float32(0)
//	if arg[c] == i { d = dy[c] }
//	if add { d += dx[i] }
//	dx[i] = d
//
// max_pool_2x2_fwd_f32 is max_pool_fwd_f32 for kh = kw = 2, and max_pool_2x2_bwd_f32
// is max_pool_bwd_f32 for kh = kw = 2 and add = false.
//
// avg_pool_fwd_f32 is
//
//	sum += x[i] // for all i
//	y[c] = sum / taps
//
// avg_pool_bwd_f32 is
//
//	d := dy[c] / taps
//	if add { d += dx[i] }
//	dx[i] = d

//go:noescape
func max_pool_fwd_f32_avx512(w *window)

//go:noescape
func max_pool_bwd_f32_avx512(w *window)

//go:noescape
func max_pool_2x2_fwd_f32_avx512(w *window)

//go:noescape
func max_pool_2x2_bwd_f32_avx512(w *window)

//go:noescape
func avg_pool_fwd_f32_avx512(w *window)

//go:noescape
func avg_pool_bwd_f32_avx512(w *window)

//go:noescape
func max_pool_fwd_f32_avx2(w *window)

//go:noescape
func max_pool_bwd_f32_avx2(w *window)

//go:noescape
func max_pool_2x2_fwd_f32_avx2(w *window)

//go:noescape
func max_pool_2x2_bwd_f32_avx2(w *window)

//go:noescape
func avg_pool_fwd_f32_avx2(w *window)

//go:noescape
func avg_pool_bwd_f32_avx2(w *window)
