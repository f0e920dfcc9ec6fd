//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Products of strips in AVX-512: tiles of 8 rows by 3, 2 or 1 registers of 16 floats. One tile of C
// stays in registers for all of K. Each k loads one row of B (as wide as the tile) and, for each of
// the 8 rows, broadcasts one element of A and multiplies it with that row.
//
// The Go loop that they replace, with C in registers:
//
//	for i := range m {
//		for j := range n {
//			sum := float32(0)
//			for k := range length*segments {
//				sum = fma(A[i,k], B[k,j], sum)
//			}
//			if add { sum += C[i,j] }
//			if bias != nil { sum += bias[j] }
//			if relu { sum = max(sum, 0) } // a NaN stays
//			C[i,j] = sum
//		}
//	}
//
// Registers: R8…R15 the tile's 8 rows of A, AX the offset in them, SI its step per k, BX the row of
// B, DX its step, CX and DI the counts of k and of segments. K1 masks the last register, Z24…Z26 hold
// the row of B, Z27…Z31 broadcast elements of A. The sums of row r are in Z3r…, Z2r… or Zr, depending
// on the width.
//
// BP is the address to prefetch. A tile that copies B to a panel as it computes prefetches nothing
// else, and has one segment: there BP is the row of the panel, and DI how far ahead B is prefetched.
// The copy costs nothing, because the multiply-adds limit the loop. Prefetching helps where rows are
// far apart, which the hardware does not prefetch by itself.

// Begin a tile: row pointers from the table, offset 0, the first row of B.
#define TILE_BEGIN \
	MOVQ strip_rows(DI), SI; \
	MOVQ strip_a(DI), AX; \
	MOVQ 0(SI), R8; ADDQ AX, R8; \
	MOVQ 8(SI), R9; ADDQ AX, R9; \
	MOVQ 16(SI), R10; ADDQ AX, R10; \
	MOVQ 24(SI), R11; ADDQ AX, R11; \
	MOVQ 32(SI), R12; ADDQ AX, R12; \
	MOVQ 40(SI), R13; ADDQ AX, R13; \
	MOVQ 48(SI), R14; ADDQ AX, R14; \
	MOVQ 56(SI), R15; ADDQ AX, R15; \
	ADDQ $64, SI; \
	MOVQ SI, strip_rows(DI); \ // the next tile's rows
	XORQ AX, AX; \
	MOVQ strip_aStep(DI), SI; \
	MOVQ strip_b(DI), BX; \
	MOVQ strip_bStep(DI), DX; \
	MOVQ strip_segments(DI), DI

// Begin a segment: CX = its number of k.
#define SEGMENT_BEGIN \
	MOVQ s+0(FP), CX; \
	MOVQ strip_length(CX), CX

// End one k or one segment: advance the offset and the row of B.
#define K_END \
	ADDQ SI, AX; \
	ADDQ DX, BX; \
	DECQ CX

#define SEGMENT_END \
	MOVQ s+0(FP), CX; \
	ADDQ strip_aJump(CX), AX; \
	DECQ DI

// Set up a tile's prefetches: one line at BP for each k, step bytes apart. If there is nothing to
// prefetch, the step is 0 and the same line is touched again and again.
#define AHEAD_BEGIN \
	MOVQ strip_b(DI), BP; \
	XORL SI, SI; \
	CMPQ strip_panel(DI), $0; \ // then BP points into the panel
	JNE  none; \
	DECQ strip_aheadTiles(DI); \
	JLT  none; \
	MOVQ strip_ahead(DI), BP; \
	MOVQ strip_aheadStep(DI), SI; \
	MOVQ strip_aheadNext(DI), AX; \
	ADDQ BP, AX; \
	MOVQ AX, strip_ahead(DI); \ // the next tile's
none: \
	MOVQ SI, step-8(SP)

#define AHEAD \
	PREFETCHT1 (BP); \
	ADDQ step-8(SP), BP

// Begin a tile that copies B: its panel, and prefetching 16 rows ahead.
#define PANEL_BEGIN \
	MOVQ s+0(FP), DI; \
	MOVQ strip_panel(DI), BP; \
	MOVQ strip_length(DI), CX; \
	MOVQ DX, DI; \
	SHLQ $4, DI

// End such a tile: the next ones read the panel, whose rows are step apart.
#define PANEL_END(step) \
	MOVQ s+0(FP), DI; \
	MOVQ strip_panel(DI), BX; \
	MOVQ BX, strip_b(DI); \
	MOVQ $step, strip_bStep(DI); \
	MOVQ $0, strip_panel(DI)

// Before adding or storing rows of C: BX = C, DX = its step, CX = rows left.
#define C_BEGIN \
	MOVQ strip_c(DI), BX; \
	MOVQ strip_cStep(DI), DX; \
	MOVQ strip_m(DI), CX

#define C_NEXT \
	ADDQ DX, BX; \
	DECQ CX

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0; \
	VPXORD z1, z1, z1; \
	VPXORD z2, z2, z2; \
	VPXORD z3, z3, z3

// Begin a tile: prefetch its rows of C, or those of a later tile, to have them in the cache when the
// sums are ready. (Addresses past C do no harm.)
#define PREFETCH_C(row) \
	ADDQ strip_cNext(DI), BX; \
	row; ADDQ DX, BX; \
	row; ADDQ DX, BX; \
	row; ADDQ DX, BX; \
	row; ADDQ DX, BX; \
	row; ADDQ DX, BX; \
	row; ADDQ DX, BX; \
	row; ADDQ DX, BX; \
	row

#define LINES3 PREFETCHT0 (BX); PREFETCHT0 64(BX); PREFETCHT0 128(BX)
#define LINES2 PREFETCHT0 (BX); PREFETCHT0 64(BX)
#define FAR3 PREFETCHT1 (BX); PREFETCHT1 64(BX); PREFETCHT1 128(BX)
#define FAR2 PREFETCHT1 (BX); PREFETCHT1 64(BX)

// Four sums at a time: z = max(z, 0), or z itself if it is NaN. Z27 is 0; adding it first turns −0
// into +0.
#define RELU4(z0, z1, z2, z3) \
	VADDPS Z27, z0, z0; \
	VADDPS Z27, z1, z1; \
	VADDPS Z27, z2, z2; \
	VADDPS Z27, z3, z3; \
	VMAXPS z0, Z27, z0; \
	VMAXPS z1, Z27, z1; \
	VMAXPS z2, Z27, z2; \
	VMAXPS z3, Z27, z3

// ---- 8×48: three registers across ----

// One row and one k: three sums += A[row,k]·B[k].
#define MUL3(row, a, z0, z1, z2) \
	VBROADCASTSS (row)(AX*1), a; \
	VFMADD231PS Z24, a, z0; \
	VFMADD231PS Z25, a, z1; \
	VFMADD231PS Z26, a, z2

#define ADD3(z0, z1, z2) \
	VADDPS (BX), z0, z0; \
	VADDPS 64(BX), z1, z1; \
	VADDPS 128(BX), z2, K1, z2

#define BIAS3(z0, z1, z2) \
	VADDPS Z24, z0, z0; \
	VADDPS Z25, z1, z1; \
	VADDPS Z26, z2, z2

#define STORE3(z0, z1, z2) \
	VMOVUPS z0, (BX); \
	VMOVUPS z1, 64(BX); \
	VMOVUPS z2, K1, 128(BX)

// func matmul_8x48_f32_avx512(s *strip)
TEXT ·matmul_8x48_f32_avx512(SB), NOSPLIT, $16-8
	MOVQ  s+0(FP), DI
	KMOVW strip_mask(DI), K1

tile:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	ZERO4(Z16, Z17, Z18, Z19)
	ZERO4(Z20, Z21, Z22, Z23)
	MOVQ strip_c(DI), BX
	MOVQ strip_cStep(DI), DX
	CMPB strip_cFar(DI), $0
	JNE  far
	PREFETCH_C(LINES3)
	JMP  begin

far:
	PREFETCH_C(FAR3)

begin:
	AHEAD_BEGIN
	TILE_BEGIN
	MOVQ  s+0(FP), CX
	CMPQ  strip_panel(CX), $0
	JNE   panel
	CMPQ  strip_m(CX), $2
	JLE   few

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	AHEAD
	VMOVUPS   (BX), Z24          // row k of B
	VMOVUPS   64(BX), Z25
	VMOVUPS.Z 128(BX), K1, Z26
	MUL3(R8, Z27, Z0, Z1, Z2)    // row 0 of the tile
	MUL3(R9, Z28, Z3, Z4, Z5)
	MUL3(R10, Z29, Z6, Z7, Z8)
	MUL3(R11, Z30, Z9, Z10, Z11)
	MUL3(R12, Z31, Z12, Z13, Z14)
	MUL3(R13, Z27, Z15, Z16, Z17)
	MUL3(R14, Z28, Z18, Z19, Z20)
	MUL3(R15, Z29, Z21, Z22, Z23)
	K_END
	JNZ       k
	SEGMENT_END
	JNZ       segment
	MOVQ      s+0(FP), DI

summed:
	CMPB strip_add(DI), $0
	JEQ  added
	C_BEGIN
	ADD3(Z0, Z1, Z2);    C_NEXT; JZ added
	ADD3(Z3, Z4, Z5);    C_NEXT; JZ added
	ADD3(Z6, Z7, Z8);    C_NEXT; JZ added
	ADD3(Z9, Z10, Z11);  C_NEXT; JZ added
	ADD3(Z12, Z13, Z14); C_NEXT; JZ added
	ADD3(Z15, Z16, Z17); C_NEXT; JZ added
	ADD3(Z18, Z19, Z20); C_NEXT; JZ added
	ADD3(Z21, Z22, Z23)

added:
	MOVQ      strip_bias(DI), SI
	TESTQ     SI, SI
	JZ        biased
	VMOVUPS   (SI), Z24
	VMOVUPS   64(SI), Z25
	VMOVUPS.Z 128(SI), K1, Z26
	BIAS3(Z0, Z1, Z2)
	BIAS3(Z3, Z4, Z5)
	BIAS3(Z6, Z7, Z8)
	BIAS3(Z9, Z10, Z11)
	BIAS3(Z12, Z13, Z14)
	BIAS3(Z15, Z16, Z17)
	BIAS3(Z18, Z19, Z20)
	BIAS3(Z21, Z22, Z23)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z27, Z27, Z27
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z4, Z5, Z6, Z7)
	RELU4(Z8, Z9, Z10, Z11)
	RELU4(Z12, Z13, Z14, Z15)
	RELU4(Z16, Z17, Z18, Z19)
	RELU4(Z20, Z21, Z22, Z23)

activated:
	C_BEGIN
	STORE3(Z0, Z1, Z2);    C_NEXT; JZ end
	STORE3(Z3, Z4, Z5);    C_NEXT; JZ end
	STORE3(Z6, Z7, Z8);    C_NEXT; JZ end
	STORE3(Z9, Z10, Z11);  C_NEXT; JZ end
	STORE3(Z12, Z13, Z14); C_NEXT; JZ end
	STORE3(Z15, Z16, Z17); C_NEXT; JZ end
	STORE3(Z18, Z19, Z20); C_NEXT; JZ end
	STORE3(Z21, Z22, Z23); C_NEXT; JZ end
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

panel: // as segment, but copies B
	PANEL_BEGIN

	PCALIGN $32
panelK:
	VMOVUPS    (BX), Z24           // row k of B
	VMOVUPS    64(BX), Z25
	VMOVUPS.Z  128(BX), K1, Z26
	VMOVUPS    Z24, (BP)           // row k of the panel
	VMOVUPS    Z25, 64(BP)
	VMOVUPS    Z26, 128(BP)
	PREFETCHT1 (BX)(DI*1)
	PREFETCHT1 64(BX)(DI*1)
	PREFETCHT1 128(BX)(DI*1)
	MUL3(R8, Z27, Z0, Z1, Z2)      // row 0 of the tile
	MUL3(R9, Z28, Z3, Z4, Z5)
	MUL3(R10, Z29, Z6, Z7, Z8)
	MUL3(R11, Z30, Z9, Z10, Z11)
	MUL3(R12, Z31, Z12, Z13, Z14)
	MUL3(R13, Z27, Z15, Z16, Z17)
	MUL3(R14, Z28, Z18, Z19, Z20)
	MUL3(R15, Z29, Z21, Z22, Z23)
	ADDQ       $192, BP
	K_END
	JNZ        panelK
	PANEL_END(192)
	JMP        summed

few: // as segment, for a last tile of at most two rows: the other rows are not computed
	SEGMENT_BEGIN

	PCALIGN $32
fewK:
	AHEAD
	VMOVUPS   (BX), Z24          // row k of B
	VMOVUPS   64(BX), Z25
	VMOVUPS.Z 128(BX), K1, Z26
	MUL3(R8, Z27, Z0, Z1, Z2)    // row 0 of the tile
	MUL3(R9, Z28, Z3, Z4, Z5)
	K_END
	JNZ       fewK
	SEGMENT_END
	JNZ       few
	MOVQ      s+0(FP), DI
	JMP       summed

end:
	VZEROUPPER
	RET

// ---- 8×32: two registers across ----

#define MUL2(row, a, z0, z1) \
	VBROADCASTSS (row)(AX*1), a; \
	VFMADD231PS Z24, a, z0; \
	VFMADD231PS Z25, a, z1

#define ADD2(z0, z1) \
	VADDPS (BX), z0, z0; \
	VADDPS 64(BX), z1, K1, z1

#define BIAS2(z0, z1) \
	VADDPS Z24, z0, z0; \
	VADDPS Z25, z1, z1

#define STORE2(z0, z1) \
	VMOVUPS z0, (BX); \
	VMOVUPS z1, K1, 64(BX)

// func matmul_8x32_f32_avx512(s *strip)
TEXT ·matmul_8x32_f32_avx512(SB), NOSPLIT, $16-8
	MOVQ  s+0(FP), DI
	KMOVW strip_mask(DI), K1

tile:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	MOVQ strip_c(DI), BX
	MOVQ strip_cStep(DI), DX
	CMPB strip_cFar(DI), $0
	JNE  far
	PREFETCH_C(LINES2)
	JMP  begin

far:
	PREFETCH_C(FAR2)

begin:
	AHEAD_BEGIN
	TILE_BEGIN
	MOVQ  s+0(FP), CX
	CMPQ  strip_panel(CX), $0
	JNE   panel
	CMPQ  strip_m(CX), $2
	JLE   few

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	AHEAD
	VMOVUPS   (BX), Z24        // row k of B
	VMOVUPS.Z 64(BX), K1, Z25
	MUL2(R8, Z27, Z0, Z1)      // row 0 of the tile
	MUL2(R9, Z28, Z2, Z3)
	MUL2(R10, Z29, Z4, Z5)
	MUL2(R11, Z30, Z6, Z7)
	MUL2(R12, Z31, Z8, Z9)
	MUL2(R13, Z27, Z10, Z11)
	MUL2(R14, Z28, Z12, Z13)
	MUL2(R15, Z29, Z14, Z15)
	K_END
	JNZ       k
	SEGMENT_END
	JNZ       segment
	MOVQ      s+0(FP), DI

summed:
	CMPB strip_add(DI), $0
	JEQ  added
	C_BEGIN
	ADD2(Z0, Z1);   C_NEXT; JZ added
	ADD2(Z2, Z3);   C_NEXT; JZ added
	ADD2(Z4, Z5);   C_NEXT; JZ added
	ADD2(Z6, Z7);   C_NEXT; JZ added
	ADD2(Z8, Z9);   C_NEXT; JZ added
	ADD2(Z10, Z11); C_NEXT; JZ added
	ADD2(Z12, Z13); C_NEXT; JZ added
	ADD2(Z14, Z15)

added:
	MOVQ      strip_bias(DI), SI
	TESTQ     SI, SI
	JZ        biased
	VMOVUPS   (SI), Z24
	VMOVUPS.Z 64(SI), K1, Z25
	BIAS2(Z0, Z1)
	BIAS2(Z2, Z3)
	BIAS2(Z4, Z5)
	BIAS2(Z6, Z7)
	BIAS2(Z8, Z9)
	BIAS2(Z10, Z11)
	BIAS2(Z12, Z13)
	BIAS2(Z14, Z15)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z27, Z27, Z27
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z4, Z5, Z6, Z7)
	RELU4(Z8, Z9, Z10, Z11)
	RELU4(Z12, Z13, Z14, Z15)

activated:
	C_BEGIN
	STORE2(Z0, Z1);   C_NEXT; JZ end
	STORE2(Z2, Z3);   C_NEXT; JZ end
	STORE2(Z4, Z5);   C_NEXT; JZ end
	STORE2(Z6, Z7);   C_NEXT; JZ end
	STORE2(Z8, Z9);   C_NEXT; JZ end
	STORE2(Z10, Z11); C_NEXT; JZ end
	STORE2(Z12, Z13); C_NEXT; JZ end
	STORE2(Z14, Z15); C_NEXT; JZ end
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

panel: // as segment, but copies B
	PANEL_BEGIN

	PCALIGN $32
panelK:
	VMOVUPS    (BX), Z24         // row k of B
	VMOVUPS.Z  64(BX), K1, Z25
	VMOVUPS    Z24, (BP)         // row k of the panel
	VMOVUPS    Z25, 64(BP)
	PREFETCHT1 (BX)(DI*1)
	PREFETCHT1 64(BX)(DI*1)
	MUL2(R8, Z27, Z0, Z1)        // row 0 of the tile
	MUL2(R9, Z28, Z2, Z3)
	MUL2(R10, Z29, Z4, Z5)
	MUL2(R11, Z30, Z6, Z7)
	MUL2(R12, Z31, Z8, Z9)
	MUL2(R13, Z27, Z10, Z11)
	MUL2(R14, Z28, Z12, Z13)
	MUL2(R15, Z29, Z14, Z15)
	ADDQ       $128, BP
	K_END
	JNZ        panelK
	PANEL_END(128)
	JMP        summed

few: // as segment, for a last tile of at most two rows: the other rows are not computed
	SEGMENT_BEGIN

	PCALIGN $32
fewK:
	AHEAD
	VMOVUPS   (BX), Z24        // row k of B
	VMOVUPS.Z 64(BX), K1, Z25
	MUL2(R8, Z27, Z0, Z1)      // row 0 of the tile
	MUL2(R9, Z28, Z2, Z3)
	K_END
	JNZ       fewK
	SEGMENT_END
	JNZ       few
	MOVQ      s+0(FP), DI
	JMP       summed

end:
	VZEROUPPER
	RET

// ---- 8×16: one register across ----

// The multiply-add reads its element of A from memory: with a single register across, there are as
// many loads as multiply-adds either way.
#define MUL1(row, z0) \
	VFMADD231PS.BCST (row)(AX*1), Z24, z0

// Ten columns, as of ten classes, fill 8 lanes and 2 of the next 8. Instead of registers of 16 with 6
// lanes idle, there are registers of 8: one for a row's first 8 columns, and one for the other 2
// columns of four rows. That makes 10 multiply-adds of 8 lanes for 8 rows instead of 8 of 16 lanes,
// which take as long as 16. Y10 is a row of B, Y11 its last 2 columns four times.
#define TEN(r0, r1, r2, r3, y0, y1, y2, y3, pairs) \
	VBROADCASTSS (r0)(AX*1), Y12; \
	VBROADCASTSS (r1)(AX*1), Y13; \
	VBROADCASTSS (r2)(AX*1), Y14; \
	VBROADCASTSS (r3)(AX*1), Y15; \
	VFMADD231PS Y12, Y10, y0; \
	VFMADD231PS Y13, Y10, y1; \
	VFMADD231PS Y14, Y10, y2; \
	VFMADD231PS Y15, Y10, y3; \
	VBLENDPS $0x0c, Y13, Y12, Y12; \ // Y12 = rows 0 0 1 1 2 2 3 3
	VBLENDPS $0xc0, Y15, Y14, Y14; \
	VBLENDPS $0xf0, Y14, Y12, Y12; \
	VFMADD231PS Y12, Y11, pairs

// func matmul_8x16_f32_avx512(s *strip)
TEXT ·matmul_8x16_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ  s+0(FP), DI
	KMOVW strip_mask(DI), K1

tile:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	TILE_BEGIN
	MOVQ   s+0(FP), CX
	CMPW   strip_mask(CX), $0x3ff
	JEQ    ten

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	VMOVUPS.Z (BX), K1, Z24 // row k of B
	MUL1(R8, Z0)           // row 0 of the tile
	MUL1(R9, Z1)
	MUL1(R10, Z2)
	MUL1(R11, Z3)
	MUL1(R12, Z4)
	MUL1(R13, Z5)
	MUL1(R14, Z6)
	MUL1(R15, Z7)
	K_END
	JNZ       k
	SEGMENT_END
	JNZ       segment
	MOVQ      s+0(FP), DI

summed:
	CMPB strip_add(DI), $0
	JEQ  added
	C_BEGIN
	VADDPS (BX), Z0, K1, Z0; C_NEXT; JZ added
	VADDPS (BX), Z1, K1, Z1; C_NEXT; JZ added
	VADDPS (BX), Z2, K1, Z2; C_NEXT; JZ added
	VADDPS (BX), Z3, K1, Z3; C_NEXT; JZ added
	VADDPS (BX), Z4, K1, Z4; C_NEXT; JZ added
	VADDPS (BX), Z5, K1, Z5; C_NEXT; JZ added
	VADDPS (BX), Z6, K1, Z6; C_NEXT; JZ added
	VADDPS (BX), Z7, K1, Z7

added:
	MOVQ      strip_bias(DI), SI
	TESTQ     SI, SI
	JZ        biased
	VMOVUPS.Z (SI), K1, Z24
	VADDPS    Z24, Z0, Z0
	VADDPS    Z24, Z1, Z1
	VADDPS    Z24, Z2, Z2
	VADDPS    Z24, Z3, Z3
	VADDPS    Z24, Z4, Z4
	VADDPS    Z24, Z5, Z5
	VADDPS    Z24, Z6, Z6
	VADDPS    Z24, Z7, Z7

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z27, Z27, Z27
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z4, Z5, Z6, Z7)

activated:
	C_BEGIN
	VMOVUPS Z0, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z1, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z2, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z3, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z4, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z5, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z6, K1, (BX); C_NEXT; JZ end
	VMOVUPS Z7, K1, (BX); C_NEXT; JZ end
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

ten: // as segment, for ten columns
	VXORPS Y8, Y8, Y8 // Y8, Y9 = the last 2 columns of rows 0 … 3 and 4 … 7
	VXORPS Y9, Y9, Y9

tenSegment:
	SEGMENT_BEGIN

	PCALIGN $32
tenK:
	VMOVUPS      (BX), Y10   // row k of B
	VBROADCASTSD 32(BX), Y11
	TEN(R8, R9, R10, R11, Y0, Y1, Y2, Y3, Y8)
	TEN(R12, R13, R14, R15, Y4, Y5, Y6, Y7, Y9)
	K_END
	JNZ          tenK
	SEGMENT_END
	JNZ          tenSegment
	MOVQ         s+0(FP), DI
	VEXTRACTF128 $1, Y8, X10      // X10 = rows 2 and 3
	VEXTRACTF128 $1, Y9, X11      // X11 = rows 6 and 7
	VPERMILPD    $1, X8, X12      // X12 … X15 = the odd rows first
	VPERMILPD    $1, X10, X13
	VPERMILPD    $1, X9, X14
	VPERMILPD    $1, X11, X15
	VINSERTF32X4 $2, X8, Z0, Z0   // behind each row's 8 columns
	VINSERTF32X4 $2, X12, Z1, Z1
	VINSERTF32X4 $2, X10, Z2, Z2
	VINSERTF32X4 $2, X13, Z3, Z3
	VINSERTF32X4 $2, X9, Z4, Z4
	VINSERTF32X4 $2, X14, Z5, Z5
	VINSERTF32X4 $2, X11, Z6, Z6
	VINSERTF32X4 $2, X15, Z7, Z7
	JMP          summed

end:
	VZEROUPPER
	RET
