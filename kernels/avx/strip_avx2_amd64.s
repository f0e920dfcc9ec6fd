//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Products of strips in AVX2 with FMA: tiles of 6 rows by 2 or 1 registers of 8 floats. They replace
// the Go loop at the top of strip_avx512_amd64.s, and work in the same way.
//
// Registers: R8…R13 the tile's 6 rows of A, AX the offset in them, SI its step per k, BX the row of
// B, DX its step, CX and DI the counts of k and of segments. Y12 and Y13 hold the row of B, Y14 and
// Y15 broadcast elements of A; after the last k, Y15 masks the last register. The sums of row r are
// in Y2r and Y2r+1, or in Yr. B is read in whole registers: masks cost too much here. BP and DI serve
// prefetching and panels as in that file; R14 is the prefetch step.

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
	ADDQ $48, SI; \
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

// Set up a tile's prefetches: one line at BP for each k, R14 bytes apart. If there is nothing to
// prefetch, R14 is 0 and the same line is touched again and again.
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
	MOVQ SI, R14

#define AHEAD \
	PREFETCHT1 (BP); \
	ADDQ R14, BP

// Begin a tile that copies B: its panel, and prefetching 32 rows ahead.
#define PANEL_BEGIN \
	MOVQ s+0(FP), DI; \
	MOVQ strip_panel(DI), BP; \
	MOVQ strip_length(DI), CX; \
	MOVQ DX, DI; \
	SHLQ $5, DI

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

#define ZERO3(y0, y1, y2) \
	VXORPS y0, y0, y0; \
	VXORPS y1, y1, y1; \
	VXORPS y2, y2, y2

// Begin a tile: prefetch its rows of C, or those of a later tile, to have them in the cache when the
// sums are ready. (Addresses past C do no harm.)
#define PREFETCH_C(line) \
	ADDQ strip_cNext(DI), BX; \
	line; ADDQ DX, BX; \
	line; ADDQ DX, BX; \
	line; ADDQ DX, BX; \
	line; ADDQ DX, BX; \
	line; ADDQ DX, BX; \
	line

// Three sums at a time: y = max(y, 0), or y itself if it is NaN. Y12 is 0; adding it first turns −0
// into +0.
#define RELU3(y0, y1, y2) \
	VADDPS Y12, y0, y0; \
	VADDPS Y12, y1, y1; \
	VADDPS Y12, y2, y2; \
	VMAXPS y0, Y12, y0; \
	VMAXPS y1, Y12, y1; \
	VMAXPS y2, Y12, y2

// ---- 6×16: two registers across ----

// One row and one k: two sums += A[row,k]·B[k].
#define MUL2(row, a, y0, y1) \
	VBROADCASTSS (row)(AX*1), a; \
	VFMADD231PS Y12, a, y0; \
	VFMADD231PS Y13, a, y1

// One k: its row of B, and the tile's rows.
#define ONE_K(b) \
	VMOVUPS b, Y12; \
	VMOVUPS 32 b, Y13; \
	MUL2(R8, Y14, Y0, Y1); \
	MUL2(R9, Y15, Y2, Y3); \
	MUL2(R10, Y14, Y4, Y5); \
	MUL2(R11, Y15, Y6, Y7); \
	MUL2(R12, Y14, Y8, Y9); \
	MUL2(R13, Y15, Y10, Y11)

#define ADD2(y0, y1) \
	VADDPS (BX), y0, y0; \
	VMASKMOVPS 32(BX), Y15, Y13; \
	VADDPS Y13, y1, y1

#define BIAS2(y0, y1) \
	VADDPS Y12, y0, y0; \
	VADDPS Y13, y1, y1

#define STORE2(y0, y1) \
	VMOVUPS y0, (BX); \
	VMOVUPS y1, 32(BX)

// Masked stores are slow on some processors, so only the last strip uses them.
#define STORE2_MASKED(y0, y1) \
	VMOVUPS y0, (BX); \
	VMASKMOVPS y1, Y15, 32(BX)

// With fewer k than this in a segment, taking them in pairs costs more than it saves.
#define leastPairs 16

// func matmul_6x16_f32_avx2(s *strip)
TEXT ·matmul_6x16_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI

tile:
	ZERO3(Y0, Y1, Y2)
	ZERO3(Y3, Y4, Y5)
	ZERO3(Y6, Y7, Y8)
	ZERO3(Y9, Y10, Y11)
	MOVQ strip_c(DI), BX
	MOVQ strip_cStep(DI), DX
	CMPB strip_cFar(DI), $0
	JNE  far
	PREFETCH_C(PREFETCHT0 (BX))
	JMP  begin

far:
	PREFETCH_C(PREFETCHT1 (BX))

begin:
	AHEAD_BEGIN
	TILE_BEGIN
	MOVQ  s+0(FP), CX
	CMPQ  strip_panel(CX), $0
	JNE   panel
	CMPQ  strip_length(CX), $leastPairs
	JLT   segment
	TESTQ R14, R14
	JZ    alone

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	AHEAD
	ONE_K((BX))
	K_END
	JNZ     k
	SEGMENT_END
	JNZ     segment
	MOVQ    s+0(FP), DI

summed:
	VMOVUPS strip_lanes(DI), Y15
	CMPB    strip_add(DI), $0
	JEQ     added
	C_BEGIN
	ADD2(Y0, Y1);  C_NEXT; JZ added
	ADD2(Y2, Y3);  C_NEXT; JZ added
	ADD2(Y4, Y5);  C_NEXT; JZ added
	ADD2(Y6, Y7);  C_NEXT; JZ added
	ADD2(Y8, Y9);  C_NEXT; JZ added
	ADD2(Y10, Y11)

added:
	MOVQ       strip_bias(DI), SI
	TESTQ      SI, SI
	JZ         biased
	VMOVUPS    (SI), Y12
	VMASKMOVPS 32(SI), Y15, Y13
	BIAS2(Y0, Y1)
	BIAS2(Y2, Y3)
	BIAS2(Y4, Y5)
	BIAS2(Y6, Y7)
	BIAS2(Y8, Y9)
	BIAS2(Y10, Y11)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU3(Y0, Y1, Y2)
	RELU3(Y3, Y4, Y5)
	RELU3(Y6, Y7, Y8)
	RELU3(Y9, Y10, Y11)

activated:
	C_BEGIN
	CMPW strip_mask(DI), $0xff
	JNE  masked
	STORE2(Y0, Y1);   C_NEXT; JZ end
	STORE2(Y2, Y3);   C_NEXT; JZ end
	STORE2(Y4, Y5);   C_NEXT; JZ end
	STORE2(Y6, Y7);   C_NEXT; JZ end
	STORE2(Y8, Y9);   C_NEXT; JZ end
	STORE2(Y10, Y11); C_NEXT; JZ end
	JMP  next

masked:
	STORE2_MASKED(Y0, Y1);   C_NEXT; JZ end
	STORE2_MASKED(Y2, Y3);   C_NEXT; JZ end
	STORE2_MASKED(Y4, Y5);   C_NEXT; JZ end
	STORE2_MASKED(Y6, Y7);   C_NEXT; JZ end
	STORE2_MASKED(Y8, Y9);   C_NEXT; JZ end
	STORE2_MASKED(Y10, Y11); C_NEXT; JZ end

next:
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

alone: // as segment, without prefetching: two k take 44 instructions instead of 50,
	// which matters if another thread of the core takes turns at decoding
	SEGMENT_BEGIN
	SHRQ $1, CX
	JCC  pair
	ONE_K((BX)) // if their number is odd, the first by itself
	ADDQ SI, AX
	ADDQ DX, BX
	TESTQ CX, CX
	JZ   aloneEnd

	PCALIGN $32
pair:
	ONE_K((BX))
	ADDQ SI, AX
	ONE_K((BX)(DX*1))
	ADDQ SI, AX
	LEAQ (BX)(DX*2), BX
	DECQ CX
	JNZ  pair

aloneEnd:
	SEGMENT_END
	JNZ  alone
	MOVQ s+0(FP), DI
	JMP  summed

panel: // as segment, but copies B
	PANEL_BEGIN

	PCALIGN $32
panelK:
	ONE_K((BX))
	VMOVUPS    Y12, (BP)     // row k of the panel
	VMOVUPS    Y13, 32(BP)
	PREFETCHT1 (BX)(DI*1)
	ADDQ       $64, BP
	K_END
	JNZ        panelK
	PANEL_END(64)
	JMP        summed

end:
	VZEROUPPER
	RET

// ---- 6×8: one register across ----

#define MUL1(row, a, y0) \
	VBROADCASTSS (row)(AX*1), a; \
	VFMADD231PS Y12, a, y0

#define ADD1(y0) \
	VMASKMOVPS (BX), Y15, Y13; \
	VADDPS Y13, y0, y0

// func matmul_6x8_f32_avx2(s *strip)
TEXT ·matmul_6x8_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI

tile:
	ZERO3(Y0, Y1, Y2)
	ZERO3(Y3, Y4, Y5)
	TILE_BEGIN

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	VMOVUPS (BX), Y12  // row k of B
	MUL1(R8, Y14, Y0)  // row 0 of the tile
	MUL1(R9, Y15, Y1)
	MUL1(R10, Y14, Y2)
	MUL1(R11, Y15, Y3)
	MUL1(R12, Y14, Y4)
	MUL1(R13, Y15, Y5)
	K_END
	JNZ     k
	SEGMENT_END
	JNZ     segment

	MOVQ    s+0(FP), DI
	VMOVUPS strip_lanes(DI), Y15
	CMPB    strip_add(DI), $0
	JEQ     added
	C_BEGIN
	ADD1(Y0); C_NEXT; JZ added
	ADD1(Y1); C_NEXT; JZ added
	ADD1(Y2); C_NEXT; JZ added
	ADD1(Y3); C_NEXT; JZ added
	ADD1(Y4); C_NEXT; JZ added
	ADD1(Y5)

added:
	MOVQ       strip_bias(DI), SI
	TESTQ      SI, SI
	JZ         biased
	VMASKMOVPS (SI), Y15, Y12
	VADDPS     Y12, Y0, Y0
	VADDPS     Y12, Y1, Y1
	VADDPS     Y12, Y2, Y2
	VADDPS     Y12, Y3, Y3
	VADDPS     Y12, Y4, Y4
	VADDPS     Y12, Y5, Y5

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU3(Y0, Y1, Y2)
	RELU3(Y3, Y4, Y5)

activated:
	C_BEGIN
	VMASKMOVPS Y0, Y15, (BX); C_NEXT; JZ end
	VMASKMOVPS Y1, Y15, (BX); C_NEXT; JZ end
	VMASKMOVPS Y2, Y15, (BX); C_NEXT; JZ end
	VMASKMOVPS Y3, Y15, (BX); C_NEXT; JZ end
	VMASKMOVPS Y4, Y15, (BX); C_NEXT; JZ end
	VMASKMOVPS Y5, Y15, (BX); C_NEXT; JZ end
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

end:
	VZEROUPPER
	RET
