//go:build !purego

#include "textflag.h"

// Whether B is finite, in AVX-512: see zeros.go.
//
// 0·x is 0 if x is finite, otherwise NaN. Registers: SI the row, BX the step, DX the rows left, AX
// the offset in the row, R8 the bytes of whole registers, CX those left; K3 masks the last register.
// Z0…Z3 are sums of 0·x.

// func finite_f32_avx512(b *float32, step, columns, rows int) bool
TEXT ·finite_f32_avx512(SB), NOSPLIT, $0-33
	MOVQ   b+0(FP), SI
	MOVQ   step+8(FP), BX
	MOVQ   columns+16(FP), CX
	MOVQ   rows+24(FP), DX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	MOVQ   CX, R8
	ANDQ   $15, CX
	MOVL   $-1, AX
	BZHIL  CX, AX, AX
	KMOVW  AX, K3
	ANDQ   $-16, R8
	SHLQ   $2, R8

row:
	XORL AX, AX
	MOVQ R8, CX
	SUBQ $256, CX
	JLT  few

four:
	VFMADD231PS (SI)(AX*1), Z4, Z0
	VFMADD231PS 64(SI)(AX*1), Z4, Z1
	VFMADD231PS 128(SI)(AX*1), Z4, Z2
	VFMADD231PS 192(SI)(AX*1), Z4, Z3
	ADDQ        $256, AX
	SUBQ        $256, CX
	JGE         four

few:
	ADDQ $256, CX
	JZ   last

one:
	VFMADD231PS (SI)(AX*1), Z4, Z0
	ADDQ        $64, AX
	SUBQ        $64, CX
	JNZ         one

last:
	VMOVUPS.Z   (SI)(AX*1), K3, Z5
	VFMADD231PS Z5, Z4, Z1
	ADDQ        BX, SI
	DECQ        DX
	JNZ         row

	VADDPS     Z1, Z0, Z0
	VADDPS     Z3, Z2, Z2
	VADDPS     Z2, Z0, Z0
	VCMPPS     $3, Z0, Z0, K1 // true for a NaN
	KORTESTW   K1, K1
	SETEQ      ret+32(FP)
	VZEROUPPER
	RET
