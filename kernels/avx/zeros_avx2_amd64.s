//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_avx2_amd64.h"

// Products that leave out zeros of A, tiles 48 and 32 columns wide. See zeros_avx2_amd64.h.

// ---- 2×48: six registers across ----

#define LINES3 PREFETCHT0 (BX); PREFETCHT0 64(BX); PREFETCHT0 128(BX)

#define ADD6(p, y0, y1, y2, y3, y4, y5) \
	ADD2(0, p, y0, y1); \
	ADD2(64, p, y2, y3); \
	VADDPS 128(p), y4, y4; \
	ADD_LAST(160, p, y5)

#define STORE5(y0, y1, y2, y3, y4) \
	STORE2(0, y0, y1); \
	STORE2(64, y2, y3); \
	VMOVUPS y4, 128(BX)

// func matmul_zeros_2x48_f32_avx2(s *strip)
TEXT ·matmul_zeros_2x48_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI

tile:
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y4, Y5)
	ZERO2(Y6, Y7)
	ZERO2(Y8, Y9)
	ZERO2(Y10, Y11)
	PREFETCH_C(LINES3)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Y12, Y13)
	MUL(0, Y14, Y0, Y6)
	MUL(32, Y15, Y1, Y7)
	MUL(64, Y14, Y2, Y8)
	MUL(96, Y15, Y3, Y9)
	MUL(128, Y14, Y4, Y10)
	MUL(160, Y15, Y5, Y11)
	K_END
	JNZ k

summed:
	AHEAD_END
	VPMINSD Y0, Y1, Y12
	VPMINSD Y2, Y3, Y13
	VPMINSD Y4, Y5, Y14
	VPMINSD Y6, Y7, Y15
	VPMINSD Y12, Y13, Y12
	VPMINSD Y14, Y15, Y14
	VPMINSD Y8, Y9, Y13
	VPMINSD Y10, Y11, Y15
	VPMINSD Y12, Y14, Y12
	VPMINSD Y13, Y15, Y13
	VPMINSD Y12, Y13, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_BEGIN
	CMPB    strip_add(DI), $0
	JEQ     added
	ADD6(BX, Y0, Y1, Y2, Y3, Y4, Y5)
	C_NEXT
	JZ      added
	ADD6(BX, Y6, Y7, Y8, Y9, Y10, Y11)

added:
	MOVQ  strip_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD6(SI, Y0, Y1, Y2, Y3, Y4, Y5)
	ADD6(SI, Y6, Y7, Y8, Y9, Y10, Y11)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y2, Y3)
	RELU2(Y4, Y5)
	RELU2(Y6, Y7)
	RELU2(Y8, Y9)
	RELU2(Y10, Y11)

activated:
	C_BEGIN
	STORE5(Y0, Y1, Y2, Y3, Y4)
	CMPW    strip_mask(DI), $0xff
	JNE     masked
	VMOVUPS Y5, 160(BX)
	C_NEXT
	JZ      last
	STORE5(Y6, Y7, Y8, Y9, Y10)
	VMOVUPS Y11, 160(BX)
	C_NEXT
	JMP     next

masked: // a masked store is slow on some processors
	VMASKMOVPS Y5, Y15, 160(BX)
	C_NEXT
	JZ         last
	STORE5(Y6, Y7, Y8, Y9, Y10)
	VMASKMOVPS Y11, Y15, 160(BX)
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

// ---- 2×32: four registers across ----

#define LINES2 PREFETCHT0 (BX); PREFETCHT0 64(BX)

#define ADD4(p, y0, y1, y2, y3) \
	ADD2(0, p, y0, y1); \
	VADDPS 64(p), y2, y2; \
	ADD_LAST(96, p, y3)

// func matmul_zeros_2x32_f32_avx2(s *strip)
TEXT ·matmul_zeros_2x32_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI

tile:
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y6, Y7)
	ZERO2(Y8, Y9)
	PREFETCH_C(LINES2)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Y12, Y13)
	MUL(0, Y14, Y0, Y6)
	MUL(32, Y15, Y1, Y7)
	MUL(64, Y14, Y2, Y8)
	MUL(96, Y15, Y3, Y9)
	K_END
	JNZ k

summed:
	AHEAD_END
	VPMINSD Y0, Y1, Y12
	VPMINSD Y2, Y3, Y13
	VPMINSD Y6, Y7, Y14
	VPMINSD Y8, Y9, Y15
	VPMINSD Y12, Y13, Y12
	VPMINSD Y14, Y15, Y14
	VPMINSD Y12, Y14, Y12
	MINUS_ZERO(Y12)
	JNZ     end
	C_BEGIN
	CMPB    strip_add(DI), $0
	JEQ     added
	ADD4(BX, Y0, Y1, Y2, Y3)
	C_NEXT
	JZ      added
	ADD4(BX, Y6, Y7, Y8, Y9)

added:
	MOVQ  strip_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD4(SI, Y0, Y1, Y2, Y3)
	ADD4(SI, Y6, Y7, Y8, Y9)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VXORPS Y12, Y12, Y12
	RELU2(Y0, Y1)
	RELU2(Y2, Y3)
	RELU2(Y6, Y7)
	RELU2(Y8, Y9)

activated:
	C_BEGIN
	CMPW    strip_mask(DI), $0xff
	JNE     masked
	STORE2(0, Y0, Y1)
	STORE2(64, Y2, Y3)
	C_NEXT
	JZ      last
	STORE2(0, Y6, Y7)
	STORE2(64, Y8, Y9)
	C_NEXT
	JMP     next

masked: // a masked store is slow on some processors
	STORE2(0, Y0, Y1)
	VMOVUPS    Y2, 64(BX)
	VMASKMOVPS Y3, Y15, 96(BX)
	C_NEXT
	JZ         last
	STORE2(0, Y6, Y7)
	VMOVUPS    Y8, 64(BX)
	VMASKMOVPS Y9, Y15, 96(BX)
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
