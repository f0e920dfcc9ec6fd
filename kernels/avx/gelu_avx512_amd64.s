//go:build !purego

// GELU and its gradient, elementwise: y = x·Φ(x), dx = dy·(Φ(x) + x·φ(x)).
// Shapes: all slices have the same n elements.
// Idea: the macros of gelu_amd64.h. exp_test.go states and tests the largest error.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"
#include "gelu_amd64.h"

// func gelu_fwd_f32_avx512(y, x []float32)
TEXT ·gelu_fwd_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ  y_base+0(FP), DI  // DI = y
	MOVQ  y_len+8(FP), CX   // CX = n, the elements left
	MOVQ  x_base+24(FP), SI // SI = x
	XORL  AX, AX            // AX = i = 0
	TESTQ CX, CX
	JLE   done

loop:
	LANES16(CX, K1)                         // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1            // x = x[i:]
	GELU_AVX512(Z1, Z2, Z3, Z4, Z5, Z6, Z7) // y = gelu(x)
	VMOVUPS   Z1, K1, (DI)(AX*4)            // y[i:] = y
	ADDQ      $16, AX                       // i += 16
	SUBQ      $16, CX                       // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func gelu_bwd_f32_avx512(dx, dy, x []float32, m Mode)
TEXT ·gelu_bwd_f32_avx512(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    x_base+48(FP), DX  // DX = x
	MOVBLZX m+72(FP), R8       // R8 = m
	MODE16(R8, K7)             // K7 = all lanes if m is Accumulate, otherwise none
	XORL    AX, AX             // AX = i = 0
	TESTQ   CX, CX
	JLE     done

loop:
	LANES16(CX, K1)                             // K1 = the valid lanes
	KANDW     K1, K7, K2                        // K2 = those to accumulate
	VMOVUPS.Z (DX)(AX*4), K1, Z1                // d = x[i:]
	GELU_BWD_AVX512(Z1, Z2, Z3, Z4, Z5, Z6, Z7) // d = gelu'(d)
	VMOVUPS.Z (SI)(AX*4), K1, Z2                // s = dy[i:]
	VMULPS    Z2, Z1, Z1                        // d *= s
	VADDPS    (DI)(AX*4), Z1, K2, Z1            // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)                // dx[i:] = d
	ADDQ      $16, AX                           // i += 16
	SUBQ      $16, CX                           // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET
