// Tails. The last vector of a slice is rarely whole: the lanes past the end are masked off, so that
// they are neither read nor written. With AVX-512, one loop runs to the end with a mask in each
// iteration, which costs nothing. AVX2's masked loads are not prefetched on all processors and its
// masked stores are slow, so there the last vector has code of its own. The macros use R11 and R12.

// LANES16(n, k): mask register k = the valid lanes of a vector of 16 when n elements are left: min(n,
// 16) ones.
#define LANES16(n, k) \
	MOVL    $16, R11 \
	CMPQ    n, R11 \
	CMOVQLT n, R11 \
	MOVL    $-1, R12 \
	BZHIL   R11, R12, R11 \
	KMOVW   R11, k

// LANES8(n, mask): vector register mask = −1 in the valid lanes of a vector of 8 when n elements are
// left, 0 in the others.
#define LANES8(n, mask) \
	MOVL    $8, R11 \
	CMPQ    n, R11 \
	CMOVQLT n, R11 \
	NEGQ    R11 \
	LEAQ    ·lanes8+32(SB), R12 \
	VMOVDQU (R12)(R11*4), mask

// MODE16(m, k): mask register k = all lanes if m, a Mode in a general register, is Accumulate,
// otherwise none. An addition of the old value under this mask needs no branch.
#define MODE16(m, k) \
	NEGL  m \
	KMOVW m, k

// LANES32(n, k): mask register k = min(n, 32) ones.
#define LANES32(n, k) \
	MOVL    $32, R11 \
	CMPQ    n, R11 \
	CMOVQLT n, R11 \
	MOVL    $-1, R12 \
	BZHIL   R11, R12, R11 \
	KMOVD   R11, k
