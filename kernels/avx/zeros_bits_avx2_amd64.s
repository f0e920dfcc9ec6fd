//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Before and after the products with the nonzeros of A's rows: finding the nonzeros, and finishing
// the sums, in AVX2. See zeros_rows.go, and zeros_rows_amd64.go for the Go loops.

// 32 integers −1, then 32 of 0: from r integers before the middle on, a mask of the first r.
DATA first32<>+0(SB)/8, $-1
DATA first32<>+8(SB)/8, $-1
DATA first32<>+16(SB)/8, $-1
DATA first32<>+24(SB)/8, $-1
DATA first32<>+32(SB)/8, $-1
DATA first32<>+40(SB)/8, $-1
DATA first32<>+48(SB)/8, $-1
DATA first32<>+56(SB)/8, $-1
DATA first32<>+64(SB)/8, $-1
DATA first32<>+72(SB)/8, $-1
DATA first32<>+80(SB)/8, $-1
DATA first32<>+88(SB)/8, $-1
DATA first32<>+96(SB)/8, $-1
DATA first32<>+104(SB)/8, $-1
DATA first32<>+112(SB)/8, $-1
DATA first32<>+120(SB)/8, $-1
GLOBL first32<>(SB), RODATA|NOPTR, $256

// The order of the groups of four that packing leaves.
DATA packed32<>+0(SB)/8, $0x400000000
DATA packed32<>+8(SB)/8, $0x500000001
DATA packed32<>+16(SB)/8, $0x600000002
DATA packed32<>+24(SB)/8, $0x700000003
GLOBL packed32<>(SB), RODATA|NOPTR, $32

// bits = which of 32 elements of A, in Y0…Y3, are not zero: any bit but the sign's is set. So a NaN
// counts and −0 does not. Y6 is 0, Y7 is packed32.
#define TEST32(bits) \
	VPADDD    Y0, Y0, Y0; \
	VPADDD    Y1, Y1, Y1; \
	VPADDD    Y2, Y2, Y2; \
	VPADDD    Y3, Y3, Y3; \
	VPCMPEQD  Y6, Y0, Y0; \
	VPCMPEQD  Y6, Y1, Y1; \
	VPCMPEQD  Y6, Y2, Y2; \
	VPCMPEQD  Y6, Y3, Y3; \
	VPACKSSDW Y1, Y0, Y0; \
	VPACKSSDW Y3, Y2, Y2; \
	VPACKSSWB Y2, Y0, Y0; \
	VPERMD    Y0, Y7, Y0; \
	VPMOVMSKB Y0, bits; \
	NOTL      bits

// Registers: SI the row of A and R9 the step to the next, BX the offset in it, DI the bits, DX the k
// of a row and R11 those left, R10 the k of a word, R12 those left of one, R8 the rows left; R13 the
// word and CX how many bits it has, AX the next bits; R14 any row's words and R15 the offset in them.

// func nonzero_bits_f32_avx2(bits, any *uint64, a *float32, step, m, n, each int)
TEXT ·nonzero_bits_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ    bits+0(FP), DI
	MOVQ    any+8(FP), R14
	MOVQ    a+16(FP), SI
	MOVQ    step+24(FP), R9
	MOVQ    m+32(FP), R8
	MOVQ    n+40(FP), DX
	MOVQ    each+48(FP), R10
	VPXOR   Y6, Y6, Y6
	VMOVDQU packed32<>(SB), Y7

row:
	MOVQ SI, BX
	MOVQ R14, R15
	MOVQ DX, R11

word:
	MOVQ    R10, R12
	CMPQ    R12, R11
	CMOVQGT R11, R12
	SUBQ    R12, R11
	XORL    R13, R13
	XORL    CX, CX

group:
	CMPQ    R12, $32
	JLT     few
	VMOVDQU (BX), Y0
	VMOVDQU 32(BX), Y1
	VMOVDQU 64(BX), Y2
	VMOVDQU 96(BX), Y3

test:
	TEST32(AX)
	SHLQ CX, AX
	ORQ  AX, R13
	ADDQ $32, CX
	ADDQ $128, BX
	SUBQ $32, R12
	JGT  group
	LEAQ (BX)(R12*4), BX // back to the end of the word
	MOVQ R13, (DI)
	ORQ  R13, (R15)
	ADDQ $8, DI
	ADDQ $8, R15
	TESTQ R11, R11
	JNZ  word
	ADDQ R9, SI
	DECQ R8
	JNZ  row
	VZEROUPPER
	RET

few: // fewer than 32
	LEAQ       first32<>+128(SB), AX
	SHLQ       $2, R12
	SUBQ       R12, AX
	SHRQ       $2, R12
	VMOVDQU    (AX), Y0
	VMOVDQU    32(AX), Y1
	VMOVDQU    64(AX), Y2
	VMOVDQU    96(AX), Y3
	VPMASKMOVD (BX), Y0, Y0
	VPMASKMOVD 32(BX), Y1, Y1
	VPMASKMOVD 64(BX), Y2, Y2
	VPMASKMOVD 96(BX), Y3, Y3
	JMP        test

// Registers: DI = s, SI the sums, BX C and DX the bias, R9 add; CX the bytes of a row's whole
// registers and AX the offset in them, R8 the rows left. Y0 is a sum, Y2 its lower bound, Y4 the mask
// of a partial register, Y5 what is added there.

// func add_sums_f32_avx2(s *strip, registers int)
TEXT ·add_sums_f32_avx2(SB), NOSPLIT, $0-16
	MOVQ    s+0(FP), DI
	MOVQ    registers+8(FP), CX
	MOVQ    strip_sums(DI), SI
	MOVQ    strip_c(DI), BX
	MOVQ    strip_m(DI), R8
	MOVQ    strip_bias(DI), DX
	MOVBLZX strip_add(DI), R9
	VMOVDQU strip_lanes(DI), Y4
	VPXOR   Y2, Y2, Y2
	CMPB    strip_relu(DI), $0
	JNE     least
	MOVL    $0xff800000, AX // −Inf
	MOVQ    AX, X2
	VPBROADCASTD X2, Y2

least:
	CMPW strip_mask(DI), $0xff
	JEQ  whole
	DECQ CX

whole:
	SHLQ $5, CX

row:
	XORL AX, AX
	CMPQ AX, CX
	JEQ  last

register:
	VMOVUPS (SI)(AX*1), Y0
	TESTL   R9, R9
	JEQ     added
	VADDPS  (BX)(AX*1), Y0, Y0

added:
	TESTQ  DX, DX
	JEQ    biased
	VADDPS (DX)(AX*1), Y0, Y0

biased:
	VMAXPS  Y0, Y2, Y0 // a NaN stays
	VMOVUPS Y0, (BX)(AX*1)
	ADDQ    $32, AX
	CMPQ    AX, CX
	JLT     register
	CMPW    strip_mask(DI), $0xff
	JEQ     next

last: // masked stores are slow on some processors: only for a partial register
	VMOVUPS (SI)(AX*1), Y0
	TESTL   R9, R9
	JEQ     lastAdded
	VMASKMOVPS (BX)(AX*1), Y4, Y5
	VADDPS     Y5, Y0, Y0

lastAdded:
	TESTQ DX, DX
	JEQ   lastBiased
	VMASKMOVPS (DX)(AX*1), Y4, Y5
	VADDPS     Y5, Y0, Y0

lastBiased:
	VMAXPS     Y0, Y2, Y0
	VMASKMOVPS Y0, Y4, (BX)(AX*1)

next:
	ADDQ strip_sumStep(DI), SI
	ADDQ strip_cStep(DI), BX
	DECQ R8
	JNZ  row
	VZEROUPPER
	RET
