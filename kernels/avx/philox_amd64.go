//go:build !purego

package avx

import "baregrad/kernels"

// dropout_f32_avx512 is, 8 blocks at a time, where keys[r] is the key of Philox's round r, and block
// is the block of y[0]:
//
//	for i := range y {
//		bits := Philox({block + i/4, step, layer, 0})[i%4]
//		kept[i/32] bit i%32 = bits>>8 >= threshold
//		v := float32(0)
//		if bits>>8 >= threshold {
//			v = x[i] * scale
//		}
//		if m == kernels.Accumulate {
//			v += y[i]
//		}
//		y[i] = v
//	}
//
//go:noescape
func dropout_f32_avx512(y, x []float32, kept []uint32, keys *[10][2]uint32, block, step, layer, threshold uint32, scale float32, m kernels.Mode)

// dropout_f32_avx2 is the same, 4 blocks at a time.
//
//go:noescape
func dropout_f32_avx2(y, x []float32, kept []uint32, keys *[10][2]uint32, block, step, layer, threshold uint32, scale float32, m kernels.Mode)

// keep_f32_avx512 is, 32 elements at a time, dropout_f32_avx512 with bits drawn before:
//
//	for i := range y {
//		v := float32(0)
//		if kept[i/32]>>(i%32)&1 == 1 {
//			v = x[i] * scale
//		}
//		if m == kernels.Accumulate {
//			v += y[i]
//		}
//		y[i] = v
//	}
//
//go:noescape
func keep_f32_avx512(y, x []float32, kept []uint32, scale float32, m kernels.Mode)

// keep_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func keep_f32_avx2(y, x []float32, kept []uint32, scale float32, m kernels.Mode)

// uniform_f32_avx512 is, 8 blocks at a time:
//
//	for i := range y {
//		bits := Philox({block + i/4, 0, 0, 1})[i%4]
//		y[i] = float32(bits>>8)*scale + low // rounded once
//	}
//
//go:noescape
func uniform_f32_avx512(y []float32, keys *[10][2]uint32, block uint32, low, scale float32)

// uniform_f32_avx2 is the same, 4 blocks at a time.
//
//go:noescape
func uniform_f32_avx2(y []float32, keys *[10][2]uint32, block uint32, low, scale float32)
