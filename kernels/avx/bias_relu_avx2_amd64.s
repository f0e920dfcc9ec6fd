//go:build !purego

// The gradients of y = ReLU(x + bias) in one pass: dx = dy where y > 0, else 0, and the sums of dx's
// columns in float64.
// Shapes: dx, dy and y are [rows,cols], sums is [cols]; cols is a multiple of 16.
// Idea: 16 columns at a time, from the first row to the last, so that their sums stay in registers.
// The additions have the order of sum_rows_f32, and so the same bits.

#include "textflag.h"

// func bias_relu_bwd_f32_avx2(dx []float32, sums []float64, dy, y []float32, rows int)
TEXT ·bias_relu_bwd_f32_avx2(SB), NOSPLIT, $0-104
	MOVQ   dx_base+0(FP), DI    // DI = dx's columns
	MOVQ   sums_base+24(FP), R9 // R9 = sums
	MOVQ   sums_len+32(FP), CX  // CX = the columns left
	MOVQ   dy_base+48(FP), SI   // SI = dy's columns
	MOVQ   y_base+72(FP), DX    // DX = y's columns
	LEAQ   (CX*4), R8           // R8 = the bytes of a row
	VXORPS Y15, Y15, Y15        // Y15 = 0
	TESTQ  CX, CX
	JLE    done

columns:
	VXORPD Y0, Y0, Y0      // Y0 … Y3 = the sums of 16 columns
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	XORL   AX, AX          // AX = the row's offset
	MOVQ   rows+96(FP), BX // BX = the rows left
	TESTQ  BX, BX
	JLE    store

row:
	VCMPPS       $0x11, (DX)(AX*1), Y15, Y4   // Y4 = 0 < y[r,c:]
	VCMPPS       $0x11, 32(DX)(AX*1), Y15, Y5
	VANDPS       (SI)(AX*1), Y4, Y4           // d = Y4 ? dy[r,c:] : 0
	VANDPS       32(SI)(AX*1), Y5, Y5
	VMOVUPS      Y4, (DI)(AX*1)               // dx[r,c:] = d
	VMOVUPS      Y5, 32(DI)(AX*1)
	VEXTRACTF128 $1, Y4, X6
	VEXTRACTF128 $1, Y5, X7
	VCVTPS2PD    X4, Y4                       // in float64
	VCVTPS2PD    X6, Y6
	VCVTPS2PD    X5, Y5
	VCVTPS2PD    X7, Y7
	VADDPD       Y4, Y0, Y0                   // sums += d
	VADDPD       Y6, Y1, Y1
	VADDPD       Y5, Y2, Y2
	VADDPD       Y7, Y3, Y3
	ADDQ         R8, AX                       // to the next row
	DECQ         BX
	JGT          row

store:
	VMOVUPD Y0, (R9)  // sums[c:] = sums
	VMOVUPD Y1, 32(R9)
	VMOVUPD Y2, 64(R9)
	VMOVUPD Y3, 96(R9)
	ADDQ    $128, R9  // to the next 16 columns
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $16, CX
	JGT     columns

done:
	VZEROUPPER
	RET
