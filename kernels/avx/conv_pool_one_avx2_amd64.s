//go:build !purego

// Convolution of one channel with ReLU and 2×2 max pooling, in AVX2: see conv_pool_one.go for the
// formula and conv_pool_one_amd64.go for the Go loop. A tile is two rows by four columns of z by 16
// filters: the upper row's 8 registers of sums are kept on the stack while the lower row's are
// computed.
//
// Registers, besides those of conv_pool_one_amd64.h: Y0…Y7 the sums of a row; Y8 and Y9 the tap's
// weights, Y10…Y13 pixels; Y14 the tile's first index.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "conv_pool_one_amd64.h"

// PIXEL: the sums of one position += pixel · weights.
#define PIXEL(offset, x, y0, y1) \
	VBROADCASTSS offset(BX)(R14*1), x; \
	VFMADD231PS Y8, x, y0; \
	VFMADD231PS Y9, x, y1

// ROW: Y0…Y7 = the sums of a row, over the taps of the mask CX.
#define ROW(tap, end) \
	VXORPS Y0, Y0, Y0; \
	VXORPS Y1, Y1, Y1; \
	VXORPS Y2, Y2, Y2; \
	VXORPS Y3, Y3, Y3; \
	VXORPS Y4, Y4, Y4; \
	VXORPS Y5, Y5, Y5; \
	VXORPS Y6, Y6, Y6; \
	VXORPS Y7, Y7, Y7; \
	TESTQ CX, CX; \
	JZ end; \
	PCALIGN $32; \
tap: \
	NEXT_TAP; \
	VMOVUPS (SI)(R15*1), Y8; \
	VMOVUPS 32(SI)(R15*1), Y9; \
	PIXEL(0, Y10, Y0, Y1); \
	PIXEL(4, Y11, Y2, Y3); \
	PIXEL(8, Y12, Y4, Y5); \
	PIXEL(12, Y13, Y6, Y7); \
	BLSRQ CX, CX; \
	JNZ tap; \
end: \
	MOVQ pooledTiles_bias(DI), R14

// WINS(v, best, k, t): k = where v replaces best: v is not ≤ best, and best is not NaN.
#define WINS(v, best, k, t) \
	VCMPPS $0x16, best, v, k; \
	VCMPPS $0x07, best, best, t; \
	VPAND t, k, k

// POOL: y and arg at offset from R10 and R11, of the upper sums at up on the stack and the lower ones
// c and d; filters are the filters' numbers.
#define POOL(up, c, d, offset, filters) \
	VADDPS offset(R14), c, c; \
	VADDPS offset(R14), d, d; \
	VMOVUPS up(SP), Y8; \
	VMOVUPS (64+up)(SP), Y9; \
	WINS(Y9, Y8, Y10, Y11); \
	VBLENDVPS Y10, Y9, Y8, Y8; \ // Y8 = the upper maximum
	WINS(d, c, Y12, Y11); \
	VBLENDVPS Y12, d, c, c; \    // c = the lower maximum
	VPBROADCASTD pooledTiles_across(DI), Y11; \
	VPAND Y11, Y10, Y10; \       // Y10 = where the upper one is
	VPAND Y11, Y12, Y12; \
	VPBROADCASTD pooledTiles_below(DI), Y11; \
	VPADDD Y11, Y12, Y12; \      // Y12 = where the lower one is
	WINS(c, Y8, Y9, Y11); \
	VBLENDVPS Y9, c, Y8, Y8; \
	VBLENDVPS Y9, Y12, Y10, Y10; \
	VXORPS Y11, Y11, Y11; \
	VCMPPS $0x16, Y11, Y8, Y9; \ // not ≤ 0
	VPAND Y9, Y8, Y8; \
	VPAND Y9, Y10, Y10; \
	VPADDD Y14, Y10, Y10; \
	VPADDD filters, Y10, Y10; \
	VMOVUPS Y8, offset(R10); \
	VMOVDQU Y10, offset(R11)

// BLANK_WINDOW: y and arg of a window whose sums are all 0.
#define BLANK_WINDOW \
	VPADDD ·channels(SB), Y14, Y2; \
	VPADDD ·channels+32(SB), Y14, Y3; \
	VMOVUPS Y0, (R10); \
	VMOVUPS Y1, 32(R10); \
	VMOVDQU Y2, (R11); \
	VMOVDQU Y3, 32(R11)

// NEXT_WINDOW: advance Y14 by two positions, and y and arg to the next window.
#define NEXT_WINDOW \
	VPBROADCASTD pooledTiles_across(DI), Y11; \
	VPADDD Y11, Y14, Y14; \
	VPADDD Y11, Y14, Y14; \
	WINDOW_DONE

// func conv_pool_fwd_f32_avx2(t *pooledTiles)
TEXT ·conv_pool_fwd_f32_avx2(SB), NOSPLIT, $256-8
	MOVQ         t+0(FP), DI
	MOVQ         pooledTiles_first(DI), AX
	VMOVD        AX, X14
	VPBROADCASTD X14, Y14
	TILES_BEGIN

row:
	MOVQ pooledTiles_tiles(DI), R13

tile:
	CMPQ R13, $1
	JNE  begin
	LAST_TILE
	VMOVD R14, X11
	VPBROADCASTD X11, Y11
	VPSUBD Y11, Y14, Y14

begin:
	MOVQ AX, BX
	MOVQ (DX), CX
	MOVQ 8(DX), R14
	ORQ  CX, R14
	JZ   blank
	ROW(upperTap, upperEnd)
	VMOVUPS (R14), Y8 // the bias
	VMOVUPS 32(R14), Y9
	VADDPS Y8, Y0, Y0
	VADDPS Y9, Y1, Y1
	VADDPS Y8, Y2, Y2
	VADDPS Y9, Y3, Y3
	VADDPS Y8, Y4, Y4
	VADDPS Y9, Y5, Y5
	VADDPS Y8, Y6, Y6
	VADDPS Y9, Y7, Y7
	VMOVUPS Y0, 0(SP)
	VMOVUPS Y1, 32(SP)
	VMOVUPS Y2, 64(SP)
	VMOVUPS Y3, 96(SP)
	VMOVUPS Y4, 128(SP)
	VMOVUPS Y5, 160(SP)
	VMOVUPS Y6, 192(SP)
	VMOVUPS Y7, 224(SP)
	ADDQ pooledTiles_xRow(DI), BX
	MOVQ 8(DX), CX
	ROW(lowerTap, lowerEnd)
	POOL(0, Y0, Y2, 0, ·channels(SB))
	POOL(32, Y1, Y3, 32, ·channels+32(SB))
	NEXT_WINDOW
	POOL(128, Y4, Y6, 0, ·channels(SB))
	POOL(160, Y5, Y7, 32, ·channels+32(SB))

next:
	NEXT_WINDOW
	TILE_DONE
	JNZ  tile

	ADDQ pooledTiles_xNext(DI), AX
	MOVQ pooledTiles_rowIndex(DI), R14
	VMOVD R14, X11
	VPBROADCASTD X11, Y11
	VPADDD Y11, Y14, Y14
	DECQ pooledTiles_rows(DI)
	JNZ  row
	VZEROUPPER
	RET

blank: // all sums are 0
	MOVQ pooledTiles_bias(DI), R14
	VXORPS Y11, Y11, Y11
	VMOVUPS (R14), Y0
	VMOVUPS 32(R14), Y1
	VCMPPS $0x16, Y11, Y0, Y2
	VCMPPS $0x16, Y11, Y1, Y3
	VPAND Y2, Y0, Y0 // ReLU of the bias
	VPAND Y3, Y1, Y1
	BLANK_WINDOW
	NEXT_WINDOW
	BLANK_WINDOW
	JMP next

// BITS: R8 |= which lanes of Y0 are not 0, from bit CX on.
#define BITS \
	VCMPPS $4, Y1, Y0, Y0; \
	VMOVMSKPS Y0, AX; \
	SHLQ CX, AX; \
	ORQ AX, R8

// func nonzero_rows_f32_avx2(bits *uint64, x *float32, n, rows int)
//
// Registers: DI bits, SI x, DX the rows left; R8 the bits of a row, CX the number of the pixel, R9
// the whole vectors left; R13 the whole vectors of a row, R10 the pixels after them; Y2 is −1 in the
// lanes of these.
TEXT ·nonzero_rows_f32_avx2(SB), NOSPLIT, $0-32
	MOVQ bits+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), R10
	MOVQ rows+24(FP), DX
	MOVQ R10, R13
	SHRQ $3, R13
	ANDQ $7, R10
	LANES8(R10, Y2)
	VXORPS Y1, Y1, Y1

row:
	XORL R8, R8
	XORL CX, CX
	MOVQ R13, R9
	TESTQ R9, R9
	JZ partial

eight:
	VMOVUPS (SI), Y0
	BITS
	ADDQ $8, CX
	ADDQ $32, SI
	DECQ R9
	JNZ eight

partial:
	TESTQ R10, R10
	JZ next
	VMASKMOVPS (SI), Y2, Y0
	BITS
	LEAQ (SI)(R10*4), SI

next:
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNZ row
	VZEROUPPER
	RET
