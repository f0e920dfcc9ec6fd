// Products of strips that leave out zeros of A, in AVX2 with FMA: tiles of 2 rows by 6,
// 4, 2 or 1 registers of 8 floats. They replace the Go loop that zeros_avx512_amd64.h
// begins with, and work in the same way.
//
// Registers: R8 and R9 the pair's rows of A, R10 the step from k to k+1 in them, BX is
// B and R11 the step there, SI the end of the list and −CX its entries left, AX and DX the
// places of k in A and B, R12 what is fetched for later and R13 its step. After the last
// k, BX is C, DX its step and CX the rows left. The sums of row 0 are in Y0…Y5, those of
// row 1 in Y6…Y11, Y12 and Y13 elements of A, Y14 and Y15 of the row of B; after the last
// k, Y15 is the mask of the last register. B is read in whole registers.

// Begin a tile: its rows of A, its list, and what is fetched while it is computed.
#define TILE_BEGIN \
	MOVQ strip_rows(DI), SI; \
	MOVQ strip_a(DI), AX; \
	MOVQ 0(SI), R8; \
	ADDQ AX, R8; \
	MOVQ 8(SI), R9; \
	ADDQ AX, R9; \
	ADDQ $16, strip_rows(DI); \ // the next tile's
	MOVQ strip_aStep(DI), R10; \
	MOVQ strip_b(DI), BX; \
	MOVQ strip_bStep(DI), R11; \
	MOVQ strip_list(DI), SI; \
	MOVQ strip_listStep(DI), AX; \
	ADDQ AX, strip_list(DI); \
	MOVQ strip_counts(DI), AX; \
	ADDQ $8, strip_counts(DI); \
	MOVQ (AX), CX; \
	LEAQ (SI)(CX*4), SI; \
	MOVQ strip_ahead(DI), R12; \
	MOVQ strip_aheadStep(DI), R13; \
	CMPQ R12, strip_aheadEnd(DI); \
	JCS  ahead; \
	MOVQ strip_aheadFirst(DI), R12; \ // the next line of each row
	ADDQ $64, R12; \
	MOVQ R12, strip_aheadFirst(DI); \
	DECQ strip_aheadTiles(DI); \
	JGT  ahead; \
	MOVQ BX, R12; \ // nothing is left to fetch: the same line again and again
	XORL R13, R13; \
	MOVQ R13, strip_aheadStep(DI); \
	MOVQ $-1, strip_aheadEnd(DI); \
ahead: \
	NEGQ CX

// Begin and end an entry of the list.
#define K_BEGIN \
	MOVLQSX      (SI)(CX*4), AX; \
	MOVQ         AX, DX; \
	IMULQ        R10, AX; \
	IMULQ        R11, DX; \
	ADDQ         BX, DX; \ // row k of B
	PREFETCHT1   (R12); \
	ADDQ         R13, R12; \
	VBROADCASTSS (R8)(AX*1), Y12; \
	VBROADCASTSS (R9)(AX*1), Y13

#define K_END \
	INCQ CX

// Behind the last k: where to go on fetching.
#define AHEAD_END \
	MOVQ R12, strip_ahead(DI)

// Begin a tile: have its rows of C brought into the cache by the time that the sums are
// ready. (The second may not be C's, which does no harm.)
#define PREFETCH_C(row) \
	MOVQ strip_c(DI), BX; \
	row; \
	ADDQ strip_cStep(DI), BX; \
	row

// One register across, for both rows.
#define MUL(at, b, row0, row1) \
	VMOVUPS     at(DX), b; \
	VFMADD231PS b, Y12, row0; \
	VFMADD231PS b, Y13, row1

#define ZERO2(y0, y1) \
	VXORPS y0, y0, y0; \
	VXORPS y1, y1, y1

// Is there a −0 in the least of the sums, as integers? It is the least of all.
#define MINUS_ZERO(least) \
	VPBROADCASTD ·sign_f32(SB), Y13; \
	VPCMPEQD     Y13, least, Y13; \
	VPTEST       Y13, Y13

// Before rows of C are added or stored.
#define C_BEGIN \
	MOVQ    strip_c(DI), BX; \
	MOVQ    strip_cStep(DI), DX; \
	MOVQ    strip_m(DI), CX; \
	VMOVUPS strip_lanes(DI), Y15

#define C_NEXT \
	ADDQ DX, BX; \
	DECQ CX

// A row of the sums: y += the floats at p, the last register by the mask.
#define ADD_LAST(at, p, y) \
	VMASKMOVPS at(p), Y15, Y14; \
	VADDPS     Y14, y, y

#define ADD2(at, p, y0, y1) \
	VADDPS at+0(p), y0, y0; \
	VADDPS at+32(p), y1, y1

#define STORE2(at, y0, y1) \
	VMOVUPS y0, at+0(BX); \
	VMOVUPS y1, at+32(BX)

// y = max(y, 0), or y itself if it is NaN. Y12 is 0.
#define RELU2(y0, y1) \
	VMAXPS y0, Y12, y0; \
	VMAXPS y1, Y12, y1
