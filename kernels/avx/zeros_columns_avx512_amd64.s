//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_columns_amd64.h"
#include "zeros_columns_avx512_amd64.h"

// Which elements of a transposed A are not zero, and products that leave out the others, one
// or two rows by 128 columns, in AVX-512. See zeros_columns.go; zeros_columns_amd64.h has the
// Go loop that they replace and the general registers, zeros_columns_avx512_amd64.h the vectors'.

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
#define ADD4(at, p, z0, z1, z2, z3) \
	VADDPS at+0(p), z0, z0; \
	VADDPS at+64(p), z1, z1; \
	VADDPS at+128(p), z2, z2; \
	VADDPS at+192(p), z3, z3

#define ADD4_LAST(at, p, z0, z1, z2, z3) \
	VADDPS at+0(p), z0, z0; \
	VADDPS at+64(p), z1, z1; \
	VADDPS at+128(p), z2, z2; \
	VADDPS at+192(p), z3, K1, z3

// ---- 1×128: one row, eight registers across ----

// func matmul_columns_1x128_f32_avx512(s *zeroBlock)
TEXT ·matmul_columns_1x128_f32_avx512(SB), NOSPLIT, $0-8
	BLOCK_BEGIN
	KMOVW        zeroBlock_mask(DI), K1
	VPBROADCASTD ·sign_f32(SB), Z31

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD4(0, Z0, Z1, Z2, Z3)
	LOAD4(256, Z4, Z5, Z6, Z7)

begun:
	CMPB zeroBlock_last(DI), $0
	JEQ  fetched
	MOVQ zeroBlock_c(DI), BX
	LINES8

fetched:
	ROWS_BEGIN(1)

word:
	MOVQ  (SI), R8
	TESTQ R8, R8
	JZ    next

	PCALIGN $32
k:
	BIT_BEGIN
	VBROADCASTSS (R9)(AX*1), Z24
	VFMADD231PS (BX)(DX*1), Z24, Z0
	VFMADD231PS 64(BX)(DX*1), Z24, Z1
	VFMADD231PS 128(BX)(DX*1), Z24, Z2
	VFMADD231PS 192(BX)(DX*1), Z24, Z3
	VFMADD231PS 256(BX)(DX*1), Z24, Z4
	VFMADD231PS 320(BX)(DX*1), Z24, Z5
	VFMADD231PS 384(BX)(DX*1), Z24, Z6
	VMOVUPS.Z 448(BX)(DX*1), K1, Z23
	VFMADD231PS Z23, Z24, Z7
	JNZ k

next:
	DECQ CX
	JZ   summed
	WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $512, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4(256, Z4, Z5, Z6, Z7)
	DECQ zeroBlock_m(DI)
	JNZ  rows
	JMP  end

last:
	LEAST4(Z0, Z1, Z2, Z3, Z16)
	LEAST4(Z4, Z5, Z6, Z7, Z17)
	VPMINSD Z16, Z17, Z16
	MINUS_ZERO(Z16)
	JNZ  end
	BLOCK_ROWS
	CMPB zeroBlock_add(DI), $0
	JEQ  added
	ADD4(0, BX, Z0, Z1, Z2, Z3)
	ADD4_LAST(256, BX, Z4, Z5, Z6, Z7)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD4(0, SI, Z0, Z1, Z2, Z3)
	ADD4_LAST(256, SI, Z4, Z5, Z6, Z7)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z4, Z5, Z6, Z7)

activated:
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4_LAST(256, Z4, Z5, Z6, Z7)
	ROW_NEXT
	MOVQ  BX, zeroBlock_c(DI)
	MOVQ  CX, zeroBlock_m(DI)
	TESTQ CX, CX
	JNZ   rows

end:
	BLOCK_END
	VZEROUPPER
	RET

// ---- 2×128: two rows, eight registers across ----

// func matmul_columns_2x128_f32_avx512(s *zeroBlock)
TEXT ·matmul_columns_2x128_f32_avx512(SB), NOSPLIT, $0-8
	BLOCK_BEGIN
	KMOVW        zeroBlock_mask(DI), K1
	VPBROADCASTD ·sign_f32(SB), Z31

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD4(0, Z0, Z1, Z2, Z3)
	LOAD4(256, Z4, Z5, Z6, Z7)
	LOAD4(512, Z8, Z9, Z10, Z11)
	LOAD4(768, Z12, Z13, Z14, Z15)

begun:
	PAIR_FETCH_C(LINES8)
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
	VMOVUPS 192(BX)(DX*1), Z19
	MUL(Z16, Z0, Z8)
	MUL(Z17, Z1, Z9)
	MUL(Z18, Z2, Z10)
	MUL(Z19, Z3, Z11)
	VMOVUPS 256(BX)(DX*1), Z20
	VMOVUPS 320(BX)(DX*1), Z21
	VMOVUPS 384(BX)(DX*1), Z22
	VMOVUPS.Z 448(BX)(DX*1), K1, Z23
	MUL(Z20, Z4, Z12)
	MUL(Z21, Z5, Z13)
	MUL(Z22, Z6, Z14)
	MUL(Z23, Z7, Z15)
	JNZ k

next:
	DECQ CX
	JZ   summed
	PAIR_WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $1024, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4(256, Z4, Z5, Z6, Z7)
	STORE4(512, Z8, Z9, Z10, Z11)
	STORE4(768, Z12, Z13, Z14, Z15)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	LEAST4(Z0, Z1, Z2, Z3, Z16)
	LEAST4(Z4, Z5, Z6, Z7, Z17)
	LEAST4(Z8, Z9, Z10, Z11, Z18)
	LEAST4(Z12, Z13, Z14, Z15, Z19)
	LEAST4(Z16, Z17, Z18, Z19, Z16)
	MINUS_ZERO(Z16)
	JNZ  end
	BLOCK_ROWS
	CMPB zeroBlock_add(DI), $0
	JEQ  added
	ADD4(0, BX, Z0, Z1, Z2, Z3)
	ADD4_LAST(256, BX, Z4, Z5, Z6, Z7)
	ROW_NEXT
	JZ   added
	ADD4(0, BX, Z8, Z9, Z10, Z11)
	ADD4_LAST(256, BX, Z12, Z13, Z14, Z15)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD4(0, SI, Z0, Z1, Z2, Z3)
	ADD4_LAST(256, SI, Z4, Z5, Z6, Z7)
	ADD4(0, SI, Z8, Z9, Z10, Z11)
	ADD4_LAST(256, SI, Z12, Z13, Z14, Z15)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z4, Z5, Z6, Z7)
	RELU4(Z8, Z9, Z10, Z11)
	RELU4(Z12, Z13, Z14, Z15)

activated:
	BLOCK_ROWS
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4_LAST(256, Z4, Z5, Z6, Z7)
	ROW_NEXT
	JZ   stored
	STORE4(0, Z8, Z9, Z10, Z11)
	STORE4_LAST(256, Z12, Z13, Z14, Z15)
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
