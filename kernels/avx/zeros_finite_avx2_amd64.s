//go:build !purego

#include "textflag.h"
#include "lanes_amd64.h"

// Whether B is finite, in AVX2: see zeros.go.
//
// 0·x is 0 if x is finite, otherwise NaN. Registers: SI the row, BX the step, DX the rows left, AX
// the offset in the row, R8 the bytes of whole registers, CX those left; Y6 masks the last register.
// Y0, Y1 and Y3 are sums of 0·x.

// func finite_f32_avx2(b *float32, step, columns, rows int) bool
TEXT ·finite_f32_avx2(SB), NOSPLIT, $0-33
	MOVQ   b+0(FP), SI
	MOVQ   step+8(FP), BX
	MOVQ   columns+16(FP), CX
	MOVQ   rows+24(FP), DX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	MOVQ   CX, R8
	ANDQ   $7, CX
	LANES8(CX, Y6)
	ANDQ   $-8, R8
	SHLQ   $2, R8

row:
	XORL AX, AX
	MOVQ R8, CX
	SUBQ $64, CX
	JLT  few

two:
	VFMADD231PS (SI)(AX*1), Y2, Y0
	VFMADD231PS 32(SI)(AX*1), Y2, Y1
	ADDQ        $64, AX
	SUBQ        $64, CX
	JGE         two

few:
	ADDQ        $64, CX
	JZ          last
	VFMADD231PS (SI)(AX*1), Y2, Y0
	ADDQ        $32, AX

last:
	VMASKMOVPS  (SI)(AX*1), Y6, Y4
	VFMADD231PS Y4, Y2, Y3
	ADDQ        BX, SI
	DECQ        DX
	JNZ         row

	VADDPS    Y1, Y0, Y0
	VADDPS    Y3, Y0, Y0
	VCMPPS    $3, Y0, Y0, Y0 // true for a NaN
	VMOVMSKPS Y0, AX
	TESTL     AX, AX
	SETEQ     ret+32(FP)
	VZEROUPPER
	RET
