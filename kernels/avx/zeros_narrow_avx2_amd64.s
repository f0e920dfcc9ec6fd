//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_avx2_amd64.h"

// Products that leave out zeros of A, tiles 16 and 8 columns wide. See zeros_avx2_amd64.h.

// ---- 2×16: two registers across ----

#define LINE PREFETCHT0 (BX)

// func matmul_zeros_2x16_f32_avx2(s *strip)
TEXT ·matmul_zeros_2x16_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI

tile:
	ZERO2(Y0, Y1)
	ZERO2(Y6, Y7)
	PREFETCH_C(LINE)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Y12, Y13)
	MUL(0, Y14, Y0, Y6)
	MUL(32, Y15, Y1, Y7)
	K_END
	JNZ k

summed:
	AHEAD_END
	VPMINSD Y0, Y1, Y12
	VPMINSD Y6, Y7, Y13
	VPMINSD Y12, Y13, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_BEGIN
	CMPB    strip_add(DI), $0
	JEQ     added
	VADDPS  (BX), Y0, Y0
	ADD_LAST(32, BX, Y1)
	C_NEXT
	JZ      added
	VADDPS  (BX), Y6, Y6
	ADD_LAST(32, BX, Y7)

added:
	MOVQ   strip_bias(DI), SI
	TESTQ  SI, SI
	JZ     biased
	VADDPS (SI), Y0, Y0
	ADD_LAST(32, SI, Y1)
	VADDPS (SI), Y6, Y6
	ADD_LAST(32, SI, Y7)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y6, Y7)

activated:
	C_BEGIN
	CMPW    strip_mask(DI), $0xff
	JNE     masked
	STORE2(0, Y0, Y1)
	C_NEXT
	JZ      last
	STORE2(0, Y6, Y7)
	C_NEXT
	JMP     next

masked: // a masked store is slow on some processors
	VMOVUPS    Y0, (BX)
	VMASKMOVPS Y1, Y15, 32(BX)
	C_NEXT
	JZ         last
	VMOVUPS    Y6, (BX)
	VMASKMOVPS Y7, Y15, 32(BX)
	C_NEXT

next:
	MOVQ BX, strip_c(DI) // the next tile's rows of C

last:
	MOVQ  CX, strip_m(DI)
	TESTQ CX, CX
	JNZ   tile

end:
	VZEROUPPER
	RET

// ---- 2×8: one register across ----

// func matmul_zeros_2x8_f32_avx2(s *strip)
TEXT ·matmul_zeros_2x8_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI

tile:
	ZERO2(Y0, Y6)
	PREFETCH_C(LINE)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Y12, Y13)
	MUL(0, Y14, Y0, Y6)
	K_END
	JNZ k

summed:
	AHEAD_END
	VPMINSD Y0, Y6, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_BEGIN
	CMPB    strip_add(DI), $0
	JEQ     added
	ADD_LAST(0, BX, Y0)
	C_NEXT
	JZ      added
	ADD_LAST(0, BX, Y6)

added:
	MOVQ  strip_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD_LAST(0, SI, Y0)
	ADD_LAST(0, SI, Y6)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y6)

activated:
	C_BEGIN
	VMASKMOVPS Y0, Y15, (BX)
	C_NEXT
	JZ         last
	VMASKMOVPS Y6, Y15, (BX)
	C_NEXT
	MOVQ       BX, strip_c(DI) // the next tile's rows of C

last:
	MOVQ  CX, strip_m(DI)
	TESTQ CX, CX
	JNZ   tile

end:
	VZEROUPPER
	RET
