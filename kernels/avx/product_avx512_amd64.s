//go:build !purego

// Gradients of products and quotients: dx = dy·b, dx = dy/b, db = −dy·a/b².
// Shapes: all slices have the same n elements.
// Idea: one vector at a time. ExpGrad is dy·y and LogGrad dy/x, so they are here too.

#include "textflag.h"
#include "lanes_amd64.h"

// func mul_bwd_f32_avx512(dx, dy, b []float32, m Mode)
TEXT ·mul_bwd_f32_avx512(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    b_base+48(FP), DX  // DX = b
	MOVBLZX m+72(FP), R8       // R8 = m
	MODE16(R8, K7)             // K7 = all lanes if m is Accumulate, otherwise none
	XORL    AX, AX             // AX = i = 0
	TESTQ   CX, CX
	JLE     done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // d = dy[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z2     // b = b[i:]
	VMULPS    Z2, Z1, Z1             // d *= b
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func div_bwd_f32_avx512(dx, dy, b []float32, m Mode)
TEXT ·div_bwd_f32_avx512(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    b_base+48(FP), DX  // DX = b
	MOVBLZX m+72(FP), R8       // R8 = m
	MODE16(R8, K7)             // K7 = all lanes if m is Accumulate, otherwise none
	XORL    AX, AX             // AX = i = 0
	TESTQ   CX, CX
	JLE     done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // d = dy[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z2     // b = b[i:]
	VDIVPS    Z2, Z1, Z1             // d /= b
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func div_bwd_divisor_f32_avx512(dx, dy, a, b []float32, m Mode)
TEXT ·div_bwd_divisor_f32_avx512(SB), NOSPLIT, $0-97
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         a_base+48(FP), DX  // DX = a
	MOVQ         b_base+72(FP), BX  // BX = b
	MOVBLZX      m+96(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	VBROADCASTSS ·sign_f32(SB), Z0  // Z0 = the sign bit
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // d = dy[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z2     // a = a[i:]
	VMOVUPS.Z (BX)(AX*4), K1, Z3     // b = b[i:]
	VDIVPS    Z3, Z1, Z1             // d /= b
	VDIVPS    Z3, Z2, Z2             // a /= b
	VMULPS    Z2, Z1, Z1             // d *= a
	VXORPS    Z0, Z1, Z1             // d = −d
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET
