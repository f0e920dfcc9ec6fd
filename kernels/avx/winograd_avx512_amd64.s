//go:build !purego

// Winograd's transforms in AVX-512, 16 channels at a time: see winograd.go for their use and
// winograd_amd64.h for the formulas. A transform in two dimensions is one along the columns, and one
// along the rows of its result t, which stays in registers.
//
// Registers: DI the argument, AX the offset of the channels in bytes; SI where the next vectors are
// read, DX where they are written, CX the channels left; R8, R9 and R10 one, three and five times the
// step between vectors that are read, R11, R12 and R13 the same for those that are written.

#include "go_asm.h"
#include "textflag.h"
#include "winograd_amd64.h"

#define FACTORS \
	VMOVUPS FA, Z16; \
	VMOVUPS FB, Z17; \
	VMOVUPS FA2, Z18; \
	VMOVUPS FB2, Z19; \
	VMOVUPS FAB, Z22; \
	VMOVUPS FSUM, Z23

// One column of pixels at SI: two elements of t = Bᵀ·d; then advance to the next column, BX away. All
// six rows of t don't fit in the registers, so the pixels are read three times: for t1 and t2, for t3
// and t4, and for t0 and t5.
#define INPUT_COLUMN(F, F2, t1, t2) \ // t1, t2 = (d4 − F2·d2) ± F·(d3 − F2·d1)
	VMOVUPS (SI)(R8*4), t1; \
	VFNMADD231PS (SI)(R8*2), F2, t1; \
	VMOVUPS (SI)(R9*1), Z12; \
	VFNMADD231PS (SI)(R8*1), F2, Z12; \
	VMOVAPS t1, t2; \
	VFMADD231PS F, Z12, t1; \
	VFNMADD231PS F, Z12, t2; \
	ADDQ BX, SI

#define INPUT_COLUMN05(t0, t5) \ // t0 = a²b²·d0 − (a²+b²)·d2 + d4, t5 = a²b²·d1 − (a²+b²)·d3 + d5
	VMOVUPS (SI)(R8*4), t0; \
	VFMADD231PS (SI), Z22, t0; \
	VFNMADD231PS (SI)(R8*2), Z23, t0; \
	VMOVUPS (SI)(R10*1), t5; \
	VFMADD231PS (SI)(R8*1), Z22, t5; \
	VFNMADD231PS (SI)(R9*1), Z23, t5; \
	ADDQ BX, SI

// One row of t to a row of 6 planes at DX.
#define INPUT_ROW(t0, t1, t2, t3, t4, t5) \
	INPUT6(t0, t1, t2, t3, t4, t5, Z12, Z13, Z14, Z15, Z24, Z16, Z17, Z18, Z19, Z22, Z23); \
	STORE6(Z12, t0, t3, t1, t2, t5)

// func winograd_input_f32_avx512(p *patch)
TEXT ·winograd_input_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	FACTORS
	MOVQ patch_pixelStep(DI), BX
	STEPS(patch_rowStep(DI), R8, R9, R10)
	STEPS(patch_planeStep(DI), R11, R12, R13)
	MOVQ patch_channels(DI), CX
	XORL AX, AX

channels:
	MOVQ patch_planes(DI), DX
	ADDQ AX, DX
	MOVQ patch_pixels(DI), SI
	ADDQ AX, SI
	INPUT_COLUMN05(Z0, Z6)
	INPUT_COLUMN05(Z1, Z7)
	INPUT_COLUMN05(Z2, Z8)
	INPUT_COLUMN05(Z3, Z9)
	INPUT_COLUMN05(Z4, Z10)
	INPUT_COLUMN05(Z5, Z11)
	INPUT_ROW(Z0, Z1, Z2, Z3, Z4, Z5)   // planes 0 to 5
	LEAQ (R13)(R13*2), SI
	LEAQ (DX)(SI*2), DX                 // 30 planes further
	INPUT_ROW(Z6, Z7, Z8, Z9, Z10, Z11) // planes 30 to 35
	LEAQ (R12)(R12*2), SI               // 9 planes
	SUBQ SI, DX
	SUBQ SI, DX
	LEAQ (R12)(R12*1), SI
	SUBQ SI, DX                         // back to plane 6

	MOVQ patch_pixels(DI), SI
	ADDQ AX, SI
	INPUT_COLUMN(Z16, Z19, Z0, Z6)
	INPUT_COLUMN(Z16, Z19, Z1, Z7)
	INPUT_COLUMN(Z16, Z19, Z2, Z8)
	INPUT_COLUMN(Z16, Z19, Z3, Z9)
	INPUT_COLUMN(Z16, Z19, Z4, Z10)
	INPUT_COLUMN(Z16, Z19, Z5, Z11)
	INPUT_ROW(Z0, Z1, Z2, Z3, Z4, Z5)
	LEAQ (DX)(R12*2), DX
	INPUT_ROW(Z6, Z7, Z8, Z9, Z10, Z11)
	LEAQ (DX)(R12*2), DX

	MOVQ patch_pixels(DI), SI
	ADDQ AX, SI
	INPUT_COLUMN(Z17, Z18, Z0, Z6)
	INPUT_COLUMN(Z17, Z18, Z1, Z7)
	INPUT_COLUMN(Z17, Z18, Z2, Z8)
	INPUT_COLUMN(Z17, Z18, Z3, Z9)
	INPUT_COLUMN(Z17, Z18, Z4, Z10)
	INPUT_COLUMN(Z17, Z18, Z5, Z11)
	INPUT_ROW(Z0, Z1, Z2, Z3, Z4, Z5)
	LEAQ (DX)(R12*2), DX
	INPUT_ROW(Z6, Z7, Z8, Z9, Z10, Z11)

	ADDQ $64, AX
	SUBQ $16, CX
	JGT  channels
	VZEROUPPER
	RET

// One column of the planes at SI: t0…t3 = Aᵀ·m; then advance to the next, BX away.
#define OUTPUT_COLUMN(t0, t1, t2, t3) \
	LOAD6(t0, t1, t2, Z24, Z25, t3); \
	OUTPUT4(t0, t1, t2, Z24, Z25, t3, Z26, Z27, Z28, Z29, FA, FB, FA2, FB2, Z30, Z31); \
	ADDQ BX, SI

// One row of t: pixels[r,q] = Aᵀ·t in t0, t1, t2, t5. Z24 = NaN if one is not finite.
#define OUTPUT_ROW(t0, t1, t2, t3, t4, t5) \
	OUTPUT4(t0, t1, t2, t3, t4, t5, Z26, Z27, Z28, Z29, FA, FB, FA2, FB2, Z30, Z31); \
	VFMADD231PS t0, Z25, Z24; \ // 0·y: NaN if y is NaN or infinite
	VFMADD231PS t1, Z25, Z24; \
	VFMADD231PS t2, Z25, Z24; \
	VFMADD231PS t5, Z25, Z24

// Add the row of pixels at DX; advance to the next.
#define ADD_ROW(z0, z1, z2, z3) \
	VADDPS (DX), z0, z0; \
	VADDPS (DX)(R11*1), z1, z1; \
	VADDPS (DX)(R11*2), z2, z2; \
	VADDPS (DX)(R12*1), z3, z3; \
	ADDQ R13, DX

#define BIAS_ROW(z0, z1, z2, z3) \
	VADDPS Z26, z0, z0; \
	VADDPS Z26, z1, z1; \
	VADDPS Z26, z2, z2; \
	VADDPS Z26, z3, z3

#define RELU_ROW(z0, z1, z2, z3) \
	VMAXPS z0, Z25, z0; \ // a NaN stays
	VMAXPS z1, Z25, z1; \
	VMAXPS z2, Z25, z2; \
	VMAXPS z3, Z25, z3

#define STORE_ROW(z0, z1, z2, z3) \
	STORE4(z0, z1, z2, z3); \
	ADDQ R13, DX

// OUTPUT_BEGIN: the steps through the planes, and what stays in registers.
#define OUTPUT_BEGIN \
	MOVQ p+0(FP), DI; \
	VMOVUPS FA3, Z30; \
	VMOVUPS FB3, Z31; \
	MOVQ patch_planeStep(DI), BX; \
	LEAQ (BX)(BX*2), R8; \
	ADDQ R8, R8; \ // a row of the planes is 6 of them
	STEPS(R8, R8, R9, R10); \
	MOVL $0, patch_broken(DI); \
	MOVQ patch_channels(DI), CX; \
	XORL AX, AX

// OUTPUT_TILE: Aᵀ·m·A of 16 channels, its rows in (Z0, Z4, Z8, Z20) to (Z3, Z7, Z11, Z23); records
// whether they are finite.
#define OUTPUT_TILE \
	MOVQ patch_planes(DI), SI; \ // t = Aᵀ along the columns of the planes
	ADDQ AX, SI; \
	OUTPUT_COLUMN(Z0, Z1, Z2, Z3); \
	OUTPUT_COLUMN(Z4, Z5, Z6, Z7); \
	OUTPUT_COLUMN(Z8, Z9, Z10, Z11); \
	OUTPUT_COLUMN(Z12, Z13, Z14, Z15); \
	OUTPUT_COLUMN(Z16, Z17, Z18, Z19); \
	OUTPUT_COLUMN(Z20, Z21, Z22, Z23); \
	VPXORD Z24, Z24, Z24; \ // stays 0 as long as all results are finite
	VPXORD Z25, Z25, Z25; \
	OUTPUT_ROW(Z0, Z4, Z8, Z12, Z16, Z20); \
	OUTPUT_ROW(Z1, Z5, Z9, Z13, Z17, Z21); \
	OUTPUT_ROW(Z2, Z6, Z10, Z14, Z18, Z22); \
	OUTPUT_ROW(Z3, Z7, Z11, Z15, Z19, Z23); \
	VCMPPS $0x03, Z24, Z24, K1; \ // K1 = NaN
	KMOVW K1, DX; \
	ORL DX, patch_broken(DI)

// func winograd_output_f32_avx512(p *patch)
TEXT ·winograd_output_f32_avx512(SB), NOSPLIT, $0-8
	OUTPUT_BEGIN
	MOVQ patch_pixelStep(DI), R11
	LEAQ (R11)(R11*2), R12
	MOVQ patch_rowStep(DI), R13

channels:
	OUTPUT_TILE

	CMPB patch_add(DI), $0
	JEQ  added
	MOVQ patch_pixels(DI), DX
	ADDQ AX, DX
	ADD_ROW(Z0, Z4, Z8, Z20)
	ADD_ROW(Z1, Z5, Z9, Z21)
	ADD_ROW(Z2, Z6, Z10, Z22)
	ADD_ROW(Z3, Z7, Z11, Z23)

added:
	MOVQ  patch_bias(DI), DX
	TESTQ DX, DX
	JZ    biased
	VMOVUPS (DX)(AX*1), Z26
	BIAS_ROW(Z0, Z4, Z8, Z20)
	BIAS_ROW(Z1, Z5, Z9, Z21)
	BIAS_ROW(Z2, Z6, Z10, Z22)
	BIAS_ROW(Z3, Z7, Z11, Z23)

biased:
	CMPB patch_relu(DI), $0
	JEQ  activated
	RELU_ROW(Z0, Z4, Z8, Z20)
	RELU_ROW(Z1, Z5, Z9, Z21)
	RELU_ROW(Z2, Z6, Z10, Z22)
	RELU_ROW(Z3, Z7, Z11, Z23)

activated:
	MOVQ patch_pixels(DI), DX
	ADDQ AX, DX
	STORE_ROW(Z0, Z4, Z8, Z20)
	STORE_ROW(Z1, Z5, Z9, Z21)
	STORE_ROW(Z2, Z6, Z10, Z22)
	STORE_ROW(Z3, Z7, Z11, Z23)
	ADDQ $64, AX
	SUBQ $16, CX
	JGT  channels
	VZEROUPPER
	RET

// WINS(v, best, k): k = where v replaces best: v is not ≤ best, and best is not NaN.
#define WINS(v, best, k) \
	VCMPPS $0x16, best, v, k; \
	VCMPPS $0x07, best, best, k, k

// POOL: y and arg of the window with a and b above c and d; Z12 is a's index.
#define POOL(a, b, c, d, y, arg) \
	WINS(b, a, K2); \
	WINS(d, c, K3); \
	VMOVAPS b, K2, a; \         // a = the upper maximum
	VMOVAPS d, K3, c; \         // c = the lower maximum
	VMOVDQA32 Z12, Z16; \
	VPADDD Z13, Z12, K2, Z16; \ // Z16 = where the upper one is
	VPADDD Z14, Z12, Z17; \
	VPADDD Z13, Z17, K3, Z17; \ // Z17 = where the lower one is
	WINS(c, a, K4); \
	VMOVAPS c, K4, a; \
	VMOVDQA32 Z17, K4, Z16; \
	VMOVUPS a, y; \
	VMOVDQU32 Z16, arg

// func winograd_output_pool_f32_avx512(p *patch)
//
// Z13 and Z14 are the steps of the index to the position on the right and below, R11 and R13 the
// steps to the windows on the right and below.
TEXT ·winograd_output_pool_f32_avx512(SB), NOSPLIT, $0-8
	OUTPUT_BEGIN
	MOVQ patch_pixelStep(DI), R11
	MOVQ patch_rowStep(DI), R13

channels:
	OUTPUT_TILE
	MOVQ  patch_bias(DI), DX
	TESTQ DX, DX
	JZ    biased
	VMOVUPS (DX)(AX*1), Z26
	BIAS_ROW(Z0, Z4, Z8, Z20)
	BIAS_ROW(Z1, Z5, Z9, Z21)
	BIAS_ROW(Z2, Z6, Z10, Z22)
	BIAS_ROW(Z3, Z7, Z11, Z23)

biased:
	RELU_ROW(Z0, Z4, Z8, Z20)
	RELU_ROW(Z1, Z5, Z9, Z21)
	RELU_ROW(Z2, Z6, Z10, Z22)
	RELU_ROW(Z3, Z7, Z11, Z23)
	VPBROADCASTD patch_across(DI), Z13
	VPBROADCASTD patch_below(DI), Z14
	VPBROADCASTD patch_first(DI), Z12
	VPADDD ·channels(SB), Z12, Z12
	ADDL $16, patch_first(DI)  // the next channels'
	MOVQ patch_pixels(DI), DX
	ADDQ AX, DX
	MOVQ patch_arg(DI), SI
	ADDQ AX, SI
	POOL(Z0, Z4, Z1, Z5, (DX), (SI))
	VPADDD Z13, Z12, Z12
	VPADDD Z13, Z12, Z12
	POOL(Z8, Z20, Z9, Z21, (DX)(R11*1), (SI)(R11*1))
	ADDQ R13, DX
	ADDQ R13, SI
	VPADDD Z14, Z12, Z12
	VPADDD Z14, Z12, Z12
	POOL(Z10, Z22, Z11, Z23, (DX)(R11*1), (SI)(R11*1))
	VPSUBD Z13, Z12, Z12
	VPSUBD Z13, Z12, Z12
	POOL(Z2, Z6, Z3, Z7, (DX), (SI))
	ADDQ $64, AX
	SUBQ $16, CX
	JGT  channels
	VZEROUPPER
	RET

// One column of pixels at SI: t0…t5 = A·y; then advance to the next, BX away.
#define GRADIENT_COLUMN(t0, t1, t2, t3, t4, t5) \
	LOAD4(t0, t1, t2, t5); \
	GRADIENT6(t0, t1, t2, t5, t3, Z24, t4, Z25, Z28, Z29, Z30, Z31); \
	ADDQ BX, SI

// One row of t to a row of 6 planes at DX; then advance to the next.
#define GRADIENT_ROW(t0, t1, t2, t3) \
	GRADIENT6(t0, t1, t2, t3, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31); \
	STORE6(t0, t1, t2, Z24, Z26, t3); \
	LEAQ (DX)(R12*2), DX

// All six rows of t: plane[i,j] = A along row i.
#define GRADIENT_ROWS \
	MOVQ patch_planes(DI), DX; \
	ADDQ AX, DX; \
	GRADIENT_ROW(Z0, Z6, Z12, Z18); \
	GRADIENT_ROW(Z1, Z7, Z13, Z19); \
	GRADIENT_ROW(Z2, Z8, Z14, Z20); \
	GRADIENT_ROW(Z3, Z9, Z15, Z21); \
	GRADIENT_ROW(Z4, Z10, Z16, Z22); \
	GRADIENT_ROW(Z5, Z11, Z17, Z23)

// func winograd_gradient_f32_avx512(p *patch)
TEXT ·winograd_gradient_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	VMOVUPS FA, Z28
	VMOVUPS FB, Z29
	VMOVUPS FA2, Z30
	VMOVUPS FB2, Z31
	MOVQ patch_pixelStep(DI), BX
	STEPS(patch_rowStep(DI), R8, R9, R10)
	STEPS(patch_planeStep(DI), R11, R12, R13)
	MOVQ patch_channels(DI), CX
	XORL AX, AX

channels:
	MOVQ patch_pixels(DI), SI // t = A along the columns of the pixels
	ADDQ AX, SI
	GRADIENT_COLUMN(Z0, Z1, Z2, Z3, Z4, Z5)
	GRADIENT_COLUMN(Z6, Z7, Z8, Z9, Z10, Z11)
	GRADIENT_COLUMN(Z12, Z13, Z14, Z15, Z16, Z17)
	GRADIENT_COLUMN(Z18, Z19, Z20, Z21, Z22, Z23)
	GRADIENT_ROWS
	ADDQ $64, AX
	SUBQ $16, CX
	JGT  channels
	VZEROUPPER
	RET

// One column of the planes at SI: two elements of t = B·m; then advance to the next column, BX away.
// First t0 and t5, then t1 and t3, then t2 and t4.
#define INPUTGRAD_COLUMN05(t0, t5) \
	VMULPS (SI), Z22, t0; \
	VMOVUPS (SI)(R10*1), t5; \
	ADDQ BX, SI

#define INPUTGRAD_COLUMN13(t1, t3) \
	VMOVUPS (SI)(R8*1), Z12; VSUBPS (SI)(R8*2), Z12, Z12; \
	VMOVUPS (SI)(R9*1), Z13; VSUBPS (SI)(R8*4), Z13, Z13; \
	VMULPS Z16, Z12, Z12; \ // a·(m1 − m2)
	VMULPS Z17, Z13, Z13; \ // b·(m3 − m4)
	VMOVUPS (SI)(R10*1), Z14; \
	VADDPS Z13, Z12, t3; VFNMADD231PS Z23, Z14, t3; \
	VMULPS Z22, Z14, t1; VFNMADD231PS Z19, Z12, t1; VFNMADD231PS Z18, Z13, t1; \
	ADDQ BX, SI

#define INPUTGRAD_COLUMN24(t2, t4) \
	VMOVUPS (SI)(R8*1), Z12; VADDPS (SI)(R8*2), Z12, Z12; \
	VMOVUPS (SI)(R9*1), Z13; VADDPS (SI)(R8*4), Z13, Z13; \
	VMOVUPS (SI), Z14; \
	VADDPS Z12, Z14, t4; VADDPS Z13, t4, t4; \
	VMULPS Z23, Z14, t2; VFMADD231PS Z19, Z12, t2; VFNMSUB231PS Z18, Z13, t2; \
	ADDQ BX, SI

// One row of t to 6 pixels at DX. It is added to all of them if top is not 0, and otherwise to the
// first two if patch.addLeft.
#define INPUTGRAD_ROW(top, t0, t1, t2, t3, t4, t5, left, added) \
	INPUTGRAD6(t0, t1, t2, t3, t4, t5, Z12, Z13, Z14, Z15, Z16, Z17, Z18, Z19, Z22, Z23); \
	VFMADD231PS t0, Z25, Z24; \ // 0·x: NaN if x is NaN or infinite
	VFMADD231PS t1, Z25, Z24; \
	VFMADD231PS t2, Z25, Z24; \
	VFMADD231PS t3, Z25, Z24; \
	VFMADD231PS t4, Z25, Z24; \
	VFMADD231PS t5, Z25, Z24; \
	MOVQ top, SI; \
	CMPQ SI, $0; \
	JEQ left; \
	VADDPS (DX), t0, t0; \
	VADDPS (DX)(R11*1), t1, t1; \
	VADDPS (DX)(R11*2), t2, t2; \
	VADDPS (DX)(R12*1), t3, t3; \
	VADDPS (DX)(R11*4), t4, t4; \
	VADDPS (DX)(R13*1), t5, t5; \
	JMP added; \
left: \
	CMPB patch_addLeft(DI), $0; \
	JEQ added; \
	VADDPS (DX), t0, t0; \
	VADDPS (DX)(R11*1), t1, t1; \
added: \
	STORE6(t0, t1, t2, t3, t4, t5)

// Start again with the planes, and with the pixels of the first row.
#define INPUTGRAD_BEGIN \
	MOVQ patch_planes(DI), SI; \
	ADDQ AX, SI; \
	MOVQ patch_pixels(DI), DX; \
	ADDQ AX, DX

// func winograd_input_gradient_f32_avx512(p *patch)
TEXT ·winograd_input_gradient_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	FACTORS
	VPXORD Z25, Z25, Z25
	VPXORD Z24, Z24, Z24         // stays 0 as long as all results are finite
	MOVQ patch_planeStep(DI), BX
	LEAQ (BX)(BX*2), R8
	ADDQ R8, R8                  // a row of the planes is 6 of them
	STEPS(R8, R8, R9, R10)
	STEPS(patch_pixelStep(DI), R11, R12, R13)
	MOVQ patch_rowStep(DI), R14
	MOVQ $6, R15                 // rows that a tile above has written
	SUBQ patch_newRows(DI), R15
	MOVQ patch_channels(DI), CX
	XORL AX, AX

channels:
	INPUTGRAD_BEGIN
	INPUTGRAD_COLUMN05(Z0, Z6)
	INPUTGRAD_COLUMN05(Z1, Z7)
	INPUTGRAD_COLUMN05(Z2, Z8)
	INPUTGRAD_COLUMN05(Z3, Z9)
	INPUTGRAD_COLUMN05(Z4, Z10)
	INPUTGRAD_COLUMN05(Z5, Z11)
	INPUTGRAD_ROW(R15, Z0, Z1, Z2, Z3, Z4, Z5, left0, added0)
	LEAQ (DX)(R14*4), DX
	ADDQ R14, DX
	INPUTGRAD_ROW($0, Z6, Z7, Z8, Z9, Z10, Z11, left5, added5)

	INPUTGRAD_BEGIN
	INPUTGRAD_COLUMN13(Z0, Z6)
	INPUTGRAD_COLUMN13(Z1, Z7)
	INPUTGRAD_COLUMN13(Z2, Z8)
	INPUTGRAD_COLUMN13(Z3, Z9)
	INPUTGRAD_COLUMN13(Z4, Z10)
	INPUTGRAD_COLUMN13(Z5, Z11)
	ADDQ R14, DX
	INPUTGRAD_ROW(R15, Z0, Z1, Z2, Z3, Z4, Z5, left1, added1)
	LEAQ (DX)(R14*2), DX
	INPUTGRAD_ROW($0, Z6, Z7, Z8, Z9, Z10, Z11, left3, added3)

	INPUTGRAD_BEGIN
	INPUTGRAD_COLUMN24(Z0, Z6)
	INPUTGRAD_COLUMN24(Z1, Z7)
	INPUTGRAD_COLUMN24(Z2, Z8)
	INPUTGRAD_COLUMN24(Z3, Z9)
	INPUTGRAD_COLUMN24(Z4, Z10)
	INPUTGRAD_COLUMN24(Z5, Z11)
	LEAQ (DX)(R14*2), DX
	INPUTGRAD_ROW($0, Z0, Z1, Z2, Z3, Z4, Z5, left2, added2)
	LEAQ (DX)(R14*2), DX
	INPUTGRAD_ROW($0, Z6, Z7, Z8, Z9, Z10, Z11, left4, added4)

	ADDQ $64, AX
	SUBQ $16, CX
	JGT  channels
	VCMPPS $0x03, Z24, Z24, K1   // K1 = NaN
	KMOVW  K1, AX
	MOVL   AX, patch_broken(DI)
	VZEROUPPER
	RET
