//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_rows_amd64.h"

// Products of strips with the nonzeros of A's rows, in AVX-512: 16 floats in a register.
// zeros_rows_amd64.h has the loops that they replace, and the other registers.
//
// The sums of a row, or of the first of a pair, are in Z0…Z7, those of the second in
// Z8…Z15. Z16…Z23 are a row of B, Z24 and Z25 elements of A; Z26 and Z27 are what is told of all
// rows' sums, Z28 = 0.

// X of each of so many registers of sums: of a row, and of two.
#define OF1(X) X(Z0)
#define OF2(X) OF1(X); X(Z1)
#define OF3(X) OF2(X); X(Z2)
#define OF4(X) OF3(X); X(Z3)
#define OF5(X) OF4(X); X(Z4)
#define OF6(X) OF5(X); X(Z5)
#define OF7(X) OF6(X); X(Z6)
#define OF8(X) OF7(X); X(Z7)
#define OF_TWO1(X) X(Z0); X(Z8)
#define OF_TWO2(X) OF_TWO1(X); X(Z1); X(Z9)
#define OF_TWO3(X) OF_TWO2(X); X(Z2); X(Z10)
#define OF_TWO4(X) OF_TWO3(X); X(Z3); X(Z11)
#define OF_TWO5(X) OF_TWO4(X); X(Z4); X(Z12)
#define OF_TWO6(X) OF_TWO5(X); X(Z5); X(Z13)
#define OF_TWO7(X) OF_TWO6(X); X(Z6); X(Z14)
#define OF_TWO8(X) OF_TWO7(X); X(Z7); X(Z15)

// So many registers of sums: = 0, = s.sums or the other way round. AX is where they are.
#define ZERO(z) VPXORD z, z, z
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

// The least of all sums, as integers, and the sums of 0 times them, which is NaN where they are
// not finite; and at the end whether the one is −0, and the other NaN.
#define TELL_BEGIN \
	VPXORD Z26, Z26, Z26; \
	VPXORD Z27, Z27, Z27; \
	VPXORD Z28, Z28, Z28
#define LEAST(z) VPMINSD z, Z26, Z26
#define FINITE(z) VFMADD231PS z, Z28, Z27
#define TELL_LEAST(of) of(LEAST)
#define TELL_FINITE(of) of(FINITE)
#define ROWS_RETURN \
	VPCMPEQD.BCST ·sign_f32(SB), Z26, K1; \
	KORTESTW      K1, K1; \
	SETNE         strip_minus(DI); \
	VCMPPS        $3, Z27, Z27, K1; \
	KORTESTW      K1, K1; \
	SETNE         strip_infinite(DI); \
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

// The same of both rows.
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

// The same of neighbours.
#define ELEMENT0_NEAR VBROADCASTSS (R8)(AX*4), Z24
#define ELEMENT1_NEAR VBROADCASTSS (R9)(AX*4), Z25

// ---- each row by itself ----

// func matmul_nonzeros_1x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x64_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(OF4, LOAD4, MUL4, STORE4)

// func matmul_nonzeros_1x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x80_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(OF5, LOAD5, MUL5, STORE5)

// func matmul_nonzeros_1x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x96_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(OF6, LOAD6, MUL6, STORE6)

// func matmul_nonzeros_1x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x112_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(OF7, LOAD7, MUL7, STORE7)

// func matmul_nonzeros_1x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x128_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(OF8, LOAD8, MUL8, STORE8)

// ---- pairs of rows, one or both at a k ----

// func matmul_nonzeros_either_2x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x64_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(OF_TWO4, LOAD4, LOAD_B4, MUL4, MUL_B4, MUL_BOTH4, STORE4, STORE_B4)

// func matmul_nonzeros_either_2x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x80_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(OF_TWO5, LOAD5, LOAD_B5, MUL5, MUL_B5, MUL_BOTH5, STORE5, STORE_B5)

// func matmul_nonzeros_either_2x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x96_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(OF_TWO6, LOAD6, LOAD_B6, MUL6, MUL_B6, MUL_BOTH6, STORE6, STORE_B6)

// func matmul_nonzeros_either_2x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x112_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(OF_TWO7, LOAD7, LOAD_B7, MUL7, MUL_B7, MUL_BOTH7, STORE7, STORE_B7)

// func matmul_nonzeros_either_2x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x128_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(OF_TWO8, LOAD8, LOAD_B8, MUL8, MUL_B8, MUL_BOTH8, STORE8, STORE_B8)

// ---- pairs of rows, always both ----

// func matmul_nonzeros_both_2x16_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x16_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO1, LOAD1, LOAD_B1, MUL_BOTH1, STORE1, STORE_B1)

// func matmul_nonzeros_both_2x32_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x32_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO2, LOAD2, LOAD_B2, MUL_BOTH2, STORE2, STORE_B2)

// func matmul_nonzeros_both_2x48_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x48_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO3, LOAD3, LOAD_B3, MUL_BOTH3, STORE3, STORE_B3)

// func matmul_nonzeros_both_2x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x64_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO4, LOAD4, LOAD_B4, MUL_BOTH4, STORE4, STORE_B4)

// func matmul_nonzeros_both_2x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x80_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO5, LOAD5, LOAD_B5, MUL_BOTH5, STORE5, STORE_B5)

// func matmul_nonzeros_both_2x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x96_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO6, LOAD6, LOAD_B6, MUL_BOTH6, STORE6, STORE_B6)

// func matmul_nonzeros_both_2x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x112_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO7, LOAD7, LOAD_B7, MUL_BOTH7, STORE7, STORE_B7)

// func matmul_nonzeros_both_2x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x128_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(OF_TWO8, LOAD8, LOAD_B8, MUL_BOTH8, STORE8, STORE_B8)
