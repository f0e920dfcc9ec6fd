// What products of strips that leave out zeros of A do alike in AVX-512 and AVX2: where
// their rows are, their lists, and what is fetched. See zeros.go.
//
// The Go loop that they replace, with C in registers, for each pair of rows:
//
//	list, count = the pair's list, its length
//	for _, k := range list[:count] {
//		for j := range n {
//			sum[0][j] = fma(A[0,k], B[k,j], sum[0][j])
//			sum[1][j] = fma(A[1,k], B[k,j], sum[1][j])
//		}
//	}
//	if any sum is −0 { return }
//	if add { sum += C }
//	if bias != nil { sum += bias }
//	if relu { sum = max(sum, 0) } // a NaN stays
//	C = sum; s.c, s.m = the next pair's rows of C, how many are left
//
// Registers: R8 and R9 the pair's rows of A, R10 the step from k to k+1 in them, BX is
// B and R11 the step there, SI the end of the list and −CX its entries left, AX and DX the
// places of k in A and B, R12 what is fetched for later and R13 its step. After the last
// k, BX is C, DX its step and CX the rows left.

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

// Begin and end an entry of the list. K_BEGIN puts the pair's elements of A into all lanes of
// a0 and a1.
#define K_BEGIN(a0, a1) \
	MOVLQSX      (SI)(CX*4), AX; \
	MOVQ         AX, DX; \
	IMULQ        R10, AX; \
	IMULQ        R11, DX; \
	ADDQ         BX, DX; \ // row k of B
	PREFETCHT1   (R12); \
	ADDQ         R13, R12; \
	VBROADCASTSS (R8)(AX*1), a0; \
	VBROADCASTSS (R9)(AX*1), a1

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

// Before rows of C are added or stored.
#define C_ROWS \
	MOVQ strip_c(DI), BX; \
	MOVQ strip_cStep(DI), DX; \
	MOVQ strip_m(DI), CX

#define C_NEXT \
	ADDQ DX, BX; \
	DECQ CX
