// What products with the nonzeros of A's rows do alike in AVX-512 and AVX2: how they go
// over the bits that say which elements of A are not zero. See zeros_rows.go.
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
//	}
//
// EACH_ROW does that. EITHER_ROW keeps the sums of two rows, goes over the k at which
// either is not zero, and multiplies the row or the rows that are not. BOTH_ROWS goes over
// the same k and multiplies both rows. They change s.a, s.sums and s.m.
//
// Registers: R8 and R9 the row or rows of A, R10 the step from k to k+1 in them; BX is B,
// R11 the step there; SI the words of bits, CX what is left of one; AX and DX the places of
// k in A and B; R12 what is fetched for later and R13 its step; R14 the sums.

// Begin, whatever the rows.
#define ROWS_BEGIN \
	MOVQ s+0(FP), DI; \
	MOVQ strip_masks(DI), SI; \
	MOVQ strip_aStep(DI), R10; \
	MOVQ strip_bStep(DI), R11; \
	MOVQ strip_aheadStep(DI), R13

// Begin a row or a pair: where it is in A and B, and what is fetched while it is computed.
#define ROW_BEGIN \
	MOVQ strip_a(DI), R8; \
	MOVQ strip_b(DI), BX; \
	MOVQ strip_sums(DI), R14; \
	MOVQ strip_ahead(DI), R12; \
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
ahead:

// End n rows, whose sums have so many bytes.
#define ROW_END(n, bytes) \
	MOVQ R12, strip_ahead(DI); \
	ADDQ $bytes, strip_sums(DI); \
	MOVQ strip_aRow(DI), AX; \
	IMUL3Q $n, AX, AX; \
	ADDQ AX, strip_a(DI); \
	MOVQ strip_maskStep(DI), AX; \
	LEAQ (SI)(AX*n), SI; \
	SUBQ $n, strip_m(DI)

// The next k, whose bit is taken off CX: AX and DX are where it is. The flag Z is set if it
// was the last.
#define NEXT_K \
	TZCNTQ     CX, AX; \
	MOVQ       AX, DX; \
	IMULQ      R10, AX; \
	IMULQ      R11, DX; \
	PREFETCHT1 (R12); \
	ADDQ       R13, R12; \
	ADDQ       BX, DX; \
	BLSRQ      CX, CX

#define EACH_ROW(bytes, zero, load, mul, store) \
	ROWS_BEGIN; \
row: \
	ROW_BEGIN; \
	zero; \
	CMPB strip_begins(DI), $0; \
	JNE  begun; \
	load; \
begun: \
	MOVQ strip_words(DI), R9; \
	MOVQ SI, R14; \
word: \
	MOVQ  (R14), CX; \
	ADDQ  $8, R14; \
	TESTQ CX, CX; \
	JEQ   next; \
	PCALIGN $32; \
k: \
	NEXT_K; \
	ELEMENT0; \
	mul; \
	JNZ k; \
next: \
	DECQ R9; \
	JEQ  summed; \
	ADDQ strip_aWord(DI), R8; \
	ADDQ strip_bWord(DI), BX; \
	JMP  word; \
summed: \
	MOVQ strip_sums(DI), R14; \
	store; \
	ROW_END(1, bytes); \
	JGT row; \
	VZEROUPPER; \
	RET

#define BOTH_ROWS(bytes, zero, load, mul, store) \
	ROWS_BEGIN; \
row: \
	ROW_BEGIN; \
	MOVQ R8, R9; \
	ADDQ strip_aRow(DI), R9; \
	zero; \
	CMPB strip_begins(DI), $0; \
	JNE  begun; \
	load; \
begun: \
	MOVQ strip_words(DI), R15; \
	MOVQ SI, R14; \
word: \
	MOVQ strip_maskStep(DI), AX; \
	MOVQ (R14), CX; \
	ORQ  (R14)(AX*1), CX; \
	LEAQ 8(R14), R14; \
	JEQ  next; \
	PCALIGN $32; \
k: \
	NEXT_K; \
	ELEMENT0; \
	ELEMENT1; \
	mul; \
	JNZ k; \
next: \
	DECQ R15; \
	JEQ  summed; \
	MOVQ strip_aWord(DI), AX; \
	ADDQ AX, R8; \
	ADDQ AX, R9; \
	ADDQ strip_bWord(DI), BX; \
	JMP  word; \
summed: \
	MOVQ strip_sums(DI), R14; \
	store; \
	ROW_END(2, bytes); \
	JGT row; \
	VZEROUPPER; \
	RET

// The bits of the two rows, of one word each, are in R14 and R15. Which of the three ways
// is gone at a k depends on branches that may be foretold wrongly; but as they depend on
// nothing but the bits, they are known long before the multiply-adds that are still to be
// done, and these go on meanwhile. So each way ends with the branches to the next.
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

#define EITHER_ROW(bytes, zero, load, mul0, mul1, mulBoth, store) \
	ROWS_BEGIN; \
row: \
	ROW_BEGIN; \
	MOVQ R8, R9; \
	ADDQ strip_aRow(DI), R9; \
	zero; \
	CMPB strip_begins(DI), $0; \
	JNE  begun; \
	load; \
begun: \
	MOVQ strip_maskStep(DI), AX; \
	MOVQ (SI), R14; \
	MOVQ (SI)(AX*1), R15; \
	MOVQ R14, CX; \
	ORQ  R15, CX; \
	EITHER_NEXT; \
both: \
	IMULQ R10, AX; \
	ELEMENT0; \
	ELEMENT1; \
	mulBoth; \
	EITHER_NEXT; \
	JMP both; \
	PCALIGN $32; \
first: \
	IMULQ R10, AX; \
	ELEMENT0; \
	mul0; \
	EITHER_NEXT; \
	JMP both; \
	PCALIGN $32; \
second: \
	IMULQ R10, AX; \
	ELEMENT1; \
	mul1; \
	EITHER_NEXT; \
	JMP both; \
summed: \
	MOVQ strip_sums(DI), R14; \
	store; \
	ROW_END(2, bytes); \
	JGT row; \
	VZEROUPPER; \
	RET
