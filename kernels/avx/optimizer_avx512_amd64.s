//go:build !purego

// The optimizers' steps, element by element, with the formulas that
// kernels.Device gives. What is the same for all elements comes in worked out.
// Shapes: all slices have the same n elements.
// Idea: every array is read once and written once; memory sets the pace.

#include "textflag.h"
#include "lanes_amd64.h"
#include "subnormal_amd64.h"

// func sgd_momentum_f32_avx512(w, g, v []float32, rate, momentum float32)
TEXT ·sgd_momentum_f32_avx512(SB), NOSPLIT, $8-80
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements to go
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         v_base+48(FP), DX    // DX = v
	VBROADCASTSS rate+72(FP), Z14     // Z14 = rate
	VBROADCASTSS momentum+76(FP), Z13 // Z13 = momentum
	XORL         AX, AX               // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the lanes that exist
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // g = g[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // v = v[i:]
	VMULPS      Z14, Z1, Z1        // s = rate·g
	VFMSUB213PS Z1, Z13, Z2        // v = momentum·v − s
	VMOVUPS.Z   (DI)(AX*4), K1, Z3 // w = w[i:]
	VADDPS      Z2, Z3, Z3         // w += v
	VMOVUPS     Z2, K1, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Z3, K1, (DI)(AX*4) // w[i:] = w
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func sgd_nesterov_f32_avx512(w, g, v []float32, rate, momentum float32)
TEXT ·sgd_nesterov_f32_avx512(SB), NOSPLIT, $8-80
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements to go
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         v_base+48(FP), DX    // DX = v
	VBROADCASTSS rate+72(FP), Z14     // Z14 = rate
	VBROADCASTSS momentum+76(FP), Z13 // Z13 = momentum
	XORL         AX, AX               // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the lanes that exist
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // g = g[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // v = v[i:]
	VMULPS      Z14, Z1, Z1        // s = rate·g
	VFMSUB213PS Z1, Z13, Z2        // v = momentum·v − s
	VFMSUB231PS Z13, Z2, Z1        // s = momentum·v − s
	VMOVUPS.Z   (DI)(AX*4), K1, Z3 // w = w[i:]
	VADDPS      Z1, Z3, Z3         // w += s
	VMOVUPS     Z2, K1, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Z3, K1, (DI)(AX*4) // w[i:] = w
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func rmsprop_f32_avx512(w, g, v []float32, rate, rho, rest, epsilon float32)
TEXT ·rmsprop_f32_avx512(SB), NOSPLIT, $8-88
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI    // DI = w
	MOVQ         w_len+8(FP), CX     // CX = n, the elements to go
	MOVQ         g_base+24(FP), SI   // SI = g
	MOVQ         v_base+48(FP), DX   // DX = v
	VBROADCASTSS rate+72(FP), Z14    // Z14 = rate
	VBROADCASTSS rho+76(FP), Z13     // Z13 = rho
	VBROADCASTSS rest+80(FP), Z12    // Z12 = rest
	VBROADCASTSS epsilon+84(FP), Z11 // Z11 = epsilon
	XORL         AX, AX              // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the lanes that exist
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // g = g[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // v = v[i:]
	VMULPS      Z1, Z1, Z3         // s = g²
	VMULPS      Z12, Z3, Z3        // s *= rest
	VFMADD213PS Z3, Z13, Z2        // v = rho·v + s
	VADDPS      Z11, Z2, Z3        // s = v + epsilon
	VSQRTPS     Z3, Z3             // s = √s
	VMULPS      Z14, Z1, Z1        // g *= rate
	VDIVPS      Z3, Z1, Z1         // g /= s
	VMOVUPS.Z   (DI)(AX*4), K1, Z3 // w = w[i:]
	VSUBPS      Z1, Z3, Z3         // w −= g
	VMOVUPS     Z2, K1, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Z3, K1, (DI)(AX*4) // w[i:] = w
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func adam_f32_avx512(w, g, m, v []float32, alpha, rest1, rest2, epsilon, keep float32)
TEXT ·adam_f32_avx512(SB), NOSPLIT, $8-116
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements to go
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         m_base+48(FP), DX    // DX = m
	MOVQ         v_base+72(FP), BX    // BX = v
	VBROADCASTSS alpha+96(FP), Z14    // Z14 = alpha
	VBROADCASTSS rest1+100(FP), Z13   // Z13 = rest1
	VBROADCASTSS rest2+104(FP), Z12   // Z12 = rest2
	VBROADCASTSS epsilon+108(FP), Z11 // Z11 = epsilon
	VBROADCASTSS keep+112(FP), Z10    // Z10 = keep
	XORL         AX, AX               // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the lanes that exist
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // g = g[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // m = m[i:]
	VMOVUPS.Z   (BX)(AX*4), K1, Z3 // v = v[i:]
	VMOVUPS.Z   (DI)(AX*4), K1, Z4 // w = w[i:]
	VSUBPS      Z2, Z1, Z5         // s = g − m
	VFMADD231PS Z13, Z5, Z2        // m += s·rest1
	VFMSUB213PS Z3, Z1, Z1         // g = g·g − v
	VFMADD231PS Z12, Z1, Z3        // v += g·rest2
	VSQRTPS     Z3, Z5             // s = √v
	VADDPS      Z11, Z5, Z5        // s += epsilon
	VMULPS      Z14, Z2, Z1        // g = alpha·m
	VDIVPS      Z5, Z1, Z1         // g /= s
	VFMSUB213PS Z1, Z10, Z4        // w = w·keep − g
	VMOVUPS     Z2, K1, (DX)(AX*4) // m[i:] = m
	VMOVUPS     Z3, K1, (BX)(AX*4) // v[i:] = v
	VMOVUPS     Z4, K1, (DI)(AX*4) // w[i:] = w
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET
