//go:build !purego

// ReLU: y = x if x > 0 or x is NaN, else 0; its gradient dx = dy where y > 0, else 0.
// Shapes: y, x, dx and dy have the same n elements.
// Idea: a comparison gives a mask, and elements outside of the mask become 0. (The maximum of x and 0
// would take one instruction less, but gives −0 for −0.)

#include "textflag.h"
#include "lanes_amd64.h"

// func relu_fwd_f32_avx512(y, x []float32)
TEXT ·relu_fwd_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ   y_base+0(FP), DI  // DI = y
	MOVQ   y_len+8(FP), CX   // CX = n, the elements left
	MOVQ   x_base+24(FP), SI // SI = x
	XORL   AX, AX            // AX = i = 0
	VXORPS Z0, Z0, Z0        // Z0 = 0
	TESTQ  CX, CX
	JLE    done

loop:
	LANES16(CX, K1)                 // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1    // x = x[i:]
	VCMPPS    $0x16, Z0, Z1, K1, K3 // K3 = not x ≤ 0, which lets NaN pass
	VMOVAPS.Z Z1, K3, Z1            // y = K3 ? x : 0
	VMOVUPS   Z1, K1, (DI)(AX*4)    // y[i:] = y
	ADDQ      $16, AX               // i += 16
	SUBQ      $16, CX               // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func relu_bwd_f32_avx512(dx, dy, y []float32, m Mode)
TEXT ·relu_bwd_f32_avx512(SB), NOSPLIT, $0-73
	MOVQ    dx_base+0(FP), DI  // DI = dx
	MOVQ    dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ    dy_base+24(FP), SI // SI = dy
	MOVQ    y_base+48(FP), DX  // DX = y
	MOVBLZX m+72(FP), R8       // R8 = m
	MODE16(R8, K7)             // K7 = all lanes if m is Accumulate, otherwise none
	XORL    AX, AX             // AX = i = 0
	VXORPS  Z0, Z0, Z0         // Z0 = 0
	SUBQ    $32, CX            // n −= 32
	JLT     rest
	TESTL   R8, R8
	JNZ     rest

whole: // two registers, without masks
	VMOVUPS   (DX)(AX*4), Z1       // y = y[i:]
	VMOVUPS   64(DX)(AX*4), Z2
	VCMPPS    $0x1e, Z0, Z1, K3    // K3 = y > 0
	VCMPPS    $0x1e, Z0, Z2, K4
	VMOVUPS.Z (SI)(AX*4), K3, Z1   // d = K3 ? dy[i:] : 0
	VMOVUPS.Z 64(SI)(AX*4), K4, Z2
	VMOVUPS   Z1, (DI)(AX*4)       // dx[i:] = d
	VMOVUPS   Z2, 64(DI)(AX*4)
	ADDQ      $32, AX              // i += 32
	SUBQ      $32, CX              // n −= 32
	JGE       whole

rest:
	ADDQ $32, CX
	JLE  done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (DX)(AX*4), K1, Z1     // y = y[i:]
	VCMPPS    $0x1e, Z0, Z1, K1, K3  // K3 = y > 0
	VMOVUPS.Z (SI)(AX*4), K3, Z1     // d = K3 ? dy[i:] : 0
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET
