//go:build !purego

// Convolution of one channel with ReLU and 2×2 max pooling, in AVX-512: see conv_pool_one.go for the
// formula and conv_pool_one_amd64.go for the Go loop. A tile is two rows by four columns of z by 32
// filters, 16 registers.
//
// Registers, besides those of conv_pool_one_amd64.h: K1 and K2 the filters that exist; Z0…Z7 the sums
// of the upper row, Z8…Z15 of the lower row; Z16 and Z17 the tap's weights, Z18…Z21 pixels; Z22 and
// Z23 the bias; Z24…Z27 temporary; Z28 and Z29 the steps of the index to the position on the right
// and below; Z30 the tile's first index; Z31 is 0.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "conv_pool_one_amd64.h"

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0; \
	VPXORD z1, z1, z1; \
	VPXORD z2, z2, z2; \
	VPXORD z3, z3, z3

// PIXEL: the sums of one position += pixel · weights.
#define PIXEL(offset, x, z0, z1) \
	VBROADCASTSS offset(BX)(R14*1), x; \
	VFMADD231PS Z16, x, z0; \
	VFMADD231PS Z17, x, z1

// TAP: the lowest tap of CX, for four positions; removes it from CX.
#define TAP(z0, z1, z2, z3, z4, z5, z6, z7) \
	NEXT_TAP; \
	VMOVUPS.Z (SI)(R15*1), K1, Z16; \
	VMOVUPS.Z 64(SI)(R15*1), K2, Z17; \
	PIXEL(0, Z18, z0, z1); \
	PIXEL(4, Z19, z2, z3); \
	PIXEL(8, Z20, z4, z5); \
	PIXEL(12, Z21, z6, z7); \
	BLSRQ CX, CX

// WINS(v, best, k): k = where v replaces best: v is not ≤ best, and best is not NaN.
#define WINS(v, best, k) \
	VCMPPS $0x16, best, v, k; \
	VCMPPS $0x07, best, best, k, k

// POOL: y and arg at offset from R10 and R11, of the upper sums a and b and the lower ones c and d;
// index is a's, k the filters that exist.
#define POOL(a, b, c, d, bias, index, offset, k) \
	VADDPS bias, a, a; \
	VADDPS bias, b, b; \
	VADDPS bias, c, c; \
	VADDPS bias, d, d; \
	WINS(b, a, K3); \
	WINS(d, c, K4); \
	VMOVAPS b, K3, a; \           // a = the upper maximum
	VMOVAPS d, K4, c; \           // c = the lower maximum
	VMOVDQA32 index, Z24; \
	VPADDD Z28, index, K3, Z24; \ // Z24 = where the upper one is
	VPADDD Z29, index, Z25; \
	VPADDD Z28, Z25, K4, Z25; \   // Z25 = where the lower one is
	WINS(c, a, K5); \
	VMOVAPS c, K5, a; \
	VMOVDQA32 Z25, K5, Z24; \
	VCMPPS $0x16, Z31, a, K6; \   // not ≤ 0
	VMOVAPS.Z a, K6, a; \
	VPBLENDMD Z24, index, K6, Z24; \
	VMOVUPS a, k, offset(R10); \
	VMOVDQU32 Z24, k, offset(R11)

// BLANK_WINDOW: y and arg of a window whose sums are all 0.
#define BLANK_WINDOW \
	VMOVUPS Z0, K1, (R10); \
	VMOVUPS Z1, K2, 64(R10); \
	VMOVDQU32 Z30, K1, (R11); \
	VMOVDQU32 Z27, K2, 64(R11)

// func conv_pool_fwd_f32_avx512(t *pooledTiles)
TEXT ·conv_pool_fwd_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ         t+0(FP), DI
	MOVQ         pooledTiles_filters(DI), CX
	LANES32(CX, K1)
	KSHIFTRD     $16, K1, K2
	MOVQ         pooledTiles_bias(DI), SI
	VMOVUPS.Z    (SI), K1, Z22
	VMOVUPS.Z    64(SI), K2, Z23
	VPBROADCASTD pooledTiles_across(DI), Z28
	VPBROADCASTD pooledTiles_below(DI), Z29
	MOVQ         pooledTiles_first(DI), AX
	VPBROADCASTD AX, Z30
	VPADDD       ·channels(SB), Z30, Z30
	VPXORD       Z31, Z31, Z31
	TILES_BEGIN

row:
	MOVQ pooledTiles_tiles(DI), R13

tile:
	CMPQ R13, $1
	JNE  begin
	LAST_TILE
	VPBROADCASTD R14, Z24
	VPSUBD Z24, Z30, Z30

begin:
	MOVL $16, R14
	VPBROADCASTD R14, Z27
	VPADDD Z27, Z30, Z27 // the index of filter 16
	MOVQ  (DX), CX
	MOVQ  8(DX), R14
	ORQ   CX, R14
	JZ    blank
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	MOVQ  AX, BX
	TESTQ CX, CX
	JZ    lower

	PCALIGN $32
upperTap:
	TAP(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	JNZ upperTap

lower:
	ADDQ  pooledTiles_xRow(DI), BX
	MOVQ  8(DX), CX
	TESTQ CX, CX
	JZ    pool

	PCALIGN $32
lowerTap:
	TAP(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	JNZ lowerTap

pool:
	POOL(Z0, Z2, Z8, Z10, Z22, Z30, 0, K1)
	POOL(Z1, Z3, Z9, Z11, Z23, Z27, 64, K2)
	WINDOW_DONE
	VPADDD Z28, Z30, Z30 // the second window
	VPADDD Z28, Z30, Z30
	VPADDD Z28, Z27, Z27
	VPADDD Z28, Z27, Z27
	POOL(Z4, Z6, Z12, Z14, Z22, Z30, 0, K1)
	POOL(Z5, Z7, Z13, Z15, Z23, Z27, 64, K2)

next:
	WINDOW_DONE
	VPADDD Z28, Z30, Z30
	VPADDD Z28, Z30, Z30
	TILE_DONE
	JNZ  tile

	ADDQ pooledTiles_xNext(DI), AX
	MOVQ pooledTiles_rowIndex(DI), R14
	VPBROADCASTD R14, Z24
	VPADDD Z24, Z30, Z30
	DECQ pooledTiles_rows(DI)
	JNZ  row
	VZEROUPPER
	RET

blank: // all sums are 0
	VCMPPS $0x16, Z31, Z22, K3
	VCMPPS $0x16, Z31, Z23, K4
	VMOVAPS.Z Z22, K3, Z0 // ReLU of the bias
	VMOVAPS.Z Z23, K4, Z1
	BLANK_WINDOW
	WINDOW_DONE
	VPADDD Z28, Z30, Z30 // the second window
	VPADDD Z28, Z30, Z30
	VPADDD Z28, Z27, Z27
	VPADDD Z28, Z27, Z27
	BLANK_WINDOW
	JMP next
