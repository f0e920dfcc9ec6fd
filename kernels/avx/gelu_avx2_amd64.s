//go:build !purego

// GELU and its gradient, elementwise: y = x·Φ(x), dx = dy·(Φ(x) + x·φ(x)).
// Shapes: all slices have the same n elements.
// Idea: the macros of gelu_amd64.h. exp_test.go states and tests the largest error.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"
#include "gelu_amd64.h"

// func gelu_fwd_f32_avx2(y, x []float32)
TEXT ·gelu_fwd_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI  // DI = y
	MOVQ y_len+8(FP), CX   // CX = n, the elements left
	MOVQ x_base+24(FP), SI // SI = x
	XORL AX, AX            // AX = i = 0
	SUBQ $8, CX            // n -= 8
	JLT  last

loop:
	VMOVUPS (SI)(AX*4), Y1                // x = x[i:]
	GELU_AVX2(Y1, Y2, Y3, Y4, Y5, Y6, Y7) // y = gelu(x)
	VMOVUPS Y1, (DI)(AX*4)                // y[i:] = y
	ADDQ    $8, AX                        // i += 8
	SUBQ    $8, CX                        // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX                     // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                       // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1        // x = x[i:]
	GELU_AVX2(Y1, Y2, Y3, Y4, Y5, Y6, Y7) // y = gelu(x)
	VMASKMOVPS Y1, Y15, (DI)(AX*4)        // y[i:] = y

done:
	VZEROUPPER
	RET

// func gelu_bwd_f32_avx2(dx, dy, x []float32, m Mode)
TEXT ·gelu_bwd_f32_avx2(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    x_base+48(FP), DX  // DX = x
	MOVBLZX m+72(FP), R8       // R8 = m
	XORL    AX, AX             // AX = i = 0
	SUBQ    $8, CX             // n -= 8
	JLT     last

loop:
	VMOVUPS (DX)(AX*4), Y1                    // d = x[i:]
	GELU_BWD_AVX2(Y1, Y2, Y3, Y4, Y5, Y6, Y7) // d = gelu'(d)
	VMULPS  (SI)(AX*4), Y1, Y1                // d *= dy[i:]
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1                // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX                         // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                           // Y15 = the valid lanes
	VMASKMOVPS (DX)(AX*4), Y15, Y1            // d = x[i:]
	GELU_BWD_AVX2(Y1, Y2, Y3, Y4, Y5, Y6, Y7) // d = gelu'(d)
	VMASKMOVPS (SI)(AX*4), Y15, Y2            // s = dy[i:]
	VMULPS     Y2, Y1, Y1                     // d *= s
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2            // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET
