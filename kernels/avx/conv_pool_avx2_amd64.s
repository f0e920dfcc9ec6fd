//go:build !purego

// The gradient by a one-channel filter from the pooled gradient in AVX2: see
// conv_pool_filter.go for the formula and conv_pool_amd64.go for the Go loops. 13 taps of
// 8 filters stay in registers while the windows of an image go by.
//
// Registers: DI the argument; AX the window's quads, SI its dz, DX its arg, BX the index
// of its first position; R8 the rows that are left, CX the windows of the row; R9 the step
// from window to window, R14 the taps. Y13 the positions of the filters' maxima, Y14 their
// dz; Y15 has a quad in each half. The sums of tap t are in Yt.

#include "go_asm.h"
#include "textflag.h"

// POSITION: Y13 = the position 0 to 3 of each maximum. (The last two bits count: −2 is 2,
// −1 is 3.)
#define POSITION \
	VMOVD BX, X14; \
	VPBROADCASTD X14, Y14; \
	VPADDD ·channels(SB), Y14, Y14; \
	VMOVDQU (DX), Y13; \
	VPSUBD Y14, Y13, Y13; \ // Y13 = arg − the first position's index
	VPBROADCASTD chosen_down(DI), Y14; \
	VPCMPGTD Y13, Y14, Y15; \ // Y15 = −1 above
	VPANDN Y14, Y15, Y14; \
	VPSUBD Y14, Y13, Y13; \ // Y13 = 0, or across on the right
	VPXOR Y14, Y14, Y14; \
	VPCMPEQD Y14, Y13, Y13; \ // Y13 = −1 on the left
	VPADDD Y15, Y15, Y15; \
	VPADDD Y15, Y13, Y13; \
	VPCMPEQD Y14, Y14, Y14; \
	VPADDD Y14, Y13, Y13 // Y13 = −1 − 2·above − left

// TAP: sums += dz · what each filter picks of the tap's quad.
#define TAP(t, y) \
	MOVQ (8*t)(R14), R15; \
	VBROADCASTF128 (AX)(R15*1), Y15; \
	VPERMILPS Y13, Y15, Y15; \
	VFMADD231PS Y14, Y15, y

// One tap's sums at R15, and on to the next.
#define LOAD(y) \
	VMOVUPS (R15), y; \
	ADDQ R9, R15

#define STORE(y) \
	VMOVUPS y, (R15); \
	ADDQ R9, R15

// func conv_pool_grad_filter_f32_avx2(c *chosen)
TEXT ·conv_pool_grad_filter_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ c+0(FP), DI
	MOVQ chosen_step(DI), R9
	MOVQ chosen_dw(DI), R15
	LOAD(Y0)
	LOAD(Y1)
	LOAD(Y2)
	LOAD(Y3)
	LOAD(Y4)
	LOAD(Y5)
	LOAD(Y6)
	LOAD(Y7)
	LOAD(Y8)
	LOAD(Y9)
	LOAD(Y10)
	LOAD(Y11)
	LOAD(Y12)
	MOVQ chosen_quads(DI), AX
	MOVQ chosen_dz(DI), SI
	MOVQ chosen_arg(DI), DX
	MOVQ chosen_first(DI), BX
	MOVQ chosen_taps(DI), R14
	MOVQ chosen_rows(DI), R8

row:
	MOVQ chosen_count(DI), CX

window:
	POSITION
	VMOVUPS (SI), Y14
	TAP(0, Y0)
	TAP(1, Y1)
	TAP(2, Y2)
	TAP(3, Y3)
	TAP(4, Y4)
	TAP(5, Y5)
	TAP(6, Y6)
	TAP(7, Y7)
	TAP(8, Y8)
	TAP(9, Y9)
	TAP(10, Y10)
	TAP(11, Y11)
	TAP(12, Y12)
	ADDQ R9, SI
	ADDQ R9, DX
	ADDQ chosen_quadStep(DI), AX
	ADDQ chosen_windowIndex(DI), BX
	DECQ CX
	JNZ  window

	ADDQ chosen_quadRow(DI), AX
	ADDQ chosen_rowIndex(DI), BX
	DECQ R8
	JNZ  row

	MOVQ chosen_dw(DI), R15
	STORE(Y0)
	STORE(Y1)
	STORE(Y2)
	STORE(Y3)
	STORE(Y4)
	STORE(Y5)
	STORE(Y6)
	STORE(Y7)
	STORE(Y8)
	STORE(Y9)
	STORE(Y10)
	STORE(Y11)
	STORE(Y12)
	VZEROUPPER
	RET

// func conv_pool_quads_f32_avx2(quads, upper, lower *float32, right, n int)
//
// Eight pixels at a time: a the upper ones, b those on their right, c and d the lower ones.
TEXT ·conv_pool_quads_f32_avx2(SB), NOSPLIT, $0-40
	MOVQ quads+0(FP), DI
	MOVQ upper+8(FP), SI
	MOVQ lower+16(FP), DX
	MOVQ right+24(FP), BX
	MOVQ n+32(FP), CX

pixels:
	VMOVUPS (SI), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (DX), Y2
	VMOVUPS (DX)(BX*4), Y3
	VUNPCKLPS Y1, Y0, Y4     // a0 b0 a1 b1, a4 b4 a5 b5
	VUNPCKHPS Y1, Y0, Y5     // a2 b2 a3 b3, a6 b6 a7 b7
	VUNPCKLPS Y3, Y2, Y6     // c0 d0 c1 d1, …
	VUNPCKHPS Y3, Y2, Y7
	VUNPCKLPD Y6, Y4, Y0     // a0 b0 c0 d0, a4 b4 c4 d4: the quads 0 and 4
	VUNPCKHPD Y6, Y4, Y1     // the quads 1 and 5
	VUNPCKLPD Y7, Y5, Y2     // 2 and 6
	VUNPCKHPD Y7, Y5, Y3     // 3 and 7
	VPERM2F128 $0x20, Y1, Y0, Y4
	VPERM2F128 $0x20, Y3, Y2, Y5
	VPERM2F128 $0x31, Y1, Y0, Y6
	VPERM2F128 $0x31, Y3, Y2, Y7
	VMOVUPS Y4, (DI)         // 0, 1
	VMOVUPS Y5, 32(DI)       // 2, 3
	VMOVUPS Y6, 64(DI)       // 4, 5
	VMOVUPS Y7, 96(DI)       // 6, 7
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $128, DI
	SUBQ $8, CX
	JGT  pixels
	VZEROUPPER
	RET
