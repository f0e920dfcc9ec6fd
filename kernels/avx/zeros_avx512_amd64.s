//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Products of strips that leave out zeros of A, in AVX-512: tiles of 2 rows by 8, 4, 2
// or 1 registers of 16 floats. See zeros.go.
//
// The Go loop that they replace, with C in registers, for each pair of rows:
//
//	list, count = the pair's list, its length
//	for _, k := range list[:count] {
//		for j := range n {
//			sum[0][j] = fma(A[0,k], B[k,j], sum[0][j])
//			sum[1][j] = fma(A[1,k], B[k,j], sum[1][j])
//		}
//	}
//	if any sum is −0 { return }
//	if add { sum += C }
//	if bias != nil { sum += bias }
//	if relu { sum = max(sum, 0) } // a NaN stays
//	C = sum; s.c, s.m = the next pair's rows of C, how many are left
//
// Registers: R8 and R9 the pair's rows of A, R10 the step from k to k+1 in them, BX is
// B and R11 the step there, SI the end of the list and −CX its entries left, AX and DX the
// places of k in A and B, R12 what is fetched for later and R13 its step. After the last
// k, BX is C, DX its step and CX the rows left. K1 is the mask of the last register. The sums of
// row 0 are in Z0…Z7, those of row 1 in Z8…Z15, Z16…Z23 the row of B, Z24 and Z25
// elements of A; Z31 is −0 in every lane.

DATA minusZero<>+0(SB)/4, $0x80000000
GLOBL minusZero<>(SB), RODATA|NOPTR, $4

#define KERNEL_BEGIN \
	MOVQ         s+0(FP), DI; \
	KMOVW        strip_mask(DI), K1; \
	VPBROADCASTD minusZero<>(SB), Z31

// Begin a tile: its rows of A, its list, and what is fetched while it is computed.
#define TILE_BEGIN \
	MOVQ    strip_rows(DI), SI; \
	MOVQ    strip_a(DI), AX; \
	MOVQ    0(SI), R8; \
	ADDQ    AX, R8; \
	MOVQ    8(SI), R9; \
	ADDQ    AX, R9; \
	ADDQ    $16, strip_rows(DI); \ // the next tile's
	MOVQ    strip_aStep(DI), R10; \
	MOVQ    strip_b(DI), BX; \
	MOVQ    strip_bStep(DI), R11; \
	MOVQ    strip_list(DI), SI; \
	MOVQ    strip_listStep(DI), AX; \
	ADDQ    AX, strip_list(DI); \
	MOVQ    strip_counts(DI), AX; \
	ADDQ    $8, strip_counts(DI); \
	MOVQ    (AX), CX; \
	LEAQ    (SI)(CX*4), SI; \
	MOVQ    strip_ahead(DI), R12; \
	MOVQ    strip_aheadStep(DI), R13; \
	CMPQ    R12, strip_aheadEnd(DI); \
	JCS     ahead; \
	MOVQ    strip_aheadFirst(DI), R12; \ // the next line of each row
	ADDQ    $64, R12; \
	MOVQ    R12, strip_aheadFirst(DI); \
	DECQ    strip_aheadTiles(DI); \
	JGT     ahead; \
	MOVQ    BX, R12; \ // nothing is left to fetch: the same line again and again
	XORL    R13, R13; \
	MOVQ    R13, strip_aheadStep(DI); \
	MOVQ    $-1, strip_aheadEnd(DI); \
ahead: \
	NEGQ CX

// Begin and end an entry of the list.
#define K_BEGIN \
	MOVLQSX      (SI)(CX*4), AX; \
	MOVQ         AX, DX; \
	IMULQ        R10, AX; \
	IMULQ        R11, DX; \
	ADDQ         BX, DX; \ // row k of B
	PREFETCHT1   (R12); \
	ADDQ         R13, R12; \
	VBROADCASTSS (R8)(AX*1), Z24; \
	VBROADCASTSS (R9)(AX*1), Z25

#define K_END \
	INCQ CX

// Behind the last k: where to go on fetching.
#define AHEAD_END \
	MOVQ R12, strip_ahead(DI)

// Begin a tile: have its rows of C brought into the cache by the time that the sums are
// ready. (The second may not be C's, which does no harm.)
#define PREFETCH_C(row) \
	MOVQ strip_c(DI), BX; \
	row; \
	ADDQ strip_cStep(DI), BX; \
	row

#define LINES2 PREFETCHT0 (BX); PREFETCHT0 64(BX)
#define LINES4 LINES2; PREFETCHT0 128(BX); PREFETCHT0 192(BX)
#define LINES8 LINES4; PREFETCHT0 256(BX); PREFETCHT0 320(BX); PREFETCHT0 384(BX); PREFETCHT0 448(BX)

// One register across, for both rows.
#define MUL(b, row0, row1) \
	VFMADD231PS b, Z24, row0; \
	VFMADD231PS b, Z25, row1

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0; \
	VPXORD z1, z1, z1; \
	VPXORD z2, z2, z2; \
	VPXORD z3, z3, z3

// z4 = the least of four registers of sums as integers: −0 is the least of all.
#define LEAST4(z0, z1, z2, z3, z4) \
	VPMINSD z0, z1, Z24; \
	VPMINSD z2, z3, Z25; \
	VPMINSD Z24, Z25, z4

// Is there a −0 in the least of the sums?
#define MINUS_ZERO(least) \
	VPCMPEQD  Z31, least, K2; \
	KORTESTW  K2, K2

// Before rows of C are added or stored.
#define C_BEGIN \
	MOVQ strip_c(DI), BX; \
	MOVQ strip_cStep(DI), DX; \
	MOVQ strip_m(DI), CX

#define C_NEXT \
	ADDQ DX, BX; \
	DECQ CX

// Four sums at a time: z = max(z, 0), or z itself if it is NaN. Z24 is 0.
#define RELU4(z0, z1, z2, z3) \
	VMAXPS z0, Z24, z0; \
	VMAXPS z1, Z24, z1; \
	VMAXPS z2, Z24, z2; \
	VMAXPS z3, Z24, z3

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
	K_BEGIN
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
	C_BEGIN
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
	C_BEGIN
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
	K_BEGIN
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
	C_BEGIN
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
	C_BEGIN
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
	K_BEGIN
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
	C_BEGIN
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
	C_BEGIN
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
	K_BEGIN
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
	C_BEGIN
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
	C_BEGIN
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
