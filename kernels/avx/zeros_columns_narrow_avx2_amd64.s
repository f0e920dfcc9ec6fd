//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_columns_amd64.h"
#include "zeros_columns_avx2_amd64.h"

// Products of a transposed A that leave out its zeros, two rows by 32, 16 and 8 columns, in
// AVX2 with FMA. See zeros_columns_avx2_amd64.s.

#define LINES2 PREFETCHT0 (BX); PREFETCHT0 64(BX)

// ---- 2×32: two rows, four registers across ----

// func matmul_columns_2x32_f32_avx2(s *zeroBlock)
TEXT ·matmul_columns_2x32_f32_avx2(SB), NOSPLIT, $0-8
	BLOCK_BEGIN

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y6, Y7)
	ZERO2(Y8, Y9)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD2(0, Y0, Y1)
	LOAD2(64, Y2, Y3)
	LOAD2(128, Y6, Y7)
	LOAD2(192, Y8, Y9)

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
	VBROADCASTSS (R9)(AX*1), Y12
	VBROADCASTSS (R14)(AX*1), Y13
	MULTIPLY(0, Y14, Y0, Y6)
	MULTIPLY(32, Y15, Y1, Y7)
	MULTIPLY(64, Y14, Y2, Y8)
	MULTIPLY(96, Y15, Y3, Y9)
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
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	STORE2(128, Y6, Y7)
	STORE2(192, Y8, Y9)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	VPMINSD Y0, Y1, Y12
	VPMINSD Y2, Y3, Y13
	VPMINSD Y6, Y7, Y14
	VPMINSD Y8, Y9, Y15
	VPMINSD Y12, Y13, Y12
	VPMINSD Y14, Y15, Y14
	VPMINSD Y12, Y14, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_OF_BLOCK
	CMPB    zeroBlock_add(DI), $0
	JEQ     added
	ADD2(0, BX, Y0, Y1)
	VADDPS  64(BX), Y2, Y2
	ADD_LAST(96, BX, Y3)
	ROW_NEXT
	JZ      added
	ADD2(0, BX, Y6, Y7)
	VADDPS  64(BX), Y8, Y8
	ADD_LAST(96, BX, Y9)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD2(0, SI, Y0, Y1)
	VADDPS  64(SI), Y2, Y2
	ADD_LAST(96, SI, Y3)
	ADD2(0, SI, Y6, Y7)
	VADDPS  64(SI), Y8, Y8
	ADD_LAST(96, SI, Y9)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y2, Y3)
	RELU2(Y6, Y7)
	RELU2(Y8, Y9)

activated:
	C_OF_BLOCK
	CMPW    zeroBlock_mask(DI), $0xff
	JNE     masked
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	ROW_NEXT
	JZ      stored
	STORE2(0, Y6, Y7)
	STORE2(64, Y8, Y9)
	ROW_NEXT
	JMP     stored

masked: // a masked store is slow on some processors
	STORE2(0, Y0, Y1)
	VMOVUPS    Y2, 64(BX)
	VMASKMOVPS Y3, Y15, 96(BX)
	ROW_NEXT
	JZ         stored
	STORE2(0, Y6, Y7)
	VMOVUPS    Y8, 64(BX)
	VMASKMOVPS Y9, Y15, 96(BX)
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

// ---- 2×16: two rows, two registers across ----

// func matmul_columns_2x16_f32_avx2(s *zeroBlock)
TEXT ·matmul_columns_2x16_f32_avx2(SB), NOSPLIT, $0-8
	BLOCK_BEGIN

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO2(Y0, Y1)
	ZERO2(Y6, Y7)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD2(0, Y0, Y1)
	LOAD2(64, Y6, Y7)

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
	VBROADCASTSS (R9)(AX*1), Y12
	VBROADCASTSS (R14)(AX*1), Y13
	MULTIPLY(0, Y14, Y0, Y6)
	MULTIPLY(32, Y15, Y1, Y7)
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
	STORE2(0, Y0, Y1)
	STORE2(64, Y6, Y7)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	VPMINSD Y0, Y1, Y12
	VPMINSD Y6, Y7, Y13
	VPMINSD Y12, Y13, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_OF_BLOCK
	CMPB    zeroBlock_add(DI), $0
	JEQ     added
	VADDPS  (BX), Y0, Y0
	ADD_LAST(32, BX, Y1)
	ROW_NEXT
	JZ      added
	VADDPS  (BX), Y6, Y6
	ADD_LAST(32, BX, Y7)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	VADDPS  (SI), Y0, Y0
	ADD_LAST(32, SI, Y1)
	VADDPS  (SI), Y6, Y6
	ADD_LAST(32, SI, Y7)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y6, Y7)

activated:
	C_OF_BLOCK
	CMPW    zeroBlock_mask(DI), $0xff
	JNE     masked
	STORE2(0, Y0, Y1)
	ROW_NEXT
	JZ      stored
	STORE2(0, Y6, Y7)
	ROW_NEXT
	JMP     stored

masked: // a masked store is slow on some processors
	VMOVUPS    Y0, (BX)
	VMASKMOVPS Y1, Y15, 32(BX)
	ROW_NEXT
	JZ         stored
	VMOVUPS    Y6, (BX)
	VMASKMOVPS Y7, Y15, 32(BX)
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

// ---- 2×8: two rows, one register across ----

// func matmul_columns_2x8_f32_avx2(s *zeroBlock)
TEXT ·matmul_columns_2x8_f32_avx2(SB), NOSPLIT, $0-8
	BLOCK_BEGIN

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO2(Y0, Y6)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD2(0, Y0, Y6)

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
	VBROADCASTSS (R9)(AX*1), Y12
	VBROADCASTSS (R14)(AX*1), Y13
	MULTIPLY(0, Y14, Y0, Y6)
	JNZ k

next:
	DECQ CX
	JZ   summed
	PAIR_WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $64, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE2(0, Y0, Y6)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	VPMINSD Y0, Y6, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_OF_BLOCK
	CMPB    zeroBlock_add(DI), $0
	JEQ     added
	ADD_LAST(0, BX, Y0)
	ROW_NEXT
	JZ      added
	ADD_LAST(0, BX, Y6)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD_LAST(0, SI, Y0)
	ADD_LAST(0, SI, Y6)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y6)

activated:
	C_OF_BLOCK
	VMASKMOVPS Y0, Y15, (BX)
	ROW_NEXT
	JZ         stored
	VMASKMOVPS Y6, Y15, (BX)
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
