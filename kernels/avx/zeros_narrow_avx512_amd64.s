//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_avx512_amd64.h"

// Products that leave out zeros of A, tiles 32 and 16 columns wide. See zeros_avx512_amd64.h.

// ---- 2×32: two registers across ----

#define ADD2(p, z0, z1) \
	VADDPS (p), z0, z0; \
	VADDPS 64(p), z1, K1, z1

#define STORE2(z0, z1) \
	VMOVUPS z0, (BX); \
	VMOVUPS z1, K1, 64(BX)

// func matmul_zeros_2x32_f32_avx512(s *strip)
TEXT ·matmul_zeros_2x32_f32_avx512(SB), NOSPLIT, $0-8
	KERNEL_BEGIN

tile:
	ZERO4(Z0, Z1, Z8, Z9)
	PREFETCH_C(LINES2)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Z24, Z25)
	VMOVUPS   (DX), Z16
	VMOVUPS.Z 64(DX), K1, Z17
	MUL(Z16, Z0, Z8)
	MUL(Z17, Z1, Z9)
	K_END
	JNZ       k

summed:
	AHEAD_END
	LEAST4(Z0, Z1, Z8, Z9, Z16)
	MINUS_ZERO(Z16)
	JNZ  end
	CMPB strip_add(DI), $0
	JEQ  added
	C_ROWS
	ADD2(BX, Z0, Z1)
	C_NEXT
	JZ   added
	ADD2(BX, Z8, Z9)

added:
	MOVQ  strip_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD2(SI, Z0, Z1)
	ADD2(SI, Z8, Z9)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z8, Z9)

activated:
	C_ROWS
	STORE2(Z0, Z1)
	C_NEXT
	JZ   last
	STORE2(Z8, Z9)
	C_NEXT
	MOVQ BX, strip_c(DI) // the next tile's rows of C

last:
	MOVQ  CX, strip_m(DI)
	TESTQ CX, CX
	JNZ   tile

end:
	VZEROUPPER
	RET

// ---- 2×16: one register across ----

// func matmul_zeros_2x16_f32_avx512(s *strip)
TEXT ·matmul_zeros_2x16_f32_avx512(SB), NOSPLIT, $0-8
	KERNEL_BEGIN

tile:
	VPXORD Z0, Z0, Z0
	VPXORD Z8, Z8, Z8
	PREFETCH_C(PREFETCHT0 (BX))
	TILE_BEGIN
	JEQ    summed

	PCALIGN $32
k:
	K_BEGIN(Z24, Z25)
	VMOVUPS.Z (DX), K1, Z16
	MUL(Z16, Z0, Z8)
	K_END
	JNZ       k

summed:
	AHEAD_END
	VPMINSD Z0, Z8, Z16
	MINUS_ZERO(Z16)
	JNZ     end
	CMPB    strip_add(DI), $0
	JEQ     added
	C_ROWS
	VADDPS  (BX), Z0, K1, Z0
	C_NEXT
	JZ      added
	VADDPS  (BX), Z8, K1, Z8

added:
	MOVQ   strip_bias(DI), SI
	TESTQ  SI, SI
	JZ     biased
	VADDPS (SI), Z0, K1, Z0
	VADDPS (SI), Z8, K1, Z8

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	VMAXPS Z0, Z24, Z0
	VMAXPS Z8, Z24, Z8

activated:
	C_ROWS
	VMOVUPS Z0, K1, (BX)
	C_NEXT
	JZ      last
	VMOVUPS Z8, K1, (BX)
	C_NEXT
	MOVQ    BX, strip_c(DI) // the next tile's rows of C

last:
	MOVQ  CX, strip_m(DI)
	TESTQ CX, CX
	JNZ   tile

end:
	VZEROUPPER
	RET
