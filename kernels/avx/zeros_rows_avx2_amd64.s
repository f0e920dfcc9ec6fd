//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "zeros_rows_amd64.h"

// Products of strips with the nonzeros of A's rows, in AVX2 with FMA: 8 floats in a register.
// zeros_rows_amd64.h has the loops that they replace, and the other registers.
//
// The sums of a row are in Y0…Y13, with an element of A in Y14; or those of two rows in Y0…Y5 and
// Y6…Y11, elements of A in Y12 and Y13, and a row of B alternately in Y14 and Y15. Y15 is the least
// of all rows' sums, except while B needs it and that waits in memory.

// The sums in n registers: = 0, = s.sums or the other way round. at is their address.
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

#define LOAD1 VMOVUPS (AX), Y0
#define LOAD2 LOAD1; VMOVUPS 32(AX), Y1
#define LOAD3 LOAD2; VMOVUPS 64(AX), Y2
#define LOAD4 LOAD3; VMOVUPS 96(AX), Y3
#define LOAD5 LOAD4; VMOVUPS 128(AX), Y4
#define LOAD6 LOAD5; VMOVUPS 160(AX), Y5
#define LOAD7 LOAD6; VMOVUPS 192(AX), Y6
#define LOAD8 LOAD7; VMOVUPS 224(AX), Y7
#define LOAD9 LOAD8; VMOVUPS 256(AX), Y8
#define LOAD10 LOAD9; VMOVUPS 288(AX), Y9
#define LOAD11 LOAD10; VMOVUPS 320(AX), Y10
#define LOAD12 LOAD11; VMOVUPS 352(AX), Y11
#define LOAD13 LOAD12; VMOVUPS 384(AX), Y12
#define LOAD14 LOAD13; VMOVUPS 416(AX), Y13
#define LOAD_B1 VMOVUPS (AX), Y6
#define LOAD_B2 LOAD_B1; VMOVUPS 32(AX), Y7
#define LOAD_B3 LOAD_B2; VMOVUPS 64(AX), Y8
#define LOAD_B4 LOAD_B3; VMOVUPS 96(AX), Y9
#define LOAD_B5 LOAD_B4; VMOVUPS 128(AX), Y10
#define LOAD_B6 LOAD_B5; VMOVUPS 160(AX), Y11

#define STORE1 VMOVUPS Y0, (AX)
#define STORE2 STORE1; VMOVUPS Y1, 32(AX)
#define STORE3 STORE2; VMOVUPS Y2, 64(AX)
#define STORE4 STORE3; VMOVUPS Y3, 96(AX)
#define STORE5 STORE4; VMOVUPS Y4, 128(AX)
#define STORE6 STORE5; VMOVUPS Y5, 160(AX)
#define STORE7 STORE6; VMOVUPS Y6, 192(AX)
#define STORE8 STORE7; VMOVUPS Y7, 224(AX)
#define STORE9 STORE8; VMOVUPS Y8, 256(AX)
#define STORE10 STORE9; VMOVUPS Y9, 288(AX)
#define STORE11 STORE10; VMOVUPS Y10, 320(AX)
#define STORE12 STORE11; VMOVUPS Y11, 352(AX)
#define STORE13 STORE12; VMOVUPS Y12, 384(AX)
#define STORE14 STORE13; VMOVUPS Y13, 416(AX)
#define STORE_B1 VMOVUPS Y6, (AX)
#define STORE_B2 STORE_B1; VMOVUPS Y7, 32(AX)
#define STORE_B3 STORE_B2; VMOVUPS Y8, 64(AX)
#define STORE_B4 STORE_B3; VMOVUPS Y9, 96(AX)
#define STORE_B5 STORE_B4; VMOVUPS Y10, 128(AX)
#define STORE_B6 STORE_B5; VMOVUPS Y11, 160(AX)

// The least of the sums so far, as integers, and at the end whether it is −0.
#define LEAST_BEGIN \
	VPXOR   Y15, Y15, Y15; \
	VMOVDQU Y15, strip_least(DI)
#define LEAST(y) VPMINSD y, Y15, Y15
#define LEAST1 LEAST(Y0)
#define LEAST2 LEAST1; LEAST(Y1)
#define LEAST3 LEAST2; LEAST(Y2)
#define LEAST4 LEAST3; LEAST(Y3)
#define LEAST5 LEAST4; LEAST(Y4)
#define LEAST6 LEAST5; LEAST(Y5)
#define LEAST7 LEAST6; LEAST(Y6)
#define LEAST8 LEAST7; LEAST(Y7)
#define LEAST9 LEAST8; LEAST(Y8)
#define LEAST10 LEAST9; LEAST(Y9)
#define LEAST11 LEAST10; LEAST(Y10)
#define LEAST12 LEAST11; LEAST(Y11)
#define LEAST13 LEAST12; LEAST(Y12)
#define LEAST14 LEAST13; LEAST(Y13)
#define LEAST_B1 LEAST(Y6)
#define LEAST_B2 LEAST_B1; LEAST(Y7)
#define LEAST_B3 LEAST_B2; LEAST(Y8)
#define LEAST_B4 LEAST_B3; LEAST(Y9)
#define LEAST_B5 LEAST_B4; LEAST(Y10)
#define LEAST_B6 LEAST_B5; LEAST(Y11)
#define LEAST_OF(sums) \
	VMOVDQU strip_least(DI), Y15; \
	sums; \
	VMOVDQU Y15, strip_least(DI)
#define ROWS_RETURN \
	VPBROADCASTD ·sign_f32(SB), Y14; \
	VPCMPEQD     Y15, Y14, Y14; \
	VPTEST       Y14, Y14; \
	SETNE        strip_minus(DI); \
	VZEROUPPER; \
	RET

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

// The same for both rows.
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
	EACH_ROW(ZERO7, LOAD7, MUL7, LEAST7, STORE7)

// func matmul_nonzeros_1x64_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x64_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO8, LOAD8, MUL8, LEAST8, STORE8)

// func matmul_nonzeros_1x72_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x72_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO9, LOAD9, MUL9, LEAST9, STORE9)

// func matmul_nonzeros_1x80_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x80_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO10, LOAD10, MUL10, LEAST10, STORE10)

// func matmul_nonzeros_1x88_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x88_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO11, LOAD11, MUL11, LEAST11, STORE11)

// func matmul_nonzeros_1x96_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x96_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO12, LOAD12, MUL12, LEAST12, STORE12)

// func matmul_nonzeros_1x104_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x104_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO13, LOAD13, MUL13, LEAST13, STORE13)

// func matmul_nonzeros_1x112_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_1x112_f32_avx2(SB), NOSPLIT, $0-8
	EACH_ROW(ZERO14, LOAD14, MUL14, LEAST14, STORE14)

// ---- pairs of rows, always both ----

#undef ELEMENT0
#define ELEMENT0 VBROADCASTSS (R8)(AX*1), Y12
#define ELEMENT1 VBROADCASTSS (R9)(AX*1), Y13

// func matmul_nonzeros_both_2x8_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x8_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO1; ZERO_B1, LOAD1, LOAD_B1, MUL_BOTH1, LEAST_OF(LEAST1; LEAST_B1), STORE1, STORE_B1)

// func matmul_nonzeros_both_2x16_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x16_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO2; ZERO_B2, LOAD2, LOAD_B2, MUL_BOTH2, LEAST_OF(LEAST2; LEAST_B2), STORE2, STORE_B2)

// func matmul_nonzeros_both_2x24_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x24_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO3; ZERO_B3, LOAD3, LOAD_B3, MUL_BOTH3, LEAST_OF(LEAST3; LEAST_B3), STORE3, STORE_B3)

// func matmul_nonzeros_both_2x32_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x32_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO4; ZERO_B4, LOAD4, LOAD_B4, MUL_BOTH4, LEAST_OF(LEAST4; LEAST_B4), STORE4, STORE_B4)

// func matmul_nonzeros_both_2x40_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x40_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO5; ZERO_B5, LOAD5, LOAD_B5, MUL_BOTH5, LEAST_OF(LEAST5; LEAST_B5), STORE5, STORE_B5)

// func matmul_nonzeros_both_2x48_f32_avx2(s *strip)
TEXT ·matmul_nonzeros_both_2x48_f32_avx2(SB), NOSPLIT, $0-8
	BOTH_ROWS(ZERO6; ZERO_B6, LOAD6, LOAD_B6, MUL_BOTH6, LEAST_OF(LEAST6; LEAST_B6), STORE6, STORE_B6)
