//go:build !purego

// Gradients of products and quotients: dx = dy·b, dx = dy/b, db = −dy·a/b².
// Shapes: all slices have the same n elements.
// Idea: one vector at a time. ExpGrad is dy·y and LogGrad dy/x, so they are here too.

#include "textflag.h"
#include "lanes_amd64.h"

// func mul_bwd_f32_avx2(dx, dy, b []float32, m Mode)
TEXT ·mul_bwd_f32_avx2(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    b_base+48(FP), DX  // DX = b
	MOVBLZX m+72(FP), R8       // R8 = m
	XORL    AX, AX             // AX = i = 0
	SUBQ    $8, CX             // n -= 8
	JLT     last

loop:
	VMOVUPS (SI)(AX*4), Y1     // d = dy[i:]
	VMOVUPS (DX)(AX*4), Y2     // b = b[i:]
	VMULPS  Y2, Y1, Y1         // d *= b
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1 // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = dy[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // b = b[i:]
	VMULPS     Y2, Y1, Y1          // d *= b
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func div_bwd_f32_avx2(dx, dy, b []float32, m Mode)
TEXT ·div_bwd_f32_avx2(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    b_base+48(FP), DX  // DX = b
	MOVBLZX m+72(FP), R8       // R8 = m
	XORL    AX, AX             // AX = i = 0
	SUBQ    $8, CX             // n -= 8
	JLT     last

loop:
	VMOVUPS (SI)(AX*4), Y1     // d = dy[i:]
	VMOVUPS (DX)(AX*4), Y2     // b = b[i:]
	VDIVPS  Y2, Y1, Y1         // d /= b
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1 // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = dy[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // b = b[i:]
	VDIVPS     Y2, Y1, Y1          // d /= b
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func div_bwd_divisor_f32_avx2(dx, dy, a, b []float32, m Mode)
TEXT ·div_bwd_divisor_f32_avx2(SB), NOSPLIT, $0-97
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         a_base+48(FP), DX  // DX = a
	MOVQ         b_base+72(FP), BX  // BX = b
	MOVBLZX      m+96(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	VBROADCASTSS ·sign_f32(SB), Y0  // Y0 = the sign bit
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1     // d = dy[i:]
	VMOVUPS (DX)(AX*4), Y2     // a = a[i:]
	VMOVUPS (BX)(AX*4), Y3     // b = b[i:]
	VDIVPS  Y3, Y1, Y1         // d /= b
	VDIVPS  Y3, Y2, Y2         // a /= b
	VMULPS  Y2, Y1, Y1         // d *= a
	VXORPS  Y0, Y1, Y1         // d = −d
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1 // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = dy[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // a = a[i:]
	VMASKMOVPS (BX)(AX*4), Y15, Y3 // b = b[i:]
	VDIVPS     Y3, Y1, Y1          // d /= b
	VDIVPS     Y3, Y2, Y2          // a /= b
	VMULPS     Y2, Y1, Y1          // d *= a
	VXORPS     Y0, Y1, Y1          // d = −d
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET
