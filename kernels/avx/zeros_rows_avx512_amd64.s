//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_rows_amd64.h"

// Products of strips with the nonzeros of A's rows, in AVX-512: 16 floats in a register.
// zeros_rows_amd64.h has the loops that they replace, and the other registers.
//
// The sums of a row, or of the first of a pair, are in Z0…Z7, those of the second in Z8…Z15. Z16…Z23
// are a row of B, Z24 and Z25 elements of A; Z26 is the least of all rows' sums, Z27 the sum of 0 =
// Z28 times them.

// The sums in n registers: = 0, = s.sums or the other way round. at is their address.
#define ZERO(z) VPXORD z, z, z
#define ZERO4 ZERO(Z0); ZERO(Z1); ZERO(Z2); ZERO(Z3)
#define ZERO5 ZERO4; ZERO(Z4)
#define ZERO6 ZERO5; ZERO(Z5)
#define ZERO7 ZERO6; ZERO(Z6)
#define ZERO8 ZERO7; ZERO(Z7)
#define ZERO_B1 ZERO(Z8)
#define ZERO_B2 ZERO_B1; ZERO(Z9)
#define ZERO_B3 ZERO_B2; ZERO(Z10)
#define ZERO_B4 ZERO_B3; ZERO(Z11)
#define ZERO_B5 ZERO_B4; ZERO(Z12)
#define ZERO_B6 ZERO_B5; ZERO(Z13)
#define ZERO_B7 ZERO_B6; ZERO(Z14)
#define ZERO_B8 ZERO_B7; ZERO(Z15)

#define LOAD1 VMOVUPS (AX), Z0
#define LOAD2 LOAD1; VMOVUPS 64(AX), Z1
#define LOAD3 LOAD2; VMOVUPS 128(AX), Z2
#define LOAD4 LOAD3; VMOVUPS 192(AX), Z3
#define LOAD5 LOAD4; VMOVUPS 256(AX), Z4
#define LOAD6 LOAD5; VMOVUPS 320(AX), Z5
#define LOAD7 LOAD6; VMOVUPS 384(AX), Z6
#define LOAD8 LOAD7; VMOVUPS 448(AX), Z7
#define LOAD_B1 VMOVUPS (AX), Z8
#define LOAD_B2 LOAD_B1; VMOVUPS 64(AX), Z9
#define LOAD_B3 LOAD_B2; VMOVUPS 128(AX), Z10
#define LOAD_B4 LOAD_B3; VMOVUPS 192(AX), Z11
#define LOAD_B5 LOAD_B4; VMOVUPS 256(AX), Z12
#define LOAD_B6 LOAD_B5; VMOVUPS 320(AX), Z13
#define LOAD_B7 LOAD_B6; VMOVUPS 384(AX), Z14
#define LOAD_B8 LOAD_B7; VMOVUPS 448(AX), Z15

#define STORE1 VMOVUPS Z0, (AX)
#define STORE2 STORE1; VMOVUPS Z1, 64(AX)
#define STORE3 STORE2; VMOVUPS Z2, 128(AX)
#define STORE4 STORE3; VMOVUPS Z3, 192(AX)
#define STORE5 STORE4; VMOVUPS Z4, 256(AX)
#define STORE6 STORE5; VMOVUPS Z5, 320(AX)
#define STORE7 STORE6; VMOVUPS Z6, 384(AX)
#define STORE8 STORE7; VMOVUPS Z7, 448(AX)
#define STORE_B1 VMOVUPS Z8, (AX)
#define STORE_B2 STORE_B1; VMOVUPS Z9, 64(AX)
#define STORE_B3 STORE_B2; VMOVUPS Z10, 128(AX)
#define STORE_B4 STORE_B3; VMOVUPS Z11, 192(AX)
#define STORE_B5 STORE_B4; VMOVUPS Z12, 256(AX)
#define STORE_B6 STORE_B5; VMOVUPS Z13, 320(AX)
#define STORE_B7 STORE_B6; VMOVUPS Z14, 384(AX)
#define STORE_B8 STORE_B7; VMOVUPS Z15, 448(AX)

// The least of the sums so far, as integers, and at the end whether it is −0.
#define LEAST_BEGIN VPXORD Z26, Z26, Z26
#define LEAST(z) VPMINSD z, Z26, Z26
#define LEAST1 LEAST(Z0)
#define LEAST2 LEAST1; LEAST(Z1)
#define LEAST3 LEAST2; LEAST(Z2)
#define LEAST4 LEAST3; LEAST(Z3)
#define LEAST5 LEAST4; LEAST(Z4)
#define LEAST6 LEAST5; LEAST(Z5)
#define LEAST7 LEAST6; LEAST(Z6)
#define LEAST8 LEAST7; LEAST(Z7)
#define LEAST_B1 LEAST(Z8)
#define LEAST_B2 LEAST_B1; LEAST(Z9)
#define LEAST_B3 LEAST_B2; LEAST(Z10)
#define LEAST_B4 LEAST_B3; LEAST(Z11)
#define LEAST_B5 LEAST_B4; LEAST(Z12)
#define LEAST_B6 LEAST_B5; LEAST(Z13)
#define LEAST_B7 LEAST_B6; LEAST(Z14)
#define LEAST_B8 LEAST_B7; LEAST(Z15)

// The sum of 0 times each of the sums, which is NaN if one is not finite, and at the end whether it
// is.
#define FINITE_BEGIN \
	VPXORD Z27, Z27, Z27; \
	VPXORD Z28, Z28, Z28
#define FINITE(z) VFMADD231PS z, Z28, Z27
#define FINITE4 FINITE(Z0); FINITE(Z1); FINITE(Z2); FINITE(Z3)
#define FINITE5 FINITE4; FINITE(Z4)
#define FINITE6 FINITE5; FINITE(Z5)
#define FINITE7 FINITE6; FINITE(Z6)
#define FINITE8 FINITE7; FINITE(Z7)
#define FINITE_B4 FINITE(Z8); FINITE(Z9); FINITE(Z10); FINITE(Z11)
#define FINITE_B5 FINITE_B4; FINITE(Z12)
#define FINITE_B6 FINITE_B5; FINITE(Z13)
#define FINITE_B7 FINITE_B6; FINITE(Z14)
#define FINITE_B8 FINITE_B7; FINITE(Z15)
#define FINITE_END \
	VCMPPS   $3, Z27, Z27, K1; \
	KORTESTW K1, K1; \
	SETNE    strip_infinite(DI)

#define ROWS_RETURN \
	VPBROADCASTD ·sign_f32(SB), Z27; \
	VPCMPEQD     Z26, Z27, K1; \
	KORTESTW     K1, K1; \
	SETNE        strip_minus(DI); \
	VZEROUPPER; \
	RET

// The sums of one row += its element of A, in every lane of Z24 (Z25), times the row of B at DX.
#define MUL4 \
	VFMADD231PS (DX), Z24, Z0; \
	VFMADD231PS 64(DX), Z24, Z1; \
	VFMADD231PS 128(DX), Z24, Z2; \
	VFMADD231PS 192(DX), Z24, Z3
#define MUL5 MUL4; VFMADD231PS 256(DX), Z24, Z4
#define MUL6 MUL5; VFMADD231PS 320(DX), Z24, Z5
#define MUL7 MUL6; VFMADD231PS 384(DX), Z24, Z6
#define MUL8 MUL7; VFMADD231PS 448(DX), Z24, Z7
#define MUL_B4 \
	VFMADD231PS (DX), Z25, Z8; \
	VFMADD231PS 64(DX), Z25, Z9; \
	VFMADD231PS 128(DX), Z25, Z10; \
	VFMADD231PS 192(DX), Z25, Z11
#define MUL_B5 MUL_B4; VFMADD231PS 256(DX), Z25, Z12
#define MUL_B6 MUL_B5; VFMADD231PS 320(DX), Z25, Z13
#define MUL_B7 MUL_B6; VFMADD231PS 384(DX), Z25, Z14
#define MUL_B8 MUL_B7; VFMADD231PS 448(DX), Z25, Z15

// The same for both rows.
#define MUL_BOTH(at, b, row0, row1) \
	VMOVUPS     at(DX), b; \
	VFMADD231PS b, Z24, row0; \
	VFMADD231PS b, Z25, row1
#define MUL_BOTH1 MUL_BOTH(0, Z16, Z0, Z8)
#define MUL_BOTH2 MUL_BOTH1; MUL_BOTH(64, Z17, Z1, Z9)
#define MUL_BOTH3 MUL_BOTH2; MUL_BOTH(128, Z18, Z2, Z10)
#define MUL_BOTH4 MUL_BOTH3; MUL_BOTH(192, Z19, Z3, Z11)
#define MUL_BOTH5 MUL_BOTH4; MUL_BOTH(256, Z20, Z4, Z12)
#define MUL_BOTH6 MUL_BOTH5; MUL_BOTH(320, Z21, Z5, Z13)
#define MUL_BOTH7 MUL_BOTH6; MUL_BOTH(384, Z22, Z6, Z14)
#define MUL_BOTH8 MUL_BOTH7; MUL_BOTH(448, Z23, Z7, Z15)

#define ELEMENT0 VBROADCASTSS (R8)(AX*1), Z24
#define ELEMENT1 VBROADCASTSS (R9)(AX*1), Z25

// The same for neighbours in k.
#define ELEMENT0_NEAR VBROADCASTSS (R8)(AX*4), Z24
#define ELEMENT1_NEAR VBROADCASTSS (R9)(AX*4), Z25

// ---- each row by itself ----

// func matmul_nonzeros_1x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x64_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO4, LOAD4, MUL4, LEAST4, STORE4)

// func matmul_nonzeros_1x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x80_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO5, LOAD5, MUL5, LEAST5, STORE5)

// func matmul_nonzeros_1x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x96_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO6, LOAD6, MUL6, LEAST6, STORE6)

// func matmul_nonzeros_1x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x112_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO7, LOAD7, MUL7, LEAST7, STORE7)

// func matmul_nonzeros_1x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x128_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO8, LOAD8, MUL8, LEAST8, STORE8)

// ---- pairs of rows, one or both at a k ----

// func matmul_nonzeros_either_2x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x64_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(ZERO4; ZERO_B4, LOAD4, LOAD_B4, MUL4, MUL_B4, MUL_BOTH4, LEAST4; LEAST_B4, FINITE4; FINITE_B4, STORE4, STORE_B4)

// func matmul_nonzeros_either_2x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x80_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(ZERO5; ZERO_B5, LOAD5, LOAD_B5, MUL5, MUL_B5, MUL_BOTH5, LEAST5; LEAST_B5, FINITE5; FINITE_B5, STORE5, STORE_B5)

// func matmul_nonzeros_either_2x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x96_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(ZERO6; ZERO_B6, LOAD6, LOAD_B6, MUL6, MUL_B6, MUL_BOTH6, LEAST6; LEAST_B6, FINITE6; FINITE_B6, STORE6, STORE_B6)

// func matmul_nonzeros_either_2x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x112_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(ZERO7; ZERO_B7, LOAD7, LOAD_B7, MUL7, MUL_B7, MUL_BOTH7, LEAST7; LEAST_B7, FINITE7; FINITE_B7, STORE7, STORE_B7)

// func matmul_nonzeros_either_2x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x128_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(ZERO8; ZERO_B8, LOAD8, LOAD_B8, MUL8, MUL_B8, MUL_BOTH8, LEAST8; LEAST_B8, FINITE8; FINITE_B8, STORE8, STORE_B8)

// ---- pairs of rows, always both ----

// func matmul_nonzeros_both_2x16_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x16_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO(Z0); ZERO_B1, LOAD1, LOAD_B1, MUL_BOTH1, LEAST1; LEAST_B1, STORE1, STORE_B1)

// func matmul_nonzeros_both_2x32_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x32_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO(Z0); ZERO(Z1); ZERO_B2, LOAD2, LOAD_B2, MUL_BOTH2, LEAST2; LEAST_B2, STORE2, STORE_B2)

// func matmul_nonzeros_both_2x48_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x48_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO(Z0); ZERO(Z1); ZERO(Z2); ZERO_B3, LOAD3, LOAD_B3, MUL_BOTH3, LEAST3; LEAST_B3, STORE3, STORE_B3)

// func matmul_nonzeros_both_2x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x64_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO4; ZERO_B4, LOAD4, LOAD_B4, MUL_BOTH4, LEAST4; LEAST_B4, STORE4, STORE_B4)

// func matmul_nonzeros_both_2x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x80_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO5; ZERO_B5, LOAD5, LOAD_B5, MUL_BOTH5, LEAST5; LEAST_B5, STORE5, STORE_B5)

// func matmul_nonzeros_both_2x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x96_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO6; ZERO_B6, LOAD6, LOAD_B6, MUL_BOTH6, LEAST6; LEAST_B6, STORE6, STORE_B6)

// func matmul_nonzeros_both_2x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x112_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO7; ZERO_B7, LOAD7, LOAD_B7, MUL_BOTH7, LEAST7; LEAST_B7, STORE7, STORE_B7)

// func matmul_nonzeros_both_2x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x128_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO8; ZERO_B8, LOAD8, LOAD_B8, MUL_BOTH8, LEAST8; LEAST_B8, STORE8, STORE_B8)
