// What products of a transposed A that leave out its zeros do alike in AVX-512 and AVX2.
// See zeros_columns.go.
//
// The Go loop that they replace, with C in registers, for each row i of the block, or for
// each pair of rows, whose bits are put together:
//
//	sum = 0 if first, else sums[i]
//	for w := range words {
//		for rest := bits[w][i]; rest != 0; rest &= rest - 1 {
//			k := 64*w + bits.TrailingZeros64(rest)
//			for j := range n {
//				sum[j] = fma(A[i,k], B[k,j], sum[j])
//			}
//		}
//	}
//	if !last { sums[i] = sum; continue }
//	if any sum is −0 { return }
//	if add { sum += C }
//	if bias != nil { sum += bias }
//	if relu { sum = max(sum, 0) } // a NaN stays
//	C = sum
//
// Registers: DI is the zeroBlock, SI the row's words and CX those left, R8 the bits left of
// one, R9 the row of A (of a pair the second one is R14) and R10 the step from k to k+1
// there, BX is B and R11 its step, AX and DX the places of k in A and B, R12 what is fetched
// for later and R13 its step. After the last k, BX is C, DX its step and CX the rows left.

#define BLOCK_BEGIN \
	MOVQ s+0(FP), DI; \
	MOVQ zeroBlock_aStep(DI), R10; \
	MOVQ zeroBlock_bStep(DI), R11; \
	MOVQ zeroBlock_ahead(DI), R12; \
	MOVQ zeroBlock_aheadStep(DI), R13

// Begin a row or a pair: its bits, its A, and whether there is still something to fetch.
#define ROWS_BEGIN(rows) \
	MOVQ zeroBlock_bits(DI), SI; \
	ADDQ $(8*rows), zeroBlock_bits(DI); \
	MOVQ zeroBlock_a(DI), R9; \
	ADDQ $(4*rows), zeroBlock_a(DI); \
	MOVQ zeroBlock_b(DI), BX; \
	MOVQ zeroBlock_words(DI), CX; \
	CMPQ R12, zeroBlock_aheadEnd(DI); \
	JCS  ahead; \
	MOVQ BX, R12; \ // nothing: the same line again and again
	XORL R13, R13; \
	MOVQ $-1, zeroBlock_aheadEnd(DI); \
ahead:

// The second row of a pair, or the same one again if there is none.
#define PAIR_BEGIN \
	LEAQ    4(R9), R14; \
	CMPQ    zeroBlock_m(DI), $1; \
	CMOVQEQ R9, R14

// Begin a k: that of the lowest bit, which is taken off. Nothing behind it changes the
// flags until the loop asks whether a bit is left.
#define BIT_BEGIN \
	TZCNTQ     R8, AX; \
	MOVQ       AX, DX; \
	IMULQ      R10, AX; \
	IMULQ      R11, DX; \
	PREFETCHT1 (R12); \
	ADDQ       R13, R12; \
	BLSRQ      R8, R8

// On to the next 64 k.
#define WORD_NEXT \
	ADDQ $128, SI; \
	MOVQ R10, AX; \
	SHLQ $6, AX; \
	ADDQ AX, R9; \
	MOVQ R11, DX; \
	SHLQ $6, DX; \
	ADDQ DX, BX

#define PAIR_WORD_NEXT \
	WORD_NEXT; \
	ADDQ AX, R14

// Bring a pair's rows of C into the cache, if they are written when its sums are ready.
// (The second may not be C's, which does no harm.)
#define PAIR_FETCH_C(row) \
	CMPB zeroBlock_last(DI), $0; \
	JEQ  fetched; \
	MOVQ zeroBlock_c(DI), BX; \
	row; \
	ADDQ zeroBlock_cStep(DI), BX; \
	row; \
fetched:

// Before rows of C are added or stored, and behind the first.
#define BLOCK_ROWS \
	MOVQ zeroBlock_c(DI), BX; \
	MOVQ zeroBlock_cStep(DI), DX; \
	MOVQ zeroBlock_m(DI), CX

#define ROW_NEXT \
	ADDQ DX, BX; \
	DECQ CX

// End a block: what is still to be fetched, because its rows had few k.
#define BLOCK_END \
	TESTQ R13, R13; \
	JZ    left; \
fetch: \
	CMPQ  R12, zeroBlock_aheadEnd(DI); \
	JCC   left; \
	PREFETCHT1 (R12); \
	ADDQ  R13, R12; \
	JMP   fetch; \
left:
