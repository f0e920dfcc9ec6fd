//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_rows_amd64.h"

// Products of strips with the nonzeros of A's rows, in AVX2 with FMA: 8 floats in a
// register. zeros_rows_amd64.h has the loops that they replace, and the other registers.
//
// The sums of a row are in Y0…Y13, with an element of A in Y14; or those of two rows in
// Y0…Y5 and Y6…Y11, elements of A in Y12 and Y13, and a row of B in Y14 and Y15 by turns.

// So many registers of sums: = 0, = s.sums or the other way round. at is where they are.
#define ZERO(y) VXORPS y, y, y
#define ZERO1 ZERO(Y0)
#define ZERO2 ZERO1; ZERO(Y1)
#define ZERO3 ZERO2; ZERO(Y2)
#define ZERO4 ZERO3; ZERO(Y3)
#define ZERO5 ZERO4; ZERO(Y4)
#define ZERO6 ZERO5; ZERO(Y5)
#define ZERO7 ZERO6; ZERO(Y6)
#define ZERO8 ZERO7; ZERO(Y7)
#define ZERO9 ZERO8; ZERO(Y8)
#define ZERO10 ZERO9; ZERO(Y9)
#define ZERO11 ZERO10; ZERO(Y10)
#define ZERO12 ZERO11; ZERO(Y11)
#define ZERO13 ZERO12; ZERO(Y12)
#define ZERO14 ZERO13; ZERO(Y13)
#define ZERO_B1 ZERO(Y6)
#define ZERO_B2 ZERO_B1; ZERO(Y7)
#define ZERO_B3 ZERO_B2; ZERO(Y8)
#define ZERO_B4 ZERO_B3; ZERO(Y9)
#define ZERO_B5 ZERO_B4; ZERO(Y10)
#define ZERO_B6 ZERO_B5; ZERO(Y11)

#define LOAD1(at) VMOVUPS at+0(R14), Y0
#define LOAD2(at) LOAD1(at); VMOVUPS at+32(R14), Y1
#define LOAD3(at) LOAD2(at); VMOVUPS at+64(R14), Y2
#define LOAD4(at) LOAD3(at); VMOVUPS at+96(R14), Y3
#define LOAD5(at) LOAD4(at); VMOVUPS at+128(R14), Y4
#define LOAD6(at) LOAD5(at); VMOVUPS at+160(R14), Y5
#define LOAD7(at) LOAD6(at); VMOVUPS at+192(R14), Y6
#define LOAD8(at) LOAD7(at); VMOVUPS at+224(R14), Y7
#define LOAD9(at) LOAD8(at); VMOVUPS at+256(R14), Y8
#define LOAD10(at) LOAD9(at); VMOVUPS at+288(R14), Y9
#define LOAD11(at) LOAD10(at); VMOVUPS at+320(R14), Y10
#define LOAD12(at) LOAD11(at); VMOVUPS at+352(R14), Y11
#define LOAD13(at) LOAD12(at); VMOVUPS at+384(R14), Y12
#define LOAD14(at) LOAD13(at); VMOVUPS at+416(R14), Y13
#define LOAD_B1(at) VMOVUPS at+0(R14), Y6
#define LOAD_B2(at) LOAD_B1(at); VMOVUPS at+32(R14), Y7
#define LOAD_B3(at) LOAD_B2(at); VMOVUPS at+64(R14), Y8
#define LOAD_B4(at) LOAD_B3(at); VMOVUPS at+96(R14), Y9
#define LOAD_B5(at) LOAD_B4(at); VMOVUPS at+128(R14), Y10
#define LOAD_B6(at) LOAD_B5(at); VMOVUPS at+160(R14), Y11

#define STORE1(at) VMOVUPS Y0, at+0(R14)
#define STORE2(at) STORE1(at); VMOVUPS Y1, at+32(R14)
#define STORE3(at) STORE2(at); VMOVUPS Y2, at+64(R14)
#define STORE4(at) STORE3(at); VMOVUPS Y3, at+96(R14)
#define STORE5(at) STORE4(at); VMOVUPS Y4, at+128(R14)
#define STORE6(at) STORE5(at); VMOVUPS Y5, at+160(R14)
#define STORE7(at) STORE6(at); VMOVUPS Y6, at+192(R14)
#define STORE8(at) STORE7(at); VMOVUPS Y7, at+224(R14)
#define STORE9(at) STORE8(at); VMOVUPS Y8, at+256(R14)
#define STORE10(at) STORE9(at); VMOVUPS Y9, at+288(R14)
#define STORE11(at) STORE10(at); VMOVUPS Y10, at+320(R14)
#define STORE12(at) STORE11(at); VMOVUPS Y11, at+352(R14)
#define STORE13(at) STORE12(at); VMOVUPS Y12, at+384(R14)
#define STORE14(at) STORE13(at); VMOVUPS Y13, at+416(R14)
#define STORE_B1(at) VMOVUPS Y6, at+0(R14)
#define STORE_B2(at) STORE_B1(at); VMOVUPS Y7, at+32(R14)
#define STORE_B3(at) STORE_B2(at); VMOVUPS Y8, at+64(R14)
#define STORE_B4(at) STORE_B3(at); VMOVUPS Y9, at+96(R14)
#define STORE_B5(at) STORE_B4(at); VMOVUPS Y10, at+128(R14)
#define STORE_B6(at) STORE_B5(at); VMOVUPS Y11, at+160(R14)

// The sums of one row += its element of A, in every lane of Y14, times the row of B at DX.
#define MUL7 \
	VFMADD231PS (DX), Y14, Y0; \
	VFMADD231PS 32(DX), Y14, Y1; \
	VFMADD231PS 64(DX), Y14, Y2; \
	VFMADD231PS 96(DX), Y14, Y3; \
	VFMADD231PS 128(DX), Y14, Y4; \
	VFMADD231PS 160(DX), Y14, Y5; \
	VFMADD231PS 192(DX), Y14, Y6
#define MUL8 MUL7; VFMADD231PS 224(DX), Y14, Y7
#define MUL9 MUL8; VFMADD231PS 256(DX), Y14, Y8
#define MUL10 MUL9; VFMADD231PS 288(DX), Y14, Y9
#define MUL11 MUL10; VFMADD231PS 320(DX), Y14, Y10
#define MUL12 MUL11; VFMADD231PS 352(DX), Y14, Y11
#define MUL13 MUL12; VFMADD231PS 384(DX), Y14, Y12
#define MUL14 MUL13; VFMADD231PS 416(DX), Y14, Y13

// The same of both rows.
#define MUL_BOTH(at, b, row0, row1) \
	VMOVUPS     at(DX), b; \
	VFMADD231PS b, Y12, row0; \
	VFMADD231PS b, Y13, row1
#define MUL_BOTH1 MUL_BOTH(0, Y14, Y0, Y6)
#define MUL_BOTH2 MUL_BOTH1; MUL_BOTH(32, Y15, Y1, Y7)
#define MUL_BOTH3 MUL_BOTH2; MUL_BOTH(64, Y14, Y2, Y8)
#define MUL_BOTH4 MUL_BOTH3; MUL_BOTH(96, Y15, Y3, Y9)
#define MUL_BOTH5 MUL_BOTH4; MUL_BOTH(128, Y14, Y4, Y10)
#define MUL_BOTH6 MUL_BOTH5; MUL_BOTH(160, Y15, Y5, Y11)

// ---- each row by itself ----

#define ELEMENT0 VBROADCASTSS (R8)(AX*1), Y14

// func matmul_nonzeros_1x56_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x56_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(224, ZERO7, LOAD7(0), MUL7, STORE7(0))

// func matmul_nonzeros_1x64_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x64_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(256, ZERO8, LOAD8(0), MUL8, STORE8(0))

// func matmul_nonzeros_1x72_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x72_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(288, ZERO9, LOAD9(0), MUL9, STORE9(0))

// func matmul_nonzeros_1x80_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x80_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(320, ZERO10, LOAD10(0), MUL10, STORE10(0))

// func matmul_nonzeros_1x88_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x88_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(352, ZERO11, LOAD11(0), MUL11, STORE11(0))

// func matmul_nonzeros_1x96_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x96_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(384, ZERO12, LOAD12(0), MUL12, STORE12(0))

// func matmul_nonzeros_1x104_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x104_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(416, ZERO13, LOAD13(0), MUL13, STORE13(0))

// func matmul_nonzeros_1x112_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x112_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(448, ZERO14, LOAD14(0), MUL14, STORE14(0))

// ---- pairs of rows, always both ----

#undef ELEMENT0
#define ELEMENT0 VBROADCASTSS (R8)(AX*1), Y12
#define ELEMENT1 VBROADCASTSS (R9)(AX*1), Y13

// func matmul_nonzeros_both_2x8_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x8_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(64, ZERO1; ZERO_B1, LOAD1(0); LOAD_B1(32), MUL_BOTH1, STORE1(0); STORE_B1(32))

// func matmul_nonzeros_both_2x16_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x16_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(128, ZERO2; ZERO_B2, LOAD2(0); LOAD_B2(64), MUL_BOTH2, STORE2(0); STORE_B2(64))

// func matmul_nonzeros_both_2x24_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x24_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(192, ZERO3; ZERO_B3, LOAD3(0); LOAD_B3(96), MUL_BOTH3, STORE3(0); STORE_B3(96))

// func matmul_nonzeros_both_2x32_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x32_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(256, ZERO4; ZERO_B4, LOAD4(0); LOAD_B4(128), MUL_BOTH4, STORE4(0); STORE_B4(128))

// func matmul_nonzeros_both_2x40_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x40_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(320, ZERO5; ZERO_B5, LOAD5(0); LOAD_B5(160), MUL_BOTH5, STORE5(0); STORE_B5(160))

// func matmul_nonzeros_both_2x48_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x48_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(384, ZERO6; ZERO_B6, LOAD6(0); LOAD_B6(192), MUL_BOTH6, STORE6(0); STORE_B6(192))
