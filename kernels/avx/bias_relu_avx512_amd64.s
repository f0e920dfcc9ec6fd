//go:build !purego

// The gradients of y = ReLU(x + bias) in one pass: dx = dy where y > 0, else 0, and the sums of dx's
// columns in float64.
// Shapes: dx, dy and y are [rows,cols], sums is [cols]; cols is a multiple of 16.
// Idea: 16 columns at a time, from the first row to the last, so that their sums stay in registers.
// The additions have the order of sum_rows_f32, and so the same bits.

#include "textflag.h"

// func bias_relu_bwd_f32_avx512(dx []float32, sums []float64, dy, y []float32, rows int)
TEXT ·bias_relu_bwd_f32_avx512(SB), NOSPLIT, $0-104
	MOVQ   dx_base+0(FP), DI    // DI = dx's columns
	MOVQ   sums_base+24(FP), R9 // R9 = sums
	MOVQ   sums_len+32(FP), CX  // CX = the columns left
	MOVQ   dy_base+48(FP), SI   // SI = dy's columns
	MOVQ   y_base+72(FP), DX    // DX = y's columns
	LEAQ   (CX*4), R8           // R8 = the bytes of a row
	VXORPS Z15, Z15, Z15        // Z15 = 0
	TESTQ  CX, CX
	JLE    done

columns:
	VXORPD Z0, Z0, Z0       // Z0, Z1 = the sums of 16 columns
	VXORPD Z1, Z1, Z1
	XORL   AX, AX           // AX = the row's offset
	MOVQ   rows+96(FP), BX  // BX = the rows left
	TESTQ  BX, BX
	JLE    store

row:
	VMOVUPS     (DX)(AX*1), Z2       // y = y[r,c:]
	VCMPPS      $0x1e, Z15, Z2, K1   // K1 = y > 0
	KSHIFTRW    $8, K1, K2
	VCVTPS2PD.Z (SI)(AX*1), K1, Z3   // d = K1 ? dy[r,c:] : 0, in float64
	VCVTPS2PD.Z 32(SI)(AX*1), K2, Z4
	VMOVUPS.Z   (SI)(AX*1), K1, Z2   // and in float32
	VMOVUPS     Z2, (DI)(AX*1)       // dx[r,c:] = d
	VADDPD      Z3, Z0, Z0           // sums += d
	VADDPD      Z4, Z1, Z1
	ADDQ        R8, AX               // to the next row
	DECQ        BX
	JGT         row

store:
	VMOVUPD Z0, (R9) // sums[c:] = sums
	VMOVUPD Z1, 64(R9)
	ADDQ    $128, R9 // to the next 16 columns
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $16, CX
	JGT     columns

done:
	VZEROUPPER
	RET
