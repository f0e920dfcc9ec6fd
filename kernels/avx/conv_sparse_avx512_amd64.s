//go:build !purego

// The gradients of a pooled convolution from the nonzeros of its output's gradient, in AVX-512: see
// conv_sparse.go for the formulas and conv_sparse_amd64.go for the Go loops. Lines have R registers,
// the last of which is masked.
//
// Registers: DI the argument; SI the row, CX the rows left; DX the element, BX the end of the row's
// elements; R8 values, R9 indices, R14 their mask; R10 dense, R15 denseStep, R11 denseLine; AX the
// element's patch; R12 the row's sums, R13 sumsLine. K1 masks the last register. Z0 to Z17 the sums,
// Z31 the element's value.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

#define LOAD(a, z) VMOVUPS a, z
#define ADD(a, z) VFMADD231PS a, Z31, z
#define STORE(a, z) VMOVUPS z, a
#define LOAD_LAST(a, z) VMOVUPS.Z a, K1, z
#define ADD_LAST(a, z) VFMADD231PS a, Z31, K1, z
#define STORE_LAST(a, z) VMOVUPS z, K1, a

// One line at a: F is applied to its registers, L to the last.
#define LINE1(F, L, a, z0) L(0 a, z0)
#define LINE2(F, L, a, z0, z1) F(0 a, z0); L(64 a, z1)
#define LINE3(F, L, a, z0, z1, z2) F(0 a, z0); F(64 a, z1); L(128 a, z2)
#define LINE4(F, L, a, z0, z1, z2, z3) F(0 a, z0); F(64 a, z1); F(128 a, z2); L(192 a, z3)
#define LINE5(F, L, a, z0, z1, z2, z3, z4) F(0 a, z0); F(64 a, z1); F(128 a, z2); F(192 a, z3); L(256 a, z4)
#define LINE6(F, L, a, z0, z1, z2, z3, z4, z5) F(0 a, z0); F(64 a, z1); F(128 a, z2); F(192 a, z3); F(256 a, z4); L(320 a, z5)

#define LINES_1x1(F, L, base, step) LINE1(F, L, (base), Z0)
#define LINES_1x2(F, L, base, step) LINE2(F, L, (base), Z0, Z1)
#define LINES_1x3(F, L, base, step) LINE3(F, L, (base), Z0, Z1, Z2)
#define LINES_1x4(F, L, base, step) LINE4(F, L, (base), Z0, Z1, Z2, Z3)
#define LINES_1x5(F, L, base, step) LINE5(F, L, (base), Z0, Z1, Z2, Z3, Z4)
#define LINES_1x6(F, L, base, step) LINE6(F, L, (base), Z0, Z1, Z2, Z3, Z4, Z5)

#define LINES_3x1(F, L, base, step) \
	LINE1(F, L, (base), Z0); \
	LINE1(F, L, (base)(step*1), Z1); \
	LINE1(F, L, (base)(step*2), Z2)
#define LINES_3x2(F, L, base, step) \
	LINE2(F, L, (base), Z0, Z1); \
	LINE2(F, L, (base)(step*1), Z2, Z3); \
	LINE2(F, L, (base)(step*2), Z4, Z5)
#define LINES_3x3(F, L, base, step) \
	LINE3(F, L, (base), Z0, Z1, Z2); \
	LINE3(F, L, (base)(step*1), Z3, Z4, Z5); \
	LINE3(F, L, (base)(step*2), Z6, Z7, Z8)
#define LINES_3x4(F, L, base, step) \
	LINE4(F, L, (base), Z0, Z1, Z2, Z3); \
	LINE4(F, L, (base)(step*1), Z4, Z5, Z6, Z7); \
	LINE4(F, L, (base)(step*2), Z8, Z9, Z10, Z11)
#define LINES_3x5(F, L, base, step) \
	LINE5(F, L, (base), Z0, Z1, Z2, Z3, Z4); \
	LINE5(F, L, (base)(step*1), Z5, Z6, Z7, Z8, Z9); \
	LINE5(F, L, (base)(step*2), Z10, Z11, Z12, Z13, Z14)
#define LINES_3x6(F, L, base, step) \
	LINE6(F, L, (base), Z0, Z1, Z2, Z3, Z4, Z5); \
	LINE6(F, L, (base)(step*1), Z6, Z7, Z8, Z9, Z10, Z11); \
	LINE6(F, L, (base)(step*2), Z12, Z13, Z14, Z15, Z16, Z17)

#define PRODUCT(LINES) \
	MOVQ p+0(FP), DI; \
	MOVQ sparseProduct_last(DI), BX; \
	LANES16(BX, K1); \
	MOVQ sparseProduct_rows(DI), SI; \
	MOVQ sparseProduct_count(DI), CX; \
	MOVQ sparseProduct_values(DI), R8; \
	MOVQ sparseProduct_indices(DI), R9; \
	MOVL sparseProduct_mask(DI), R14; \
	MOVQ sparseProduct_dense(DI), R10; \
	MOVQ sparseProduct_denseStep(DI), R15; \
	MOVQ sparseProduct_denseLine(DI), R11; \
	MOVQ sparseProduct_sumsLine(DI), R13; \
row: \
	MOVQ sparseRow_first(SI), DX; \
	MOVQ sparseRow_end(SI), BX; \
	CMPQ DX, BX; \
	JEQ next; \
	MOVQ sparseProduct_sums(DI), R12; \
	ADDQ sparseRow_sums(SI), R12; \
	LINES(LOAD, LOAD_LAST, R12, R13); \
element: \
	MOVL (R9)(DX*4), AX; \
	ANDL R14, AX; \
	IMULQ R15, AX; \
	ADDQ R10, AX; \
	VBROADCASTSS (R8)(DX*4), Z31; \
	LINES(ADD, ADD_LAST, AX, R11); \
	INCQ DX; \
	CMPQ DX, BX; \
	JNE element; \
	LINES(STORE, STORE_LAST, R12, R13); \
next: \
	ADDQ $sparseRow__size, SI; \
	DECQ CX; \
	JNZ row; \
	VZEROUPPER; \
	RET

// func conv_sparse_3x6_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x6_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x6)

// func conv_sparse_3x5_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x5_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x5)

// func conv_sparse_3x4_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x4_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x4)

// func conv_sparse_3x3_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x3_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x3)

// func conv_sparse_3x2_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x2_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x2)

// func conv_sparse_3x1_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_3x1_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x1)

// func conv_sparse_1x6_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_1x6_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x6)

// func conv_sparse_1x5_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_1x5_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x5)

// func conv_sparse_1x4_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_1x4_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x4)

// func conv_sparse_1x3_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_1x3_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x3)

// func conv_sparse_1x2_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_1x2_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x2)

// func conv_sparse_1x1_f32_avx512(p *sparseProduct)
TEXT ·conv_sparse_1x1_f32_avx512(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x1)
