//go:build !purego

// The gradients of a pooled convolution from the nonzeros of its output's gradient, in AVX2: see
// conv_sparse.go for the formulas and conv_sparse_amd64.go for the Go loops. Lines have R registers.
//
// Registers: DI the argument; SI the row, CX the rows left; DX the element, BX the end of the row's
// elements; R8 values, R9 indices, R14 their mask; R10 dense, R15 denseStep, R11 denseLine; AX the
// element's patch; R12 the row's sums, R13 sumsLine. Y0 to Y11 the sums, Y15 the element's value.

#include "go_asm.h"
#include "textflag.h"

#define LOAD(a, y) VMOVUPS a, y
#define ADD(a, y) VFMADD231PS a, Y15, y
#define STORE(a, y) VMOVUPS y, a

// One line at a: F is applied to its registers.
#define LINE1(F, a, y0) F(0 a, y0)
#define LINE2(F, a, y0, y1) F(0 a, y0); F(32 a, y1)
#define LINE3(F, a, y0, y1, y2) F(0 a, y0); F(32 a, y1); F(64 a, y2)
#define LINE4(F, a, y0, y1, y2, y3) F(0 a, y0); F(32 a, y1); F(64 a, y2); F(96 a, y3)

#define LINES_1x1(F, base, step) LINE1(F, (base), Y0)
#define LINES_1x2(F, base, step) LINE2(F, (base), Y0, Y1)
#define LINES_1x3(F, base, step) LINE3(F, (base), Y0, Y1, Y2)
#define LINES_1x4(F, base, step) LINE4(F, (base), Y0, Y1, Y2, Y3)

#define LINES_3x1(F, base, step) \
	LINE1(F, (base), Y0); \
	LINE1(F, (base)(step*1), Y1); \
	LINE1(F, (base)(step*2), Y2)
#define LINES_3x2(F, base, step) \
	LINE2(F, (base), Y0, Y1); \
	LINE2(F, (base)(step*1), Y2, Y3); \
	LINE2(F, (base)(step*2), Y4, Y5)
#define LINES_3x3(F, base, step) \
	LINE3(F, (base), Y0, Y1, Y2); \
	LINE3(F, (base)(step*1), Y3, Y4, Y5); \
	LINE3(F, (base)(step*2), Y6, Y7, Y8)
#define LINES_3x4(F, base, step) \
	LINE4(F, (base), Y0, Y1, Y2, Y3); \
	LINE4(F, (base)(step*1), Y4, Y5, Y6, Y7); \
	LINE4(F, (base)(step*2), Y8, Y9, Y10, Y11)

#define PRODUCT(LINES) \
	MOVQ p+0(FP), DI; \
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
	LINES(LOAD, R12, R13); \
element: \
	MOVL (R9)(DX*4), AX; \
	ANDL R14, AX; \
	IMULQ R15, AX; \
	ADDQ R10, AX; \
	VBROADCASTSS (R8)(DX*4), Y15; \
	LINES(ADD, AX, R11); \
	INCQ DX; \
	CMPQ DX, BX; \
	JNE element; \
	LINES(STORE, R12, R13); \
next: \
	ADDQ $sparseRow__size, SI; \
	DECQ CX; \
	JNZ row; \
	VZEROUPPER; \
	RET

// func conv_sparse_3x4_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_3x4_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x4)

// func conv_sparse_3x3_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_3x3_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x3)

// func conv_sparse_3x2_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_3x2_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x2)

// func conv_sparse_3x1_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_3x1_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_3x1)

// func conv_sparse_1x4_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_1x4_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x4)

// func conv_sparse_1x3_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_1x3_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x3)

// func conv_sparse_1x2_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_1x2_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x2)

// func conv_sparse_1x1_f32_avx2(p *sparseProduct)
TEXT ·conv_sparse_1x1_f32_avx2(SB), NOSPLIT, $0-8
	PRODUCT(LINES_1x1)
