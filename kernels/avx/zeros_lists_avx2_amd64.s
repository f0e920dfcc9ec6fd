//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// Lists of the k at which a pair of rows of A is not zero, and whether B is finite, in
// AVX2. See zeros.go.
//
// Elements of A are looked at as integers without their sign: NaN counts, −0 does not. Of
// 8 k, a byte has a bit for each; a table has its bits' places for each byte. All 8 places
// are stored, and the next k overwrite those that don't count.

// Y1 = 8 in every lane, Y2 = 0; R14 = the table.
#define CONSTANTS \
	MOVL         $8, AX; \
	MOVQ         AX, X1; \
	VPBROADCASTD X1, Y1; \
	VPXOR        Y2, Y2, Y2; \
	LEAQ         ·bitPlaces(SB), R14

// Append the k whose bits are set in byte to the list, whose end is DI. Y5 is the first of
// the 8 k in every lane, and is moved on.
#define APPEND(byte) \
	VPMOVZXBD (R14)(byte*8), Y4; \
	VPADDD    Y5, Y4, Y4; \
	VMOVDQU   Y4, (DI); \
	VPADDD    Y1, Y5, Y5; \
	POPCNTL   byte, byte; \
	LEAQ      (DI)(byte*4), DI

// byte = a bit for each lane of y that is neither 0 nor −0.
#define NONZERO(y, byte) \
	VPSLLD    $1, y, y; \
	VPCMPEQD  Y2, y, y; \
	VMOVMSKPS y, byte; \
	XORL      $0xff, byte

// Registers: DI = dst, SI = src, BX its step, CX the rows left, R8 the masks, DX and AX
// the bits of a row; Y6 and Y7 are the masks of its two registers.

// func copy_nonzeros_f32_avx2(dst *float32, masks *uint16, src *float32, srcStep, n int, lanes uint16)
TEXT ·copy_nonzeros_f32_avx2(SB), NOSPLIT, $0-42
	VPXOR   Y2, Y2, Y2
	MOVWLZX lanes+40(FP), AX
	POPCNTL AX, AX
	LANES8(AX, Y6)
	SUBQ    $8, AX
	MOVL    $0, DX
	CMOVQLT DX, AX
	LANES8(AX, Y7)
	MOVQ    dst+0(FP), DI
	MOVQ    masks+8(FP), R8
	MOVQ    src+16(FP), SI
	MOVQ    srcStep+24(FP), BX
	MOVQ    n+32(FP), CX
	TESTQ   DI, DI
	JZ      stay
	CMPW    lanes+40(FP), $-1
	JNE     part

row:
	VMOVDQU (SI), Y3
	VMOVDQU 32(SI), Y4
	VMOVDQU Y3, (DI)
	VMOVDQU Y4, 32(DI)
	NONZERO(Y3, DX)
	NONZERO(Y4, AX)
	MOVB    DX, (R8)
	MOVB    AX, 1(R8)
	ADDQ    BX, SI
	ADDQ    $64, DI
	ADDQ    $2, R8
	DECQ    CX
	JNZ     row
	VZEROUPPER
	RET

part: // the last columns of A
	VMASKMOVPS (SI), Y6, Y3
	VMASKMOVPS 32(SI), Y7, Y4
	VMOVDQU    Y3, (DI)
	VMOVDQU    Y4, 32(DI)
	NONZERO(Y3, DX)
	NONZERO(Y4, AX)
	MOVB       DX, (R8)
	MOVB       AX, 1(R8)
	ADDQ       BX, SI
	ADDQ       $64, DI
	ADDQ       $2, R8
	DECQ       CX
	JNZ        part
	VZEROUPPER
	RET

stay:
	VMASKMOVPS (SI), Y6, Y3
	VMASKMOVPS 32(SI), Y7, Y4
	NONZERO(Y3, DX)
	NONZERO(Y4, AX)
	MOVB       DX, (R8)
	MOVB       AX, 1(R8)
	ADDQ       BX, SI
	ADDQ       $2, R8
	DECQ       CX
	JNZ        stay
	VZEROUPPER
	RET

// The masks of 16 rows are tested for the two bits of a pair of columns at once: that
// turns rows of bits into a column. Registers: R12 the list, R10 its step, R13 where its
// length goes, R8 the masks, SI those to go and CX the rows left, R11 the pairs left.
// X6 has the pair's two bits in every word, X3 and X7 the masks.

// func list_mask_nonzeros_f32_avx2(list *int32, listStep int, counts *int, masks *uint16, n int)
TEXT ·list_mask_nonzeros_f32_avx2(SB), NOSPLIT, $0-40
	CONSTANTS
	MOVQ         list+0(FP), R12
	MOVQ         listStep+8(FP), R10
	MOVQ         counts+16(FP), R13
	MOVQ         masks+24(FP), R8
	MOVL         $8, R11
	MOVL         $3, AX
	MOVQ         AX, X6
	VPBROADCASTW X6, X6

pair:
	MOVQ  R12, DI
	VPXOR Y5, Y5, Y5
	MOVQ  R8, SI
	MOVQ  n+32(FP), CX

loop:
	VPAND     (SI), X6, X3
	VPAND     16(SI), X6, X7
	VPCMPEQW  X2, X3, X3
	VPCMPEQW  X2, X7, X7
	VPACKSSWB X7, X3, X3     // a byte for each of 16 rows
	VPMOVMSKB X3, DX
	XORL      $0xffff, DX
	MOVBLZX   DX, AX
	SHRL      $8, DX
	APPEND(AX)
	APPEND(DX)
	ADDQ      $32, SI
	SUBQ      $16, CX
	JGT       loop

	SUBQ   R12, DI
	SHRQ   $2, DI
	MOVQ   DI, (R13) // its length
	ADDQ   $8, R13
	ADDQ   R10, R12
	VPSLLW $2, X6, X6
	DECQ   R11
	JNZ    pair
	VZEROUPPER
	RET

// 0·x is 0 if x is finite, and else NaN. Registers: SI the row, BX the step, DX the rows
// left, AX the place in it, R8 the bytes of whole registers, CX those left; Y6 is the mask
// of the last register. Y0, Y1 and Y3 are sums of 0·x.

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
	VCMPPS    $3, Y0, Y0, Y0 // a NaN is not equal to itself
	VMOVMSKPS Y0, AX
	TESTL     AX, AX
	SETEQ     ret+32(FP)
	VZEROUPPER
	RET
