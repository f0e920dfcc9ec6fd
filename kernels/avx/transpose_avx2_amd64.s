//go:build !purego

// Transposition of a matrix in blocks of 8×8: y[i,j] = x[j,i].
// Shapes: y is [rows,cols], both multiples of 8, and x is [cols,rows]; rowY and rowX are the elements
// from one row to the next.
// Idea: both matrices are read and written in pieces of 32 bytes. Loading rows j and j+4 into the
// halves of one register leaves four transpositions of 4×4, which unpacking and shuffling do within
// the halves.

#include "textflag.h"

// TRANSPOSE4(a, b, c, d): in each half, a … d are the rows of a 4×4 matrix and become its columns. Y8
// … Y11 are scratch.
#define TRANSPOSE4(a, b, c, d) \
	VUNPCKLPS b, a, Y8         \ // Y8 = a0 b0 a1 b1
	VUNPCKHPS b, a, Y9         \ // Y9 = a2 b2 a3 b3
	VUNPCKLPS d, c, Y10        \ // Y10 = c0 d0 c1 d1
	VUNPCKHPS d, c, Y11        \ // Y11 = c2 d2 c3 d3
	VSHUFPS   $0x44, Y10, Y8, a \ // a = a0 b0 c0 d0
	VSHUFPS   $0xee, Y10, Y8, b \ // b = a1 b1 c1 d1
	VSHUFPS   $0x44, Y11, Y9, c \ // c = a2 b2 c2 d2
	VSHUFPS   $0xee, Y11, Y9, d   // d = a3 b3 c3 d3

// func transpose_f32_avx2(y, x *float32, rows, cols, rowY, rowX int)
TEXT ·transpose_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ  y+0(FP), DI     // DI = y's rows
	MOVQ  x+8(FP), SI     // SI = x's columns
	MOVQ  rows+16(FP), CX // CX = the rows of y to go
	MOVQ  rowY+32(FP), R8
	SHLQ  $2, R8          // R8 = the bytes of a row of y
	MOVQ  rowX+40(FP), R9
	SHLQ  $2, R9          // R9 = the bytes of a row of x
	LEAQ  (R8)(R8*2), R10 // R10 = three rows of y
	LEAQ  (R9)(R9*2), R11 // R11 = three rows of x
	TESTQ CX, CX
	JLE   done

rows:
	MOVQ  cols+24(FP), DX // DX = the columns of y to go
	MOVQ  DI, AX          // AX = y[i:,j:]
	MOVQ  SI, BX          // BX = x[j:,i:]
	TESTQ DX, DX
	JLE   next

block:
	LEAQ           (BX)(R9*4), R12   // R12 = x[j+4:,i:]
	VMOVUPS        (BX), X0          // Y0 … Y3 = rows j … j+3, columns i … i+3
	VMOVUPS        (BX)(R9*1), X1
	VMOVUPS        (BX)(R9*2), X2
	VMOVUPS        (BX)(R11*1), X3
	VMOVUPS        16(BX), X4        // Y4 … Y7 = the same rows, columns i+4 … i+7
	VMOVUPS        16(BX)(R9*1), X5
	VMOVUPS        16(BX)(R9*2), X6
	VMOVUPS        16(BX)(R11*1), X7
	VINSERTF128    $1, (R12), Y0, Y0 // the upper halves: rows j+4 … j+7
	VINSERTF128    $1, (R12)(R9*1), Y1, Y1
	VINSERTF128    $1, (R12)(R9*2), Y2, Y2
	VINSERTF128    $1, (R12)(R11*1), Y3, Y3
	VINSERTF128    $1, 16(R12), Y4, Y4
	VINSERTF128    $1, 16(R12)(R9*1), Y5, Y5
	VINSERTF128    $1, 16(R12)(R9*2), Y6, Y6
	VINSERTF128    $1, 16(R12)(R11*1), Y7, Y7
	TRANSPOSE4(Y0, Y1, Y2, Y3)
	TRANSPOSE4(Y4, Y5, Y6, Y7)
	LEAQ           (AX)(R8*4), R13   // R13 = y[i+4:,j:]
	VMOVUPS        Y0, (AX)          // y[i … i+3, j:] = the first four columns
	VMOVUPS        Y1, (AX)(R8*1)
	VMOVUPS        Y2, (AX)(R8*2)
	VMOVUPS        Y3, (AX)(R10*1)
	VMOVUPS        Y4, (R13)         // y[i+4 … i+7, j:] = the other four
	VMOVUPS        Y5, (R13)(R8*1)
	VMOVUPS        Y6, (R13)(R8*2)
	VMOVUPS        Y7, (R13)(R10*1)
	ADDQ           $32, AX           // j += 8
	LEAQ           (BX)(R9*8), BX
	SUBQ           $8, DX
	JGT            block

next:
	LEAQ (DI)(R8*8), DI // i += 8
	ADDQ $32, SI
	SUBQ $8, CX
	JGT  rows

done:
	VZEROUPPER
	RET
