//go:build !purego

package avx

// In all of these, blocks are transposed: element (r,c) is at c·classRows + r. They compute whole
// registers of rows, so up to 15 rows of the block past the last one are read and written too.
// classes are int32.

// softmax_cross_entropy_classes_fwd_f32_avx512 is, 16 rows at a time:
//
//	for r := range rows {
//		maximum := float32(-Inf)
//		for c := range cols {
//			maximum = max(maximum, x[r,c])
//		}
//		sum := float32(0)
//		for c := range cols {
//			probs[r,c] = exp(x[r,c] - maximum)
//			sum += probs[r,c]
//		}
//		loss[r] = 0
//		for c := range cols {
//			probs[r,c] /= sum
//			d := x[r,c] - maximum - log(sum)
//			if labels != nil {
//				loss[r] -= labels[r,c] * d
//			} else if c == classes[r] {
//				loss[r] = -d
//			}
//		}
//	}
//
//go:noescape
func softmax_cross_entropy_classes_fwd_f32_avx512(loss, probs, x, labels *float32, classes *int32, rows, cols int)

// softmax_cross_entropy_classes_fwd_f32_avx2 is the same, 8 rows at a time.
//
//go:noescape
func softmax_cross_entropy_classes_fwd_f32_avx2(loss, probs, x, labels *float32, classes *int32, rows, cols int)

// softmax_cross_entropy_classes_bwd_f32_avx512 is, 16 rows at a time; if labels is nil, the labels
// are 1 at the row's class and 0 elsewhere:
//
//	for r := range rows {
//		weight := float32(0)
//		for c := range cols {
//			weight += labels[r,c]
//		}
//		for c := range cols {
//			dx[r,c] = dloss[r] * (probs[r,c]*weight - labels[r,c]) // product and difference rounded once
//		}
//	}
//
//go:noescape
func softmax_cross_entropy_classes_bwd_f32_avx512(dx, dloss, probs, labels *float32, classes *int32, rows, cols int)

// softmax_cross_entropy_classes_bwd_f32_avx2 is the same, 8 rows at a time.
//
//go:noescape
func softmax_cross_entropy_classes_bwd_f32_avx2(dx, dloss, probs, labels *float32, classes *int32, rows, cols int)

// argmax_classes_f32_avx512 is, 16 rows at a time:
//
//	for r := range rows {
//		best := x[r,0]
//		arg[r] = 0
//		for c := 1; c < cols; c++ {
//			if best == best && !(x[r,c] <= best) { // larger, or the first NaN
//				best, arg[r] = x[r,c], c
//			}
//		}
//	}
//
//go:noescape
func argmax_classes_f32_avx512(arg *int32, x *float32, rows, cols int)

// argmax_classes_f32_avx2 is the same, 8 rows at a time.
//
//go:noescape
func argmax_classes_f32_avx2(arg *int32, x *float32, rows, cols int)
