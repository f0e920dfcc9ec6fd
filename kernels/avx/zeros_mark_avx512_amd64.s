//go:build !purego

#include "textflag.h"

// Which elements of a transposed A are not zero, in AVX-512. See zeros_columns.go.
//
// Registers: SI = src, BX its step, CX the rows left and DX those of half a word, DI the words; K3 is
// lanes, Z2 all bits but the sign's, Z7 = 1 in every lane, Z6 the bit of a row, Z4 the lower and Z5
// the upper 32 bits of the columns' words, Z10 the least element so far, as integers.

// Row k's bit, set where its element is not zero: a NaN counts, −0 does not.
#define MARK(row, z) \
	VPTESTMD row, Z2, K3, K1; \
	VPORD    Z6, z, K1, z; \
	VPADDD   Z6, Z6, Z6

// The same, and the least of the nonzero elements.
#define MARK_LEAST(row, z) \
	MARK(row, z); \
	VPMINSD row, Z10, K1, Z10

// The bits of the next 32 rows, or of those left.
#define MARK32(mark, z, two, one, done) \
	VPXORD    z, z, z; \
	VMOVDQA32 Z7, Z6; \
	MOVQ      $32, DX; \
	CMPQ      CX, DX; \
	CMOVQLT   CX, DX; \
	SUBQ      DX, CX; \
	SUBQ      $2, DX; \
	JLT       one; \
two: \
	mark((SI), z); \
	mark((SI)(BX*1), z); \
	LEAQ      (SI)(BX*2), SI; \
	SUBQ      $2, DX; \
	JGE       two; \
one: \
	ADDQ      $2, DX; \
	JZ        done; \
	mark((SI), z); \
	ADDQ      BX, SI; \
done:

// The words of 8 columns, from their halves.
#define WORDS8(low, high, at) \
	VPMOVZXDQ low, Z8; \
	VPMOVZXDQ high, Z9; \
	VPSLLQ    $32, Z9, Z9; \
	VPORQ     Z8, Z9, Z8; \
	VMOVDQU64 Z8, at(DI)

// The body of both functions, up to the return.
#define MARK_WORDS(mark) \
	MOVQ         bits+0(FP), DI; \
	MOVQ         src+8(FP), SI; \
	MOVQ         srcStep+16(FP), BX; \
	MOVQ         n+24(FP), CX; \
	KMOVW        lanes+32(FP), K3; \
	MOVL         $0x7fffffff, AX; \
	VPBROADCASTD AX, Z2; \
	VMOVDQA32    Z2, Z10; \
	MOVL         $1, AX; \
	VPBROADCASTD AX, Z7; \
word: \
	MARK32(mark, Z4, low2, low1, low) \
	MARK32(mark, Z5, high2, high1, high) \
	WORDS8(Y4, Y5, 0); \
	VEXTRACTI64X4 $1, Z4, Y4; \
	VEXTRACTI64X4 $1, Z5, Y5; \
	WORDS8(Y4, Y5, 64); \
	ADDQ          $128, DI; \
	TESTQ         CX, CX; \
	JNZ           word

// func mark_nonzeros_f32_avx512(bits *uint64, src *float32, srcStep, n int, lanes uint16)
TEXT ·mark_nonzeros_f32_avx512(SB), NOSPLIT, $0-34
	MARK_WORDS(MARK)
	VZEROUPPER
	RET

// func mark_least_f32_avx512(bits *uint64, src *float32, srcStep, n int, lanes uint16) int32
TEXT ·mark_least_f32_avx512(SB), NOSPLIT, $0-44
	MARK_WORDS(MARK_LEAST)
	VEXTRACTI64X4 $1, Z10, Y4
	VPMINSD       Y4, Y10, Y10
	VEXTRACTI128  $1, Y10, X4
	VPMINSD       X4, X10, X10
	VPSHUFD       $0x4e, X10, X4
	VPMINSD       X4, X10, X10
	VPSHUFD       $0xb1, X10, X4
	VPMINSD       X4, X10, X10
	VMOVD         X10, AX
	MOVL          AX, ret+40(FP)
	VZEROUPPER
	RET
