//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_columns_amd64.h"
#include "zeros_columns_avx2_amd64.h"

// Products of a transposed A that leave out its zeros, one row by 64 columns and two rows by
// 48, in AVX2 with FMA. See zeros_columns.go; zeros_columns_amd64.h has the Go loop that they
// replace and the general registers, zeros_columns_avx2_amd64.h the vectors'.

#define LINES3 PREFETCHT0 (BX); PREFETCHT0 64(BX); PREFETCHT0 128(BX)

// ---- 1×64: one row, eight registers across ----

// func matmul_columns_1x64_f32_avx2(s *zeroBlock)
TEXT ·matmul_columns_1x64_f32_avx2(SB), NOSPLIT, $0-8
	BLOCK_BEGIN

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y4, Y5)
	ZERO2(Y6, Y7)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD2(0, Y0, Y1)
	LOAD2(64, Y2, Y3)
	LOAD2(128, Y4, Y5)
	LOAD2(192, Y6, Y7)

begun:
	CMPB zeroBlock_last(DI), $0
	JEQ  fetched
	MOVQ zeroBlock_c(DI), BX
	PREFETCHT0 (BX)
	PREFETCHT0 64(BX)
	PREFETCHT0 128(BX)
	PREFETCHT0 192(BX)

fetched:
	ROWS_BEGIN(1)

word:
	MOVQ  (SI), R8
	TESTQ R8, R8
	JZ    next

	PCALIGN $32
k:
	BIT_BEGIN
	VBROADCASTSS (R9)(AX*1), Y12
	VFMADD231PS (BX)(DX*1), Y12, Y0
	VFMADD231PS 32(BX)(DX*1), Y12, Y1
	VFMADD231PS 64(BX)(DX*1), Y12, Y2
	VFMADD231PS 96(BX)(DX*1), Y12, Y3
	VFMADD231PS 128(BX)(DX*1), Y12, Y4
	VFMADD231PS 160(BX)(DX*1), Y12, Y5
	VFMADD231PS 192(BX)(DX*1), Y12, Y6
	VFMADD231PS 224(BX)(DX*1), Y12, Y7
	JNZ k

next:
	DECQ CX
	JZ   summed
	WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $256, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	STORE2(128, Y4, Y5)
	STORE2(192, Y6, Y7)
	DECQ zeroBlock_m(DI)
	JNZ  rows
	JMP  end

last:
	VPMINSD Y0, Y1, Y12
	VPMINSD Y2, Y3, Y13
	VPMINSD Y4, Y5, Y14
	VPMINSD Y6, Y7, Y15
	VPMINSD Y12, Y13, Y12
	VPMINSD Y14, Y15, Y14
	VPMINSD Y12, Y14, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_OF_BLOCK
	CMPB    zeroBlock_add(DI), $0
	JEQ     added
	ADD2(0, BX, Y0, Y1)
	ADD2(64, BX, Y2, Y3)
	ADD2(128, BX, Y4, Y5)
	VADDPS  192(BX), Y6, Y6
	ADD_LAST(224, BX, Y7)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD2(0, SI, Y0, Y1)
	ADD2(64, SI, Y2, Y3)
	ADD2(128, SI, Y4, Y5)
	VADDPS  192(SI), Y6, Y6
	ADD_LAST(224, SI, Y7)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y2, Y3)
	RELU2(Y4, Y5)
	RELU2(Y6, Y7)

activated:
	CMPW    zeroBlock_mask(DI), $0xff
	JNE     masked
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	STORE2(128, Y4, Y5)
	STORE2(192, Y6, Y7)
	ROW_NEXT
	JMP     stored

masked: // a masked store is slow on some processors
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	STORE2(128, Y4, Y5)
	VMOVUPS    Y6, 192(BX)
	VMASKMOVPS Y7, Y15, 224(BX)
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

// ---- 2×48: two rows, six registers across ----

// func matmul_columns_2x48_f32_avx2(s *zeroBlock)
TEXT ·matmul_columns_2x48_f32_avx2(SB), NOSPLIT, $0-8
	BLOCK_BEGIN

rows:
	CMPB zeroBlock_first(DI), $0
	JEQ  continued
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y4, Y5)
	ZERO2(Y6, Y7)
	ZERO2(Y8, Y9)
	ZERO2(Y10, Y11)
	JMP  begun

continued:
	MOVQ zeroBlock_sums(DI), BX
	LOAD2(0, Y0, Y1)
	LOAD2(64, Y2, Y3)
	LOAD2(128, Y4, Y5)
	LOAD2(192, Y6, Y7)
	LOAD2(256, Y8, Y9)
	LOAD2(320, Y10, Y11)

begun:
	PAIR_FETCH_C(LINES3)
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
	MULTIPLY(128, Y14, Y4, Y10)
	MULTIPLY(160, Y15, Y5, Y11)
	JNZ k

next:
	DECQ CX
	JZ   summed
	PAIR_WORD_NEXT
	JMP  word

summed:
	MOVQ zeroBlock_sums(DI), BX
	ADDQ $384, zeroBlock_sums(DI)
	CMPB zeroBlock_last(DI), $0
	JNE  last
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	STORE2(128, Y4, Y5)
	STORE2(192, Y6, Y7)
	STORE2(256, Y8, Y9)
	STORE2(320, Y10, Y11)
	SUBQ $2, zeroBlock_m(DI)
	JGT  rows
	JMP  end

last:
	VPMINSD Y0, Y1, Y12
	VPMINSD Y2, Y3, Y13
	VPMINSD Y4, Y5, Y14
	VPMINSD Y6, Y7, Y15
	VPMINSD Y12, Y13, Y12
	VPMINSD Y14, Y15, Y14
	VPMINSD Y8, Y9, Y13
	VPMINSD Y10, Y11, Y15
	VPMINSD Y13, Y15, Y13
	VPMINSD Y12, Y13, Y12
	VPMINSD Y12, Y14, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_OF_BLOCK
	CMPB    zeroBlock_add(DI), $0
	JEQ     added
	ADD2(0, BX, Y0, Y1)
	ADD2(64, BX, Y2, Y3)
	VADDPS  128(BX), Y4, Y4
	ADD_LAST(160, BX, Y5)
	ROW_NEXT
	JZ      added
	ADD2(0, BX, Y6, Y7)
	ADD2(64, BX, Y8, Y9)
	VADDPS  128(BX), Y10, Y10
	ADD_LAST(160, BX, Y11)

added:
	MOVQ  zeroBlock_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD2(0, SI, Y0, Y1)
	ADD2(64, SI, Y2, Y3)
	VADDPS  128(SI), Y4, Y4
	ADD_LAST(160, SI, Y5)
	ADD2(0, SI, Y6, Y7)
	ADD2(64, SI, Y8, Y9)
	VADDPS  128(SI), Y10, Y10
	ADD_LAST(160, SI, Y11)

biased:
	CMPB   zeroBlock_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y2, Y3)
	RELU2(Y4, Y5)
	RELU2(Y6, Y7)
	RELU2(Y8, Y9)
	RELU2(Y10, Y11)

activated:
	C_OF_BLOCK
	CMPW    zeroBlock_mask(DI), $0xff
	JNE     masked
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	STORE2(128, Y4, Y5)
	ROW_NEXT
	JZ      stored
	STORE2(0, Y6, Y7)
	STORE2(64, Y8, Y9)
	STORE2(128, Y10, Y11)
	ROW_NEXT
	JMP     stored

masked: // a masked store is slow on some processors
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	VMOVUPS    Y4, 128(BX)
	VMASKMOVPS Y5, Y15, 160(BX)
	ROW_NEXT
	JZ         stored
	STORE2(0, Y6, Y7)
	STORE2(64, Y8, Y9)
	VMOVUPS    Y10, 128(BX)
	VMASKMOVPS Y11, Y15, 160(BX)
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
