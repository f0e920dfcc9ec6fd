//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Before and after the products with the nonzeros of A's rows: finding the nonzeros, and finishing
// the sums, in AVX-512. See zeros_rows.go, and zeros_rows_amd64.go for the Go loops.

// Which of 16 elements of A are not zero: any bit but the sign's is set. So a NaN counts and −0 does
// not. Z2 has all bits but the sign's.
#define TEST(at, mask, k) VPTESTMD at(BX), Z2, mask, k

// All elements of a word, to (DI) and (R13); K4…K7 are their masks. The same elements of the next row
// are prefetched into the L1 cache.
#define TEST_WORD \
	PREFETCHT0 (BX)(R9*1); \
	PREFETCHT0 64(BX)(R9*1); \
	PREFETCHT0 128(BX)(R9*1); \
	PREFETCHT0 192(BX)(R9*1); \
	TEST(0, K4, K1); \
	TEST(64, K5, K2); \
	KUNPCKWD K1, K2, K1; \
	TEST(128, K6, K2); \
	TEST(192, K7, K3); \
	KUNPCKWD K2, K3, K2; \
	KUNPCKDQ K1, K2, K1; \
	KMOVQ    K1, AX; \
	MOVQ     AX, (DI); \
	ORQ      AX, (R13); \
	ADDQ     $8, DI; \
	ADDQ     $8, R13

// The masks K4…K7 of the first n k of a word. AX is scratch.
#define MASK_WORD(n) \
	MOVQ     n, CX; \
	NEGQ     CX; \ // a shift counts modulo 64
	MOVQ     $-1, AX; \
	SHRQ     CX, AX; \
	KMOVQ    AX, K4; \
	KSHIFTRQ $16, K4, K5; \
	KSHIFTRQ $32, K4, K6; \
	KSHIFTRQ $48, K4, K7

// Registers: SI the row of A and R9 the step to the next, BX the offset in it, DI the bits, R14 those
// of any row and R13 the offset in them, DX the k of a row and R11 those left, R10 the k of a word,
// R12 their bytes, R8 the rows left.

// func nonzero_bits_f32_avx512(bits, any *uint64, a *float32, step, m, n, each int)
TEXT ·nonzero_bits_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ         bits+0(FP), DI
	MOVQ         any+8(FP), R14
	MOVQ         a+16(FP), SI
	MOVQ         step+24(FP), R9
	MOVQ         m+32(FP), R8
	MOVQ         n+40(FP), DX
	MOVQ         each+48(FP), R10
	LEAQ         (R10*4), R12
	MOVL         $0x7fffffff, AX
	VPBROADCASTD AX, Z2

row:
	MOVQ SI, BX
	MOVQ R14, R13
	MOVQ DX, R11
	SUBQ R10, R11
	JLE  last
	MASK_WORD(R10)

word:
	TEST_WORD
	ADDQ R12, BX
	SUBQ R10, R11
	JGT  word

last:
	ADDQ R10, R11
	MASK_WORD(R11)
	TEST_WORD
	ADDQ R9, SI
	DECQ R8
	JNZ  row
	VZEROUPPER
	RET

// Registers: DI = s, SI the sums, BX C and DX the bias, CX the bytes of a row's whole registers and
// AX the offset in them, R8 the rows left. Z0 is a sum, Z1 its lower bound. K1 masks a partial
// register, K2 and K3 old C and the bias: all lanes, or none if nothing is added. K4 and K5 are these
// in K1's lanes.

// func add_sums_f32_avx512(s *strip, registers int)
TEXT ·add_sums_f32_avx512(SB), NOSPLIT, $0-16
	MOVQ    s+0(FP), DI
	MOVQ    registers+8(FP), CX
	MOVQ    strip_sums(DI), SI
	MOVQ    strip_c(DI), BX
	MOVQ    strip_m(DI), R8
	KMOVW   strip_mask(DI), K1
	MOVBLZX strip_add(DI), AX
	NEGL    AX
	KMOVW   AX, K2
	KXNORW  K3, K3, K3
	MOVQ    strip_bias(DI), DX
	TESTQ   DX, DX
	JNE     bias
	KXORW   K3, K3, K3
	MOVQ    BX, DX // none of it is read

bias:
	KANDW  K1, K2, K4
	KANDW  K1, K3, K5
	VPXORD Z1, Z1, Z1
	CMPB   strip_relu(DI), $0
	JNE    least
	MOVL   $0xff800000, AX // −Inf
	VPBROADCASTD AX, Z1

least:
	CMPW strip_mask(DI), $0xffff
	JEQ  whole
	DECQ CX

whole:
	SHLQ $6, CX

row:
	XORL AX, AX
	CMPQ AX, CX
	JEQ  last

register:
	VMOVUPS (SI)(AX*1), Z0
	VADDPS  (BX)(AX*1), Z0, K2, Z0
	VADDPS  (DX)(AX*1), Z0, K3, Z0
	VMAXPS  Z0, Z1, Z0 // a NaN stays
	VMOVUPS Z0, (BX)(AX*1)
	ADDQ    $64, AX
	CMPQ    AX, CX
	JLT     register
	CMPW    strip_mask(DI), $0xffff
	JEQ     next

last:
	VMOVUPS (SI)(AX*1), Z0
	VADDPS  (BX)(AX*1), Z0, K4, Z0
	VADDPS  (DX)(AX*1), Z0, K5, Z0
	VMAXPS  Z0, Z1, Z0
	VMOVUPS Z0, K1, (BX)(AX*1)

next:
	ADDQ strip_sumStep(DI), SI
	ADDQ strip_cStep(DI), BX
	DECQ R8
	JNZ  row
	VZEROUPPER
	RET
