// What AVX-512 and AVX2 share in products with the nonzeros of A: iterating over the bits that say
// which elements are not zero. See zeros_rows.go, and zeros_columns.go for a transposed A, where
// s.aStep, s.aRow, s.maskStep and s.maskNext differ.
//
// The Go loop that they replace, with a row of sums in registers:
//
//	for i := range m {
//		sum := sums[i] // or 0 if s.begins
//		for k in the bits of row i { // 64 of them in a word
//			for j := range n {
//				sum[j] = fma(A[i,k], B[k,j], sum[j])
//			}
//		}
//		sums[i] = sum
//		if any sum is −0 { s.minus = true } // false at the start
//	}
//
// EACH_ROW does that. EITHER_ROW keeps the sums of two rows, iterates over the k at which either is
// not zero, and multiplies the row or rows that are not. BOTH_ROWS iterates over the same k and
// always multiplies both rows. They change s.a, s.masks, s.sums and s.m.
//
// EITHER_ROW checks its sums only if s.last says that they are complete. If s.looks, it sets
// s.infinite if any is infinite or NaN.
//
// Registers: R8 and R9 the row or rows of A, R10 their step from k to k+1; BX is B, R11 its step; R14
// the words of bits and R15 the step to the second row's, or the words of both rows themselves; SI
// the words left, CX what is left of one; AX and DX the offsets of k in A and B; R12 the prefetch
// address and R13 its step. AX is the sums, too.

// Begin, for all forms.
#define ROWS_BEGIN \
	MOVQ s+0(FP), DI; \
	MOVQ strip_aStep(DI), R10; \
	MOVQ strip_bStep(DI), R11; \
	MOVQ strip_ahead(DI), R12; \
	MOVQ strip_aheadStep(DI), R13; \
	LEAST_BEGIN

// Begin n rows: their addresses in A, B and the bits, and the prefetches while they are computed. The
// next rows' start values are advanced right away: the end of these rows' bits is a branch
// misprediction, after which the next multiply-add waits for everything that comes before it.
#define ROW_BEGIN(n) \
	MOVQ strip_a(DI), R8; \
	MOVQ strip_aRow(DI), R9; \
	IMUL3Q $n, R9, AX; \
	ADDQ AX, strip_a(DI); \
	ADDQ R8, R9; \
	MOVQ strip_masks(DI), R14; \
	MOVQ strip_maskStep(DI), R15; \
	LEAQ (R14)(R15*n), AX; \
	MOVQ AX, strip_masks(DI); \
	MOVQ strip_b(DI), BX; \
	ROW_AHEAD

// Advance the prefetch to the next line of each row if this one is done.
#define ROW_AHEAD \
	CMPQ R12, strip_aheadEnd(DI); \
	JCS  ahead; \
	MOVQ strip_aheadFirst(DI), R12; \ // the next line of each row
	ADDQ $64, R12; \
	MOVQ R12, strip_aheadFirst(DI); \
	DECQ strip_aheadTiles(DI); \
	JGT  ahead; \
	MOVQ BX, R12; \ // nothing left to prefetch: the same line again and again
	XORL R13, R13; \
	MOVQ R13, strip_aheadStep(DI); \
	MOVQ $-1, strip_aheadEnd(DI); \
ahead:

// End n rows. AX is past their sums.
#define ROW_END(n) \
	MOVQ AX, strip_sums(DI); \
	SUBQ $n, strip_m(DI)

#define ROWS_END \
	MOVQ R12, strip_ahead(DI); \
	ROWS_RETURN

// The next k, whose bit is removed from CX: AX and DX are its offsets. The flag Z is set if it was
// the last.
#define NEXT_K \
	TZCNTQ     CX, AX; \
	MOVQ       AX, DX; \
	IMULQ      R10, AX; \
	IMULQ      R11, DX; \
	PREFETCHT1 (R12); \
	ADDQ       R13, R12; \
	ADDQ       BX, DX; \
	BLSRQ      CX, CX

#define EACH_ROW(zero, load, mul, least, store) \
	ROWS_BEGIN; \
row: \
	ROW_BEGIN(1); \
	CMPB strip_begins(DI), $0; \
	JEQ  continued; \
	zero; \
	JMP  begun; \
continued: \
	MOVQ strip_sums(DI), AX; \
	load; \
begun: \
	MOVQ strip_words(DI), SI; \
word: \
	MOVQ  (R14), CX; \
	ADDQ  strip_maskNext(DI), R14; \
	TESTQ CX, CX; \
	JEQ   next; \
	PCALIGN $32; \
k: \
	NEXT_K; \
	ELEMENT0; \
	mul; \
	JNZ k; \
next: \
	DECQ SI; \
	JEQ  summed; \
	ADDQ strip_aWord(DI), R8; \
	ADDQ strip_bWord(DI), BX; \
	JMP  word; \
summed: \
	least; \
	MOVQ strip_sums(DI), AX; \
	store; \
	ADDQ strip_sumStep(DI), AX; \
	ROW_END(1); \
	JGT row; \
	ROWS_END

#define BOTH_ROWS(zero, load0, load1, mul, least, store0, store1) \
	ROWS_BEGIN; \
row: \
	ROW_BEGIN(2); \
	CMPB strip_begins(DI), $0; \
	JEQ  continued; \
	zero; \
	JMP  begun; \
continued: \
	MOVQ strip_sums(DI), AX; \
	load0; \
	ADDQ strip_sumStep(DI), AX; \
	load1; \
begun: \
	MOVQ strip_words(DI), SI; \
word: \
	MOVQ strip_maskNext(DI), AX; \
	MOVQ (R14), CX; \
	ORQ  (R14)(R15*1), CX; \
	LEAQ (R14)(AX*1), R14; \
	JEQ  next; \
	PCALIGN $32; \
k: \
	NEXT_K; \
	ELEMENT0; \
	ELEMENT1; \
	mul; \
	JNZ k; \
next: \
	DECQ SI; \
	JEQ  summed; \
	MOVQ strip_aWord(DI), AX; \
	ADDQ AX, R8; \
	ADDQ AX, R9; \
	ADDQ strip_bWord(DI), BX; \
	JMP  word; \
summed: \
	least; \
	MOVQ strip_sums(DI), AX; \
	store0; \
	ADDQ strip_sumStep(DI), AX; \
	store1; \
	ADDQ strip_sumStep(DI), AX; \
	ROW_END(2); \
	JGT row; \
	ROWS_END

// The bits of the two rows, one word each, are in R14 and R15. Which of the three cases comes at a k
// depends on branches that may be mispredicted. But the branches depend on the bits alone, so they
// are resolved long before the pending multiply-adds are done, and these go on meanwhile. So each
// case ends with the branches to the next. The bits of the next two rows are in R10 and SI (two more
// words must follow the last rows): the end of these rows is mostly mispredicted, and then they are
// at hand. Neighbours in k are neighbours in memory.
#define EITHER_NEXT \
	TESTQ CX, CX; \
	JEQ   summed; \
	TZCNTQ     CX, AX; \
	MOVQ       AX, DX; \
	IMULQ      R11, DX; \
	PREFETCHT1 (R12); \
	ADDQ       R13, R12; \
	ADDQ       BX, DX; \
	BLSRQ      CX, CX; \
	BTQ        AX, R14; \
	JCC        second; \
	BTQ        AX, R15; \
	JCC        first

#define EITHER_ROW(zero, load0, load1, mul0, mul1, mulBoth, least, finite, store0, store1) \
	ROWS_BEGIN; \
	FINITE_BEGIN; \
	MOVQ strip_masks(DI), AX; \
	MOVQ strip_maskStep(DI), DX; \
	MOVQ (AX), R10; \
	MOVQ (AX)(DX*1), SI; \
	MOVQ strip_b(DI), BX; \
row: \
	MOVQ R10, R14; \
	MOVQ SI, R15; \
	MOVQ strip_maskStep(DI), DX; \
	MOVQ strip_masks(DI), AX; \
	LEAQ (AX)(DX*2), AX; \
	MOVQ AX, strip_masks(DI); \
	MOVQ (AX), R10; \
	MOVQ (AX)(DX*1), SI; \
	MOVQ strip_a(DI), R8; \
	MOVQ strip_aRow(DI), R9; \
	LEAQ (R8)(R9*2), AX; \
	MOVQ AX, strip_a(DI); \
	ADDQ R8, R9; \
	ROW_AHEAD; \
	CMPB strip_begins(DI), $0; \
	JEQ  continued; \
	zero; \
	JMP  begun; \
continued: \
	MOVQ strip_sums(DI), AX; \
	load0; \
	ADDQ strip_sumStep(DI), AX; \
	load1; \
begun: \
	MOVQ R14, CX; \
	ORQ  R15, CX; \
	EITHER_NEXT; \
both: \
	ELEMENT0_NEAR; \
	ELEMENT1_NEAR; \
	mulBoth; \
	EITHER_NEXT; \
	JMP both; \
	PCALIGN $32; \
first: \
	ELEMENT0_NEAR; \
	mul0; \
	EITHER_NEXT; \
	JMP both; \
	PCALIGN $32; \
second: \
	ELEMENT1_NEAR; \
	mul1; \
	EITHER_NEXT; \
	JMP both; \
summed: \
	MOVQ strip_sums(DI), AX; \
	store0; \
	ADDQ strip_sumStep(DI), AX; \
	store1; \
	CMPB strip_last(DI), $0; \
	JEQ  told; \
	least; \
	CMPB strip_looks(DI), $0; \
	JEQ  told; \
	finite; \
told: \
	ADDQ strip_sumStep(DI), AX; \
	ROW_END(2); \
	JGT row; \
	FINITE_END; \
	ROWS_END
