//go:build !purego

// The optimizers' steps, elementwise, with the formulas of kernels.Device. The caller computes what
// is the same for all elements.
// Shapes: all slices have the same n elements.
// Idea: every array is read once and written once. The unit that divides and takes roots limits
// RMSprop and Adam. (Taking roots by multiplications, as root_amd64.h does with AVX-512, is no faster
// here: the estimate is less precise, and needs two steps.)

#include "textflag.h"
#include "lanes_amd64.h"
#include "subnormal_amd64.h"

// func sgd_momentum_f32_avx2(w, g, v []float32, rate, momentum float32)
TEXT ·sgd_momentum_f32_avx2(SB), NOSPLIT, $8-80
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements left
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         v_base+48(FP), DX    // DX = v
	VBROADCASTSS rate+72(FP), Y14     // Y14 = rate
	VBROADCASTSS momentum+76(FP), Y13 // Y13 = momentum
	XORL         AX, AX               // AX = i = 0
	SUBQ         $8, CX               // n -= 8
	JLT          last

loop:
	VMOVUPS     (SI)(AX*4), Y1 // g = g[i:]
	VMOVUPS     (DX)(AX*4), Y2 // v = v[i:]
	VMULPS      Y14, Y1, Y1    // s = rate·g
	VFMSUB213PS Y1, Y13, Y2    // v = momentum·v − s
	VMOVUPS     (DI)(AX*4), Y3 // w = w[i:]
	VADDPS      Y2, Y3, Y3     // w += v
	VMOVUPS     Y2, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Y3, (DI)(AX*4) // w[i:] = w
	ADDQ        $8, AX         // i += 8
	SUBQ        $8, CX         // n -= 8
	JGE         loop

last:
	ADDQ        $8, CX              // n = the rest, at most 7
	JLE         done
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS  (SI)(AX*4), Y15, Y1 // g = g[i:]
	VMASKMOVPS  (DX)(AX*4), Y15, Y2 // v = v[i:]
	VMULPS      Y14, Y1, Y1         // s = rate·g
	VFMSUB213PS Y1, Y13, Y2         // v = momentum·v − s
	VMASKMOVPS  (DI)(AX*4), Y15, Y3 // w = w[i:]
	VADDPS      Y2, Y3, Y3          // w += v
	VMASKMOVPS  Y2, Y15, (DX)(AX*4) // v[i:] = v
	VMASKMOVPS  Y3, Y15, (DI)(AX*4) // w[i:] = w

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func sgd_nesterov_f32_avx2(w, g, v []float32, rate, momentum float32)
TEXT ·sgd_nesterov_f32_avx2(SB), NOSPLIT, $8-80
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements left
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         v_base+48(FP), DX    // DX = v
	VBROADCASTSS rate+72(FP), Y14     // Y14 = rate
	VBROADCASTSS momentum+76(FP), Y13 // Y13 = momentum
	XORL         AX, AX               // AX = i = 0
	SUBQ         $8, CX               // n -= 8
	JLT          last

loop:
	VMOVUPS     (SI)(AX*4), Y1 // g = g[i:]
	VMOVUPS     (DX)(AX*4), Y2 // v = v[i:]
	VMULPS      Y14, Y1, Y1    // s = rate·g
	VFMSUB213PS Y1, Y13, Y2    // v = momentum·v − s
	VFMSUB231PS Y13, Y2, Y1    // s = momentum·v − s
	VMOVUPS     (DI)(AX*4), Y3 // w = w[i:]
	VADDPS      Y1, Y3, Y3     // w += s
	VMOVUPS     Y2, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Y3, (DI)(AX*4) // w[i:] = w
	ADDQ        $8, AX         // i += 8
	SUBQ        $8, CX         // n -= 8
	JGE         loop

last:
	ADDQ        $8, CX              // n = the rest, at most 7
	JLE         done
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS  (SI)(AX*4), Y15, Y1 // g = g[i:]
	VMASKMOVPS  (DX)(AX*4), Y15, Y2 // v = v[i:]
	VMULPS      Y14, Y1, Y1         // s = rate·g
	VFMSUB213PS Y1, Y13, Y2         // v = momentum·v − s
	VFMSUB231PS Y13, Y2, Y1         // s = momentum·v − s
	VMASKMOVPS  (DI)(AX*4), Y15, Y3 // w = w[i:]
	VADDPS      Y1, Y3, Y3          // w += s
	VMASKMOVPS  Y2, Y15, (DX)(AX*4) // v[i:] = v
	VMASKMOVPS  Y3, Y15, (DI)(AX*4) // w[i:] = w

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func rmsprop_f32_avx2(w, g, v []float32, rate, rho, rest, epsilon float32)
TEXT ·rmsprop_f32_avx2(SB), NOSPLIT, $8-88
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI    // DI = w
	MOVQ         w_len+8(FP), CX     // CX = n, the elements left
	MOVQ         g_base+24(FP), SI   // SI = g
	MOVQ         v_base+48(FP), DX   // DX = v
	VBROADCASTSS rate+72(FP), Y14    // Y14 = rate
	VBROADCASTSS rho+76(FP), Y13     // Y13 = rho
	VBROADCASTSS rest+80(FP), Y12    // Y12 = rest
	VBROADCASTSS epsilon+84(FP), Y11 // Y11 = epsilon
	XORL         AX, AX              // AX = i = 0
	SUBQ         $8, CX              // n -= 8
	JLT          last

loop:
	VMOVUPS      (SI)(AX*4), Y1 // g = g[i:]
	VMOVUPS      (DX)(AX*4), Y2 // v = v[i:]
	VMULPS       Y1, Y1, Y3     // s = g²
	VMULPS       Y12, Y3, Y3    // s *= rest
	VFMADD213PS  Y3, Y13, Y2    // v = rho·v + s
	VADDPS       Y11, Y2, Y3    // s = v + epsilon
	VSQRTPS      Y3, Y3         // s = √s
	VDIVPS       Y3, Y1, Y1     // g /= s
	VMOVUPS      (DI)(AX*4), Y3 // w = w[i:]
	VFNMADD231PS Y1, Y14, Y3    // w −= rate·g
	VMOVUPS      Y2, (DX)(AX*4) // v[i:] = v
	VMOVUPS      Y3, (DI)(AX*4) // w[i:] = w
	ADDQ         $8, AX         // i += 8
	SUBQ         $8, CX         // n -= 8
	JGE          loop

last:
	ADDQ         $8, CX              // n = the rest, at most 7
	JLE          done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS   (SI)(AX*4), Y15, Y1 // g = g[i:]
	VMASKMOVPS   (DX)(AX*4), Y15, Y2 // v = v[i:]
	VMULPS       Y1, Y1, Y3          // s = g²
	VMULPS       Y12, Y3, Y3         // s *= rest
	VFMADD213PS  Y3, Y13, Y2         // v = rho·v + s
	VADDPS       Y11, Y2, Y3         // s = v + epsilon
	VSQRTPS      Y3, Y3              // s = √s
	VDIVPS       Y3, Y1, Y1          // g /= s
	VMASKMOVPS   (DI)(AX*4), Y15, Y3 // w = w[i:]
	VFNMADD231PS Y1, Y14, Y3         // w −= rate·g
	VMASKMOVPS   Y2, Y15, (DX)(AX*4) // v[i:] = v
	VMASKMOVPS   Y3, Y15, (DI)(AX*4) // w[i:] = w

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func adam_f32_avx2(w, g, m, v []float32, alpha, rest1, rest2, epsilon, keep float32)
TEXT ·adam_f32_avx2(SB), NOSPLIT, $8-116
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements left
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         m_base+48(FP), DX    // DX = m
	MOVQ         v_base+72(FP), BX    // BX = v
	VBROADCASTSS alpha+96(FP), Y14    // Y14 = alpha
	VBROADCASTSS rest1+100(FP), Y13   // Y13 = rest1
	VBROADCASTSS rest2+104(FP), Y12   // Y12 = rest2
	VBROADCASTSS epsilon+108(FP), Y11 // Y11 = epsilon
	VBROADCASTSS keep+112(FP), Y10    // Y10 = keep
	XORL         AX, AX               // AX = i = 0
	SUBQ         $8, CX               // n -= 8
	JLT          last

loop:
	VMOVUPS      (SI)(AX*4), Y1 // g = g[i:]
	VMOVUPS      (DX)(AX*4), Y2 // m = m[i:]
	VMOVUPS      (BX)(AX*4), Y3 // v = v[i:]
	VMOVUPS      (DI)(AX*4), Y4 // w = w[i:]
	VSUBPS       Y2, Y1, Y5     // s = g − m
	VFMADD231PS  Y13, Y5, Y2    // m += s·rest1
	VFMSUB213PS  Y3, Y1, Y1     // g = g·g − v
	VFMADD231PS  Y12, Y1, Y3    // v += g·rest2
	VSQRTPS      Y3, Y5         // s = √v
	VADDPS       Y11, Y5, Y5    // s += epsilon
	VDIVPS       Y5, Y2, Y1     // g = m/s
	VMULPS       Y10, Y4, Y4    // w *= keep
	VFNMADD231PS Y1, Y14, Y4    // w −= alpha·g
	VMOVUPS      Y2, (DX)(AX*4) // m[i:] = m
	VMOVUPS      Y3, (BX)(AX*4) // v[i:] = v
	VMOVUPS      Y4, (DI)(AX*4) // w[i:] = w
	ADDQ         $8, AX         // i += 8
	SUBQ         $8, CX         // n -= 8
	JGE          loop

last:
	ADDQ         $8, CX              // n = the rest, at most 7
	JLE          done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS   (SI)(AX*4), Y15, Y1 // g = g[i:]
	VMASKMOVPS   (DX)(AX*4), Y15, Y2 // m = m[i:]
	VMASKMOVPS   (BX)(AX*4), Y15, Y3 // v = v[i:]
	VMASKMOVPS   (DI)(AX*4), Y15, Y4 // w = w[i:]
	VSUBPS       Y2, Y1, Y5          // s = g − m
	VFMADD231PS  Y13, Y5, Y2         // m += s·rest1
	VFMSUB213PS  Y3, Y1, Y1          // g = g·g − v
	VFMADD231PS  Y12, Y1, Y3         // v += g·rest2
	VSQRTPS      Y3, Y5              // s = √v
	VADDPS       Y11, Y5, Y5         // s += epsilon
	VDIVPS       Y5, Y2, Y1          // g = m/s
	VMULPS       Y10, Y4, Y4         // w *= keep
	VFNMADD231PS Y1, Y14, Y4         // w −= alpha·g
	VMASKMOVPS   Y2, Y15, (DX)(AX*4) // m[i:] = m
	VMASKMOVPS   Y3, Y15, (BX)(AX*4) // v[i:] = v
	VMASKMOVPS   Y4, Y15, (DI)(AX*4) // w[i:] = w

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET
