//go:build !purego

// The gradient of the input of a pooled 3×3 convolution from the nonzeros of its output's gradient,
// in AVX-512: see conv_sparse.go for the formula and conv_sparse_amd64.go for the Go loop. The
// patches of neighbouring positions share two of their three columns of pixels. The sums of these
// stay in registers, so each position loads and stores only one column. A pixel has one register or
// two, the last of which is masked.
//
// Registers: DI the argument; SI the window's first row, CX the windows left; DX the element, BX the
// end of the row's elements; R8 values, R9 indices; R10 dense, R15 denseStep, R14 denseLine; AX the
// element's patch, one line at a time; R12 the patch of sums, R13 sumsLine; R11 the size of a pixel.
// K1 masks the last register. K2 and K3 mask the registers of the upper two lines if their sums are
// in memory already, K4 and K5 those of the lowest line; the others begin at 0. Z31 the element's
// value.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

#define UPPER(a, z) VMOVUPS.Z a, K2, z
#define UPPER_LAST(a, z) VMOVUPS.Z a, K3, z
#define LOWER(a, z) VMOVUPS.Z a, K4, z
#define LOWER_LAST(a, z) VMOVUPS.Z a, K5, z
#define ADD(a, z) VFMADD231PS a, Z31, z
#define ADD_LAST(a, z) VFMADD231PS a, Z31, K1, z
#define STORE(a, z) VMOVUPS z, a
#define STORE_LAST(a, z) VMOVUPS z, K1, a

// One pixel at a: F is applied to its registers, L to the last. In a column, F and L are for the
// upper two lines, G and M for the lowest.
#define PIXEL1(F, L, a, z0) L(0 a, z0)
#define PIXEL2(F, L, a, z0, z1) F(0 a, z0); L(64 a, z1)

// A patch's sums, pixels of 1 register: column c of line l is in Z(3l+c).
#define COLUMN1_0(F, L, G, M, base) \
	PIXEL1(F, L, (base), Z0); \
	PIXEL1(F, L, (base)(R13*1), Z3); \
	PIXEL1(G, M, (base)(R13*2), Z6)
#define COLUMN1_1(F, L, G, M, base) \
	PIXEL1(F, L, (base), Z1); \
	PIXEL1(F, L, (base)(R13*1), Z4); \
	PIXEL1(G, M, (base)(R13*2), Z7)
#define COLUMN1_2(F, L, G, M, base) \
	PIXEL1(F, L, (base), Z2); \
	PIXEL1(F, L, (base)(R13*1), Z5); \
	PIXEL1(G, M, (base)(R13*2), Z8)
#define PATCH1 \
	PIXEL1(ADD, ADD_LAST, (AX), Z0); \
	PIXEL1(ADD, ADD_LAST, (AX)(R11*1), Z1); \
	PIXEL1(ADD, ADD_LAST, (AX)(R11*2), Z2); \
	ADDQ R14, AX; \
	PIXEL1(ADD, ADD_LAST, (AX), Z3); \
	PIXEL1(ADD, ADD_LAST, (AX)(R11*1), Z4); \
	PIXEL1(ADD, ADD_LAST, (AX)(R11*2), Z5); \
	ADDQ R14, AX; \
	PIXEL1(ADD, ADD_LAST, (AX), Z6); \
	PIXEL1(ADD, ADD_LAST, (AX)(R11*1), Z7); \
	PIXEL1(ADD, ADD_LAST, (AX)(R11*2), Z8)
#define SHIFT1 \
	VMOVAPS Z1, Z0; VMOVAPS Z2, Z1; \
	VMOVAPS Z4, Z3; VMOVAPS Z5, Z4; \
	VMOVAPS Z7, Z6; VMOVAPS Z8, Z7

// A patch's sums, pixels of 2 registers: column c of line l is in Z2(3l+c) and the next.
#define COLUMN2_0(F, L, G, M, base) \
	PIXEL2(F, L, (base), Z0, Z1); \
	PIXEL2(F, L, (base)(R13*1), Z6, Z7); \
	PIXEL2(G, M, (base)(R13*2), Z12, Z13)
#define COLUMN2_1(F, L, G, M, base) \
	PIXEL2(F, L, (base), Z2, Z3); \
	PIXEL2(F, L, (base)(R13*1), Z8, Z9); \
	PIXEL2(G, M, (base)(R13*2), Z14, Z15)
#define COLUMN2_2(F, L, G, M, base) \
	PIXEL2(F, L, (base), Z4, Z5); \
	PIXEL2(F, L, (base)(R13*1), Z10, Z11); \
	PIXEL2(G, M, (base)(R13*2), Z16, Z17)
#define PATCH2 \
	PIXEL2(ADD, ADD_LAST, (AX), Z0, Z1); \
	PIXEL2(ADD, ADD_LAST, (AX)(R11*1), Z2, Z3); \
	PIXEL2(ADD, ADD_LAST, (AX)(R11*2), Z4, Z5); \
	ADDQ R14, AX; \
	PIXEL2(ADD, ADD_LAST, (AX), Z6, Z7); \
	PIXEL2(ADD, ADD_LAST, (AX)(R11*1), Z8, Z9); \
	PIXEL2(ADD, ADD_LAST, (AX)(R11*2), Z10, Z11); \
	ADDQ R14, AX; \
	PIXEL2(ADD, ADD_LAST, (AX), Z12, Z13); \
	PIXEL2(ADD, ADD_LAST, (AX)(R11*1), Z14, Z15); \
	PIXEL2(ADD, ADD_LAST, (AX)(R11*2), Z16, Z17)
#define SHIFT2 \
	VMOVAPS Z2, Z0; VMOVAPS Z3, Z1; VMOVAPS Z4, Z2; VMOVAPS Z5, Z3; \
	VMOVAPS Z8, Z6; VMOVAPS Z9, Z7; VMOVAPS Z10, Z8; VMOVAPS Z11, Z9; \
	VMOVAPS Z14, Z12; VMOVAPS Z15, Z13; VMOVAPS Z16, Z14; VMOVAPS Z17, Z15

// One position, whose row is at row(SI). The sums of its first two columns are loaded already.
#define POSITION(row, element, next, COLUMN_0, COLUMN_2, PATCH, SHIFT) \
	LEAQ (R12)(R11*2), AX; \
	COLUMN_2(UPPER, UPPER_LAST, LOWER, LOWER_LAST, AX); \
	MOVQ (row*sparseRow__size+sparseRow_first)(SI), DX; \
	MOVQ (row*sparseRow__size+sparseRow_end)(SI), BX; \
	CMPQ DX, BX; \
	JEQ next; \
element: \
	MOVWLZX (R9)(DX*4), AX; \
	IMULQ R15, AX; \
	ADDQ R10, AX; \
	VBROADCASTSS (R8)(DX*4), Z31; \
	PATCH; \
	INCQ DX; \
	CMPQ DX, BX; \
	JNE element; \
next: \
	COLUMN_0(STORE, STORE_LAST, STORE, STORE_LAST, R12); \
	SHIFT; \
	ADDQ R11, R12

#define LINE(COLUMN_0, COLUMN_1, COLUMN_2, PATCH, SHIFT) \
	MOVQ p+0(FP), DI; \
	MOVQ sparseProduct_last(DI), BX; \
	LANES16(BX, K1); \
	KMOVW sparseProduct_upper(DI), K2; \
	KANDW K1, K2, K3; \
	KMOVW sparseProduct_lower(DI), K4; \
	KANDW K1, K4, K5; \
	MOVQ sparseProduct_rows(DI), SI; \
	MOVQ sparseProduct_count(DI), CX; \
	MOVQ sparseProduct_values(DI), R8; \
	MOVQ sparseProduct_indices(DI), R9; \
	MOVQ sparseProduct_dense(DI), R10; \
	MOVQ sparseProduct_denseStep(DI), R15; \
	MOVQ sparseProduct_denseLine(DI), R14; \
	MOVQ sparseProduct_sums(DI), R12; \
	MOVQ sparseProduct_sumsLine(DI), R13; \
	MOVQ sparseProduct_pixel(DI), R11; \
	COLUMN_0(UPPER, UPPER_LAST, LOWER, LOWER_LAST, R12); \
	LEAQ (R12)(R11*1), AX; \
	COLUMN_1(UPPER, UPPER_LAST, LOWER, LOWER_LAST, AX); \
window: \
	POSITION(0, left, leftEnd, COLUMN_0, COLUMN_2, PATCH, SHIFT); \
	POSITION(1, right, rightEnd, COLUMN_0, COLUMN_2, PATCH, SHIFT); \
	ADDQ $(4*sparseRow__size), SI; \
	DECQ CX; \
	JNZ window; \
	COLUMN_0(STORE, STORE_LAST, STORE, STORE_LAST, R12); \
	LEAQ (R12)(R11*1), AX; \
	COLUMN_1(STORE, STORE_LAST, STORE, STORE_LAST, AX); \
	VZEROUPPER; \
	RET

// func conv_sparse_3x3x2_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x3x2_f32_avx512(SB), NOSPLIT, $0-8
	LINE(COLUMN2_0, COLUMN2_1, COLUMN2_2, PATCH2, SHIFT2)

// func conv_sparse_3x3x1_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x3x1_f32_avx512(SB), NOSPLIT, $0-8
	LINE(COLUMN1_0, COLUMN1_1, COLUMN1_2, PATCH1, SHIFT1)
