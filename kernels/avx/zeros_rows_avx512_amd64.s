//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_rows_amd64.h"

// Products of strips with the nonzeros of A's rows, in AVX-512: 16 floats in a register.
// zeros_rows_amd64.h has the loops that they replace, and the other registers.
//
// The sums of a row, or of the first of a pair, are in Z0…Z7, those of the second in
// Z8…Z15. Z16…Z23 are a row of B, Z24 and Z25 elements of A.

// So many registers of sums: = 0, = s.sums or the other way round. at is where they are.
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

#define LOAD1(at) VMOVUPS at+0(R14), Z0
#define LOAD2(at) LOAD1(at); VMOVUPS at+64(R14), Z1
#define LOAD3(at) LOAD2(at); VMOVUPS at+128(R14), Z2
#define LOAD4(at) LOAD3(at); VMOVUPS at+192(R14), Z3
#define LOAD5(at) LOAD4(at); VMOVUPS at+256(R14), Z4
#define LOAD6(at) LOAD5(at); VMOVUPS at+320(R14), Z5
#define LOAD7(at) LOAD6(at); VMOVUPS at+384(R14), Z6
#define LOAD8(at) LOAD7(at); VMOVUPS at+448(R14), Z7
#define LOAD_B1(at) VMOVUPS at+0(R14), Z8
#define LOAD_B2(at) LOAD_B1(at); VMOVUPS at+64(R14), Z9
#define LOAD_B3(at) LOAD_B2(at); VMOVUPS at+128(R14), Z10
#define LOAD_B4(at) LOAD_B3(at); VMOVUPS at+192(R14), Z11
#define LOAD_B5(at) LOAD_B4(at); VMOVUPS at+256(R14), Z12
#define LOAD_B6(at) LOAD_B5(at); VMOVUPS at+320(R14), Z13
#define LOAD_B7(at) LOAD_B6(at); VMOVUPS at+384(R14), Z14
#define LOAD_B8(at) LOAD_B7(at); VMOVUPS at+448(R14), Z15

#define STORE1(at) VMOVUPS Z0, at+0(R14)
#define STORE2(at) STORE1(at); VMOVUPS Z1, at+64(R14)
#define STORE3(at) STORE2(at); VMOVUPS Z2, at+128(R14)
#define STORE4(at) STORE3(at); VMOVUPS Z3, at+192(R14)
#define STORE5(at) STORE4(at); VMOVUPS Z4, at+256(R14)
#define STORE6(at) STORE5(at); VMOVUPS Z5, at+320(R14)
#define STORE7(at) STORE6(at); VMOVUPS Z6, at+384(R14)
#define STORE8(at) STORE7(at); VMOVUPS Z7, at+448(R14)
#define STORE_B1(at) VMOVUPS Z8, at+0(R14)
#define STORE_B2(at) STORE_B1(at); VMOVUPS Z9, at+64(R14)
#define STORE_B3(at) STORE_B2(at); VMOVUPS Z10, at+128(R14)
#define STORE_B4(at) STORE_B3(at); VMOVUPS Z11, at+192(R14)
#define STORE_B5(at) STORE_B4(at); VMOVUPS Z12, at+256(R14)
#define STORE_B6(at) STORE_B5(at); VMOVUPS Z13, at+320(R14)
#define STORE_B7(at) STORE_B6(at); VMOVUPS Z14, at+384(R14)
#define STORE_B8(at) STORE_B7(at); VMOVUPS Z15, at+448(R14)

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

// ---- each row by itself ----

// func matmul_nonzeros_1x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x64_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(256, ZERO4, LOAD4(0), MUL4, STORE4(0))

// func matmul_nonzeros_1x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x80_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(320, ZERO5, LOAD5(0), MUL5, STORE5(0))

// func matmul_nonzeros_1x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x96_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(384, ZERO6, LOAD6(0), MUL6, STORE6(0))

// func matmul_nonzeros_1x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x112_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(448, ZERO7, LOAD7(0), MUL7, STORE7(0))

// func matmul_nonzeros_1x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_1x128_f32_avx512(SB), NOSPLIT, $0-8
	EACH_ROW(512, ZERO8, LOAD8(0), MUL8, STORE8(0))

// ---- pairs of rows, one or both at a k ----

// func matmul_nonzeros_either_2x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x64_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(512, ZERO4; ZERO_B4, LOAD4(0); LOAD_B4(256), MUL4, MUL_B4, MUL_BOTH4, STORE4(0); STORE_B4(256))

// func matmul_nonzeros_either_2x80_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x80_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(640, ZERO5; ZERO_B5, LOAD5(0); LOAD_B5(320), MUL5, MUL_B5, MUL_BOTH5, STORE5(0); STORE_B5(320))

// func matmul_nonzeros_either_2x96_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x96_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(768, ZERO6; ZERO_B6, LOAD6(0); LOAD_B6(384), MUL6, MUL_B6, MUL_BOTH6, STORE6(0); STORE_B6(384))

// func matmul_nonzeros_either_2x112_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x112_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(896, ZERO7; ZERO_B7, LOAD7(0); LOAD_B7(448), MUL7, MUL_B7, MUL_BOTH7, STORE7(0); STORE_B7(448))

// func matmul_nonzeros_either_2x128_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_either_2x128_f32_avx512(SB), NOSPLIT, $0-8
	EITHER_ROW(1024, ZERO8; ZERO_B8, LOAD8(0); LOAD_B8(512), MUL8, MUL_B8, MUL_BOTH8, STORE8(0); STORE_B8(512))

// ---- pairs of rows, always both ----

// func matmul_nonzeros_both_2x16_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x16_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(128, ZERO(Z0); ZERO_B1, LOAD1(0); LOAD_B1(64), MUL_BOTH1, STORE1(0); STORE_B1(64))

// func matmul_nonzeros_both_2x32_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x32_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(256, ZERO(Z0); ZERO(Z1); ZERO_B2, LOAD2(0); LOAD_B2(128), MUL_BOTH2, STORE2(0); STORE_B2(128))

// func matmul_nonzeros_both_2x48_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x48_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(384, ZERO(Z0); ZERO(Z1); ZERO(Z2); ZERO_B3, LOAD3(0); LOAD_B3(192), MUL_BOTH3, STORE3(0); STORE_B3(192))

// func matmul_nonzeros_both_2x64_f32_avx512(s *strip)
TEXT ·matmul_nonzeros_both_2x64_f32_avx512(SB), NOSPLIT, $0-8
	BOTH_ROWS(512, ZERO4; ZERO_B4, LOAD4(0); LOAD_B4(256), MUL_BOTH4, STORE4(0); STORE_B4(256))
