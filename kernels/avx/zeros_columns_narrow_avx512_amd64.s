//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_columns_amd64.h"
#include "zeros_columns_avx512_amd64.h"

// Products of a transposed A that leave out its zeros, two rows by 64, 32 and 16 columns, in
// AVX-512. See zeros_columns_avx512_amd64.s.

// The sums of a part of K, from memory and back.
#define LOAD4(at, z0, z1, z2, z3) \
	VMOVUPS at+0(BX), z0; \
	VMOVUPS at+64(BX), z1; \
	VMOVUPS at+128(BX), z2; \
	VMOVUPS at+192(BX), z3

#define STORE4(at, z0, z1, z2, z3) \
	VMOVUPS z0, at+0(BX); \
	VMOVUPS z1, at+64(BX); \
	VMOVUPS z2, at+128(BX); \
	VMOVUPS z3, at+192(BX)

#define STORE4_LAST(at, z0, z1, z2, z3) \
	VMOVUPS z0, at+0(BX); \
	VMOVUPS z1, at+64(BX); \
	VMOVUPS z2, at+128(BX); \
	VMOVUPS z3, K1, at+192(BX)

// Four registers, the last one of a row by the mask: sums += the floats at p.
#define ADD4_LAST(at, p, z0, z1, z2, z3) \
	VADDPS at+0(p), z0, z0; \
	VADDPS at+64(p), z1, z1; \
	VADDPS at+128(p), z2, z2; \
	VADDPS at+192(p), z3, K1, z3

#define ADD2(p, z0, z1) \
	VADDPS (p), z0, z0; \
	VADDPS 64(p), z1, K1, z1

#define STORE2(z0, z1) \
	VMOVUPS z0, (BX); \
	VMOVUPS z1, K1, 64(BX)

// ---- 2×64: two rows, four registers across ----

// func matmul_columns_2x64_f32_avx512(s *zeroBlock)
TEXT ·matmul_columns_2x64_f32_avx512(SB), NOSPLIT, $0-8
	BLOCK_BEGIN
	KMOVW        zeroBlock_mask(DI), K1
	VPBROADCASTD ·sign_f32(SB), Z31

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z8, Z9, Z10, Z11)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD4(0, Z0, Z1, Z2, Z3)
	LOAD4(256, Z8, Z9, Z10, Z11)

begun:
	PAIR_FETCH_C(LINES4)
	ROWS_BEGIN(2)
	PAIR_BEGIN

word:
	MOVQ  (SI), R8
	ORQ   8(SI), R8
	JZ    next

	PCALIGN $32
k:
	BIT_BEGIN
	VBROADCASTSS (R9)(AX*1), Z24
	VBROADCASTSS (R14)(AX*1), Z25
	VMOVUPS (BX)(DX*1), Z16
	VMOVUPS 64(BX)(DX*1), Z17
	VMOVUPS 128(BX)(DX*1), Z18
	VMOVUPS.Z 192(BX)(DX*1), K1, Z19
	MUL(Z16, Z0, Z8)
	MUL(Z17, Z1, Z9)
	MUL(Z18, Z2, Z10)
	MUL(Z19, Z3, Z11)
	JNZ k

next:
	DECQ CX
	JZ   summed
	PAIR_WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $512, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4(256, Z8, Z9, Z10, Z11)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	LEAST4(Z0, Z1, Z2, Z3, Z16)
	LEAST4(Z8, Z9, Z10, Z11, Z17)
	VPMINSD Z16, Z17, Z16
	MINUS_ZERO(Z16)
	JNZ  end
	BLOCK_ROWS
	CMPB zeroBlock_add(DI), $0
	JEQ  added
	ADD4_LAST(0, BX, Z0, Z1, Z2, Z3)
	ROW_NEXT
	JZ   added
	ADD4_LAST(0, BX, Z8, Z9, Z10, Z11)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD4_LAST(0, SI, Z0, Z1, Z2, Z3)
	ADD4_LAST(0, SI, Z8, Z9, Z10, Z11)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z8, Z9, Z10, Z11)

activated:
	BLOCK_ROWS
	STORE4_LAST(0, Z0, Z1, Z2, Z3)
	ROW_NEXT
	JZ   stored
	STORE4_LAST(0, Z8, Z9, Z10, Z11)
	ROW_NEXT

stored:
	MOVQ  BX, zeroBlock_c(DI)
	MOVQ  CX, zeroBlock_m(DI)
	TESTQ CX, CX
	JNZ   rows

end:
	BLOCK_END
	VZEROUPPER
	RET

// ---- 2×32: two rows, two registers across ----

// func matmul_columns_2x32_f32_avx512(s *zeroBlock)
TEXT ·matmul_columns_2x32_f32_avx512(SB), NOSPLIT, $0-8
	BLOCK_BEGIN
	KMOVW        zeroBlock_mask(DI), K1
	VPBROADCASTD ·sign_f32(SB), Z31

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO4(Z0, Z1, Z8, Z9)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD4(0, Z0, Z1, Z8, Z9)

begun:
	PAIR_FETCH_C(LINES2)
	ROWS_BEGIN(2)
	PAIR_BEGIN

word:
	MOVQ  (SI), R8
	ORQ   8(SI), R8
	JZ    next

	PCALIGN $32
k:
	BIT_BEGIN
	VBROADCASTSS (R9)(AX*1), Z24
	VBROADCASTSS (R14)(AX*1), Z25
	VMOVUPS (BX)(DX*1), Z16
	VMOVUPS.Z 64(BX)(DX*1), K1, Z17
	MUL(Z16, Z0, Z8)
	MUL(Z17, Z1, Z9)
	JNZ k

next:
	DECQ CX
	JZ   summed
	PAIR_WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $256, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE4(0, Z0, Z1, Z8, Z9)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	LEAST4(Z0, Z1, Z8, Z9, Z16)
	MINUS_ZERO(Z16)
	JNZ  end
	BLOCK_ROWS
	CMPB zeroBlock_add(DI), $0
	JEQ  added
	ADD2(BX, Z0, Z1)
	ROW_NEXT
	JZ   added
	ADD2(BX, Z8, Z9)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD2(SI, Z0, Z1)
	ADD2(SI, Z8, Z9)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z8, Z9)

activated:
	BLOCK_ROWS
	STORE2(Z0, Z1)
	ROW_NEXT
	JZ   stored
	STORE2(Z8, Z9)
	ROW_NEXT

stored:
	MOVQ  BX, zeroBlock_c(DI)
	MOVQ  CX, zeroBlock_m(DI)
	TESTQ CX, CX
	JNZ   rows

end:
	BLOCK_END
	VZEROUPPER
	RET

// ---- 2×16: two rows, one register across ----

// func matmul_columns_2x16_f32_avx512(s *zeroBlock)
TEXT ·matmul_columns_2x16_f32_avx512(SB), NOSPLIT, $0-8
	BLOCK_BEGIN
	KMOVW        zeroBlock_mask(DI), K1
	VPBROADCASTD ·sign_f32(SB), Z31

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	VPXORD Z0, Z0, Z0
	VPXORD Z8, Z8, Z8
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	VMOVUPS (BX), Z0
	VMOVUPS 64(BX), Z8

begun:
	PAIR_FETCH_C(PREFETCHT0 (BX))
	ROWS_BEGIN(2)
	PAIR_BEGIN

word:
	MOVQ  (SI), R8
	ORQ   8(SI), R8
	JZ    next

	PCALIGN $32
k:
	BIT_BEGIN
	VBROADCASTSS (R9)(AX*1), Z24
	VBROADCASTSS (R14)(AX*1), Z25
	VMOVUPS.Z (BX)(DX*1), K1, Z16
	MUL(Z16, Z0, Z8)
	JNZ k

next:
	DECQ CX
	JZ   summed
	PAIR_WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $128, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	VMOVUPS Z0, (BX)
	VMOVUPS Z8, 64(BX)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	VPMINSD Z0, Z8, Z16
	MINUS_ZERO(Z16)
	JNZ  end
	BLOCK_ROWS
	CMPB zeroBlock_add(DI), $0
	JEQ  added
	VADDPS (BX), Z0, K1, Z0
	ROW_NEXT
	JZ   added
	VADDPS (BX), Z8, K1, Z8

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	VADDPS (SI), Z0, K1, Z0
	VADDPS (SI), Z8, K1, Z8

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	VMAXPS Z0, Z24, Z0
	VMAXPS Z8, Z24, Z8

activated:
	BLOCK_ROWS
	VMOVUPS Z0, K1, (BX)
	ROW_NEXT
	JZ   stored
	VMOVUPS Z8, K1, (BX)
	ROW_NEXT

stored:
	MOVQ  BX, zeroBlock_c(DI)
	MOVQ  CX, zeroBlock_m(DI)
	TESTQ CX, CX
	JNZ   rows

end:
	BLOCK_END
	VZEROUPPER
	RET
