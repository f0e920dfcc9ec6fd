//go:build !purego

// ReLU: y = x if x > 0 or x is NaN, else 0; its gradient dx = dy where y > 0, else 0.
// Shapes: y, x, dx and dy have the same n elements.
// Idea: a comparison gives a mask, and elements outside of the mask become 0. (The maximum of x and 0
// would take one instruction less, but gives −0 for −0.)

#include "textflag.h"
#include "lanes_amd64.h"

// func relu_fwd_f32_avx2(y, x []float32)
TEXT ·relu_fwd_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ   y_base+0(FP), DI  // DI = y
	MOVQ   y_len+8(FP), CX   // CX = n, the elements left
	MOVQ   x_base+24(FP), SI // SI = x
	XORL   AX, AX            // AX = i = 0
	VXORPS Y0, Y0, Y0        // Y0 = 0
	SUBQ   $8, CX            // n -= 8
	JLT    last

loop:
	VMOVUPS (SI)(AX*4), Y1    // x = x[i:]
	VCMPPS  $0x16, Y0, Y1, Y2 // Y2 = not x ≤ 0, which lets NaN pass
	VANDPS  Y2, Y1, Y1        // y = Y2 ? x : 0
	VMOVUPS Y1, (DI)(AX*4)    // y[i:] = y
	ADDQ    $8, AX            // i += 8
	SUBQ    $8, CX            // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	VCMPPS     $0x16, Y0, Y1, Y2   // Y2 = not x ≤ 0, which lets NaN pass
	VANDPS     Y2, Y1, Y1          // y = Y2 ? x : 0
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = y

done:
	VZEROUPPER
	RET

// func relu_bwd_f32_avx2(dx, dy, y []float32, m Mode)
TEXT ·relu_bwd_f32_avx2(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    y_base+48(FP), DX  // DX = y
	MOVBLZX m+72(FP), R8       // R8 = m
	XORL    AX, AX             // AX = i = 0
	VXORPS  Y0, Y0, Y0         // Y0 = 0
	SUBQ    $8, CX             // n -= 8
	JLT     last

loop:
	VMOVUPS (DX)(AX*4), Y1     // y = y[i:]
	VCMPPS  $0x1e, Y0, Y1, Y2  // Y2 = y > 0
	VMOVUPS (SI)(AX*4), Y1     // d = dy[i:]
	VANDPS  Y2, Y1, Y1         // d = Y2 ? d : 0
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
	VMASKMOVPS (DX)(AX*4), Y15, Y1 // y = y[i:]
	VCMPPS     $0x1e, Y0, Y1, Y2   // Y2 = y > 0
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = dy[i:]
	VANDPS     Y2, Y1, Y1          // d = Y2 ? d : 0
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET
