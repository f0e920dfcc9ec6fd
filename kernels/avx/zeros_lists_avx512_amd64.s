//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Lists of the k at which a pair of rows of A is not zero, and whether B is finite, in
// AVX-512. See zeros.go.
//
// Elements of A are looked at as integers without their sign: NaN counts, −0 does not.
// Of 16 k, those that count are pushed together in a register (VPCOMPRESSD to memory is
// slow on some processors), all 16 lanes of which are stored; the next k overwrite the
// rest.

DATA upTo16<>+0(SB)/4, $0
DATA upTo16<>+4(SB)/4, $1
DATA upTo16<>+8(SB)/4, $2
DATA upTo16<>+12(SB)/4, $3
DATA upTo16<>+16(SB)/4, $4
DATA upTo16<>+20(SB)/4, $5
DATA upTo16<>+24(SB)/4, $6
DATA upTo16<>+28(SB)/4, $7
DATA upTo16<>+32(SB)/4, $8
DATA upTo16<>+36(SB)/4, $9
DATA upTo16<>+40(SB)/4, $10
DATA upTo16<>+44(SB)/4, $11
DATA upTo16<>+48(SB)/4, $12
DATA upTo16<>+52(SB)/4, $13
DATA upTo16<>+56(SB)/4, $14
DATA upTo16<>+60(SB)/4, $15
GLOBL upTo16<>(SB), RODATA|NOPTR, $64

// Z0 = 0…15, the first k; Z1 = 16 in every lane, Z2 = all bits but the sign's.
#define CONSTANTS \
	VMOVDQU32    upTo16<>(SB), Z0; \
	MOVL         $16, AX; \
	VPBROADCASTD AX, Z1; \
	MOVL         $0x7fffffff, AX; \
	VPBROADCASTD AX, Z2

// Append the k of z whose bit is set in k1 to the list, whose end is DI.
#define APPEND(z, k1) \
	VPCOMPRESSD.Z z, k1, Z4; \
	VMOVDQU32     Z4, (DI); \
	KMOVW         k1, DX; \
	POPCNTL       DX, DX; \
	LEAQ          (DI)(DX*4), DI

// Registers: DI = dst, SI = src, BX its step, CX the rows left, R8 the masks; K3 is lanes.

// func copy_nonzeros_f32_avx512(dst *float32, masks *uint16, src *float32, srcStep, n int, lanes uint16)
TEXT ·copy_nonzeros_f32_avx512(SB), NOSPLIT, $0-42
	MOVQ         dst+0(FP), DI
	MOVQ         masks+8(FP), R8
	MOVQ         src+16(FP), SI
	MOVQ         srcStep+24(FP), BX
	MOVQ         n+32(FP), CX
	KMOVW        lanes+40(FP), K3
	MOVL         $0x7fffffff, AX
	VPBROADCASTD AX, Z2
	TESTQ        DI, DI
	JZ           stay

row:
	VMOVDQU32.Z (SI), K3, Z3
	VMOVDQU32   Z3, (DI)
	VPTESTMD    Z2, Z3, K1
	KMOVW       K1, (R8)
	ADDQ        BX, SI
	ADDQ        $64, DI
	ADDQ        $2, R8
	DECQ        CX
	JNZ         row
	VZEROUPPER
	RET

stay:
	VMOVDQU32.Z (SI), K3, Z3
	VPTESTMD    Z2, Z3, K1
	KMOVW       K1, (R8)
	ADDQ        BX, SI
	ADDQ        $2, R8
	DECQ        CX
	JNZ         stay
	VZEROUPPER
	RET

// The masks of 32 rows are tested for the two bits of a pair of columns at once: that
// turns rows of bits into a column. Registers: R12 the list, R10 its step, R13 where its
// length goes, R8 the masks, SI those to go and CX the rows left, R11 the pairs left.
// Z6 has the pair's two bits in every word, Z7 the masks, Z5 the first 16 k and Z8 the next.

// func list_mask_nonzeros_f32_avx512(list *int32, listStep int, counts *int, masks *uint16, n int)
TEXT ·list_mask_nonzeros_f32_avx512(SB), NOSPLIT, $0-40
	CONSTANTS
	MOVQ         list+0(FP), R12
	MOVQ         listStep+8(FP), R10
	MOVQ         counts+16(FP), R13
	MOVQ         masks+24(FP), R8
	MOVL         $8, R11
	MOVL         $3, AX
	VPBROADCASTW AX, Z6

pair:
	MOVQ      R12, DI
	VMOVDQA32 Z0, Z5
	MOVQ      R8, SI
	MOVQ      n+32(FP), CX

loop:
	VMOVDQU16 (SI), Z7
	VPTESTMW  Z6, Z7, K1
	KSHIFTRD  $16, K1, K2
	VPADDD    Z1, Z5, Z8
	APPEND(Z5, K1)
	APPEND(Z8, K2)
	VPADDD    Z1, Z8, Z5
	ADDQ      $64, SI
	SUBQ      $32, CX
	JGT       loop

	SUBQ   R12, DI
	SHRQ   $2, DI
	MOVQ   DI, (R13) // its length
	ADDQ   $8, R13
	ADDQ   R10, R12
	VPSLLW $2, Z6, Z6
	DECQ   R11
	JNZ    pair
	VZEROUPPER
	RET

// 0·x is 0 if x is finite, and else NaN. Registers: SI the row, BX the step, DX the rows
// left, AX the place in it, R8 the bytes of whole registers, CX the floats; K3 is the mask
// of the last register. Z0…Z3 are sums of 0·x.

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
	VCMPPS     $3, Z0, Z0, K1 // a NaN is not equal to itself
	KORTESTW   K1, K1
	SETEQ      ret+32(FP)
	VZEROUPPER
	RET
