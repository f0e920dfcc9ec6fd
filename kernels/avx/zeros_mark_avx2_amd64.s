//go:build !purego

#include "textflag.h"
#include "lanes_amd64.h"

// Which elements of a transposed A are not zero, in AVX2. See zeros_columns.go.
//
// Registers: SI = src, BX its step, CX the rows left, R10 those of a word and DX those of half a
// word, R9 the row, DI the words; Y6 and Y7 mask the first and the last 8 columns, Y2 = 0, Y1 = 1 in
// every lane, Y8 the bit of a row, Y4 the lower and Y5 the upper 32 bits of the columns' words.

// The bits of DX rows, set where an element is not zero: a NaN counts, −0 does not.
#define MARK32(lanes, y, loop, done) \
	VPXOR      y, y, y; \
	VMOVDQA    Y1, Y8; \
	TESTQ      DX, DX; \
	JZ         done; \
loop: \
	VMASKMOVPS (R9), lanes, Y3; \
	VPSLLD     $1, Y3, Y3; \ // no sign
	VPCMPEQD   Y2, Y3, Y3; \
	VPANDN     Y8, Y3, Y3; \
	VPOR       Y3, y, y; \
	VPADDD     Y8, Y8, Y8; \
	ADDQ       BX, R9; \
	DECQ       DX; \
	JNZ        loop; \
done:

// The words of 8 columns, R10 bits each.
#define MARK64(lanes, at, loop0, half, loop1, done) \
	MOVQ    $32, DX; \
	CMPQ    R10, DX; \
	CMOVQLT R10, DX; \
	MOVQ    R10, R8; \
	SUBQ    DX, R8; \
	MARK32(lanes, Y4, loop0, half) \
	MOVQ    R8, DX; \
	MARK32(lanes, Y5, loop1, done) \
	WORDS4(X4, X5, at) \
	VEXTRACTI128 $1, Y4, X4; \
	VEXTRACTI128 $1, Y5, X5; \
	WORDS4(X4, X5, at+32)

// The words of 4 columns, from their halves.
#define WORDS4(low, high, at) \
	VPMOVZXDQ low, Y9; \
	VPMOVZXDQ high, Y10; \
	VPSLLQ    $32, Y10, Y10; \
	VPOR      Y9, Y10, Y9; \
	VMOVDQU   Y9, at(DI);

// func mark_nonzeros_f32_avx2(bits *uint64, src *float32, srcStep, n int, lanes uint16)
TEXT ·mark_nonzeros_f32_avx2(SB), NOSPLIT, $0-34
	MOVWLZX lanes+32(FP), AX
	POPCNTL AX, AX
	LANES8(AX, Y6)
	SUBQ    $8, AX
	MOVL    $0, DX
	CMOVQLT DX, AX
	LANES8(AX, Y7)
	MOVQ    bits+0(FP), DI
	MOVQ    src+8(FP), SI
	MOVQ    srcStep+16(FP), BX
	MOVQ    n+24(FP), CX
	VPXOR   Y2, Y2, Y2
	MOVL    $1, AX
	MOVQ    AX, X1
	VPBROADCASTD X1, Y1

word:
	MOVQ    $64, R10
	CMPQ    CX, R10
	CMOVQLT CX, R10
	SUBQ    R10, CX
	MOVQ    SI, R9
	MARK64(Y6, 0, first, firstHalf, second, firstDone)
	LEAQ    32(SI), R9
	MARK64(Y7, 64, third, secondHalf, fourth, secondDone)
	LEAQ    -32(R9), SI
	ADDQ    $128, DI
	TESTQ   CX, CX
	JNZ     word
	VZEROUPPER
	RET
