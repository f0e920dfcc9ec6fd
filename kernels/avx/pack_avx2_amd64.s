//go:build !purego

// Copying and transposing operands of matrix products, in AVX2.

#include "textflag.h"

// Registers: DI = dst and R9 the tile in it, DX its step; SI = src and R10 the piece in its row, BX
// its step; AX = tiles, R11 those left; CX the rows left. A row of src is read forwards.
#define COPY_TILES(piece) \
	MOVQ dst+0(FP), DI; \
	MOVQ src+8(FP), SI; \
	MOVQ dstStep+16(FP), DX; \
	MOVQ srcStep+24(FP), BX; \
	MOVQ tiles+32(FP), AX; \
	MOVQ n+40(FP), CX; \
row: \
	MOVQ DI, R9; \
	MOVQ SI, R10; \
	MOVQ AX, R11; \
tile: \
	VMOVUPS (R10), Y0; \
	VMOVUPS Y0, (R9); \
	ADDQ $piece, R10; \
	ADDQ DX, R9; \
	DECQ R11; \
	JNZ  tile; \
	ADDQ BX, SI; \
	ADDQ $32, DI; \
	DECQ CX; \
	JNZ  row; \
	VZEROUPPER

// func copy_tiles_8_f32_avx2(dst, src *float32, dstStep, srcStep, tiles, n int)
TEXT ·copy_tiles_8_f32_avx2(SB), NOSPLIT, $0-48
	COPY_TILES(32)
	RET

// func copy_tiles_6_f32_avx2(dst, src *float32, dstStep, srcStep, tiles, n int)
TEXT ·copy_tiles_6_f32_avx2(SB), NOSPLIT, $0-48
	COPY_TILES(24)
	RET

// transpose_8_f32_avx2 transposes 8 rows in blocks of 8×8: dst[k,j] = src[j,k].
//
// Registers: DI = dst, DX its step, SI = src, CX its step, BX = 3·CX, AX the blocks left. Y0…Y7 hold
// the rows of a block. The comments list a register's elements in its lower half, as row and column.

// func transpose_8_f32_avx2(dst *float32, dstStep int, src *float32, srcStep, blocks int)
TEXT ·transpose_8_f32_avx2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ dstStep+8(FP), DX
	MOVQ src+16(FP), SI
	MOVQ srcStep+24(FP), CX
	MOVQ blocks+32(FP), AX
	LEAQ (CX)(CX*2), BX

block:
	LEAQ    (SI)(CX*4), R8   // R8 = row 4
	VMOVUPS (SI), Y0
	VMOVUPS (SI)(CX*1), Y1
	VMOVUPS (SI)(CX*2), Y2
	VMOVUPS (SI)(BX*1), Y3
	VMOVUPS (R8), Y4
	VMOVUPS (R8)(CX*1), Y5
	VMOVUPS (R8)(CX*2), Y6
	VMOVUPS (R8)(BX*1), Y7

	VUNPCKLPS Y1, Y0, Y8  // 00 10 01 11, and 04 14 05 15 in the upper half
	VUNPCKHPS Y1, Y0, Y9  // 02 12 03 13
	VUNPCKLPS Y3, Y2, Y10 // 20 30 21 31
	VUNPCKHPS Y3, Y2, Y11 // 22 32 23 33
	VUNPCKLPS Y5, Y4, Y12 // 40 50 41 51
	VUNPCKHPS Y5, Y4, Y13 // 42 52 43 53
	VUNPCKLPS Y7, Y6, Y14 // 60 70 61 71
	VUNPCKHPS Y7, Y6, Y15 // 62 72 63 73

	VSHUFPS $0x44, Y10, Y8, Y0  // 00 10 20 30, and 04 14 24 34
	VSHUFPS $0xee, Y10, Y8, Y1  // 01 11 21 31
	VSHUFPS $0x44, Y11, Y9, Y2  // 02 12 22 32
	VSHUFPS $0xee, Y11, Y9, Y3  // 03 13 23 33
	VSHUFPS $0x44, Y14, Y12, Y4 // 40 50 60 70
	VSHUFPS $0xee, Y14, Y12, Y5 // 41 51 61 71
	VSHUFPS $0x44, Y15, Y13, Y6 // 42 52 62 72
	VSHUFPS $0xee, Y15, Y13, Y7 // 43 53 63 73

	VPERM2F128 $0x20, Y4, Y0, Y8  // column 0: the lower halves
	VPERM2F128 $0x20, Y5, Y1, Y9  // column 1
	VPERM2F128 $0x20, Y6, Y2, Y10 // column 2
	VPERM2F128 $0x20, Y7, Y3, Y11 // column 3
	VPERM2F128 $0x31, Y4, Y0, Y12 // column 4: the upper halves
	VPERM2F128 $0x31, Y5, Y1, Y13 // column 5
	VPERM2F128 $0x31, Y6, Y2, Y14 // column 6
	VPERM2F128 $0x31, Y7, Y3, Y15 // column 7

	VMOVUPS Y8, (DI)
	ADDQ    DX, DI
	VMOVUPS Y9, (DI)
	ADDQ    DX, DI
	VMOVUPS Y10, (DI)
	ADDQ    DX, DI
	VMOVUPS Y11, (DI)
	ADDQ    DX, DI
	VMOVUPS Y12, (DI)
	ADDQ    DX, DI
	VMOVUPS Y13, (DI)
	ADDQ    DX, DI
	VMOVUPS Y14, (DI)
	ADDQ    DX, DI
	VMOVUPS Y15, (DI)
	ADDQ    DX, DI
	ADDQ    $32, SI          // the next 8 columns
	DECQ    AX
	JNZ     block
	VZEROUPPER
	RET
