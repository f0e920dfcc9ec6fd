//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_avx512_amd64.h"

// Products that leave out zeros of A, tiles 128 and 64 columns wide. See zeros_avx512_amd64.h.

// ---- 2×128: eight registers across ----

// Four of them, without the mask: sums += the floats at p, and the other way round.
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

// func matmul_zeros_2x128_f32_avx512(s *strip)
TEXT ·matmul_zeros_2x128_f32_avx512(SB), NOSPLIT, $0-8
	KERNEL_BEGIN

tile:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	PREFETCH_C(LINES8)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Z24, Z25)
	VMOVUPS   (DX), Z16
	VMOVUPS   64(DX), Z17
	VMOVUPS   128(DX), Z18
	VMOVUPS   192(DX), Z19
	MUL(Z16, Z0, Z8)
	MUL(Z17, Z1, Z9)
	MUL(Z18, Z2, Z10)
	MUL(Z19, Z3, Z11)
	VMOVUPS   256(DX), Z20
	VMOVUPS   320(DX), Z21
	VMOVUPS   384(DX), Z22
	VMOVUPS.Z 448(DX), K1, Z23
	MUL(Z20, Z4, Z12)
	MUL(Z21, Z5, Z13)
	MUL(Z22, Z6, Z14)
	MUL(Z23, Z7, Z15)
	K_END
	JNZ       k

summed:
	AHEAD_END
	LEAST4(Z0, Z1, Z2, Z3, Z16)
	LEAST4(Z4, Z5, Z6, Z7, Z17)
	LEAST4(Z8, Z9, Z10, Z11, Z18)
	LEAST4(Z12, Z13, Z14, Z15, Z19)
	LEAST4(Z16, Z17, Z18, Z19, Z20)
	MINUS_ZERO(Z20)
	JNZ  end
	CMPB strip_add(DI), $0
	JEQ  added
	C_ROWS
	ADD4(0, BX, Z0, Z1, Z2, Z3)
	ADD4_LAST(256, BX, Z4, Z5, Z6, Z7)
	C_NEXT
	JZ   added
	ADD4(0, BX, Z8, Z9, Z10, Z11)
	ADD4_LAST(256, BX, Z12, Z13, Z14, Z15)

added:
	MOVQ  strip_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD4(0, SI, Z0, Z1, Z2, Z3)
	ADD4_LAST(256, SI, Z4, Z5, Z6, Z7)
	ADD4(0, SI, Z8, Z9, Z10, Z11)
	ADD4_LAST(256, SI, Z12, Z13, Z14, Z15)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z4, Z5, Z6, Z7)
	RELU4(Z8, Z9, Z10, Z11)
	RELU4(Z12, Z13, Z14, Z15)

activated:
	C_ROWS
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4_LAST(256, Z4, Z5, Z6, Z7)
	C_NEXT
	JZ   last
	STORE4(0, Z8, Z9, Z10, Z11)
	STORE4_LAST(256, Z12, Z13, Z14, Z15)
	C_NEXT
	MOVQ BX, strip_c(DI) // the next tile's rows of C

last:
	MOVQ  CX, strip_m(DI)
	TESTQ CX, CX
	JNZ   tile

end:
	VZEROUPPER
	RET

// ---- 2×64: four registers across ----

// func matmul_zeros_2x64_f32_avx512(s *strip)
TEXT ·matmul_zeros_2x64_f32_avx512(SB), NOSPLIT, $0-8
	KERNEL_BEGIN

tile:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z8, Z9, Z10, Z11)
	PREFETCH_C(LINES4)
	TILE_BEGIN
	JEQ summed

	PCALIGN $32
k:
	K_BEGIN(Z24, Z25)
	VMOVUPS   (DX), Z16
	VMOVUPS   64(DX), Z17
	VMOVUPS   128(DX), Z18
	VMOVUPS.Z 192(DX), K1, Z19
	MUL(Z16, Z0, Z8)
	MUL(Z17, Z1, Z9)
	MUL(Z18, Z2, Z10)
	MUL(Z19, Z3, Z11)
	K_END
	JNZ       k

summed:
	AHEAD_END
	LEAST4(Z0, Z1, Z2, Z3, Z16)
	LEAST4(Z8, Z9, Z10, Z11, Z17)
	VPMINSD Z16, Z17, Z16
	MINUS_ZERO(Z16)
	JNZ     end
	CMPB    strip_add(DI), $0
	JEQ     added
	C_ROWS
	ADD4_LAST(0, BX, Z0, Z1, Z2, Z3)
	C_NEXT
	JZ      added
	ADD4_LAST(0, BX, Z8, Z9, Z10, Z11)

added:
	MOVQ  strip_bias(DI), SI
	TESTQ SI, SI
	JZ    biased
	ADD4_LAST(0, SI, Z0, Z1, Z2, Z3)
	ADD4_LAST(0, SI, Z8, Z9, Z10, Z11)

biased:
	CMPB   strip_relu(DI), $0
	JEQ    activated
	VPXORD Z24, Z24, Z24
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z8, Z9, Z10, Z11)

activated:
	C_ROWS
	STORE4_LAST(0, Z0, Z1, Z2, Z3)
	C_NEXT
	JZ   last
	STORE4_LAST(0, Z8, Z9, Z10, Z11)
	C_NEXT
	MOVQ BX, strip_c(DI) // the next tile's rows of C

last:
	MOVQ  CX, strip_m(DI)
	TESTQ CX, CX
	JNZ   tile

end:
	VZEROUPPER
	RET
