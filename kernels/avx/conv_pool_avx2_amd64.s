//go:build !purego

// The gradient of a one-channel filter from the pooled gradient, in AVX2: see conv_pool_filter.go for
// the formula and conv_pool_amd64.go for the Go loops. Idea: three or five taps of 16 filters stay in
// registers while the windows of the list go by.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "conv_pool_amd64.h"

// Registers of the gradient, besides those of conv_pool_amd64.h: Y0…Y9 the sums, tap t in Y2t and
// Y2t+1; Y10 and Y11 dz, Y12 and Y13 the places; Y14 has a quad in each half.

#define WINDOW \
	GRAD_WINDOW; \
	VMOVUPS (SI)(R15*1), Y10; \
	VMOVUPS 32(SI)(R15*1), Y11; \
	VMOVDQU (DX)(R15*1), Y12; \
	VMOVDQU 32(DX)(R15*1), Y13

// TAP: sums += dz · the element of the tap's quad that each filter's place selects.
#define TAP(quad, y0, y1) \
	VBROADCASTF128 quad, Y14; \
	VPERMILPS Y12, Y14, Y15; \
	VPERMILPS Y13, Y14, Y14; \
	VFMADD231PS Y10, Y15, y0; \
	VFMADD231PS Y11, Y14, y1

// One tap's sums at R14; advance to the next tap.
#define LOAD(y0, y1) \
	VMOVUPS (R14), y0; \
	VMOVUPS 32(R14), y1; \
	ADDQ R15, R14

#define STORE(y0, y1) \
	VMOVUPS y0, (R14); \
	VMOVUPS y1, 32(R14); \
	ADDQ R15, R14

// func conv_pool_grad_filter_5_f32_avx2(c *chosen)
TEXT ·conv_pool_grad_filter_5_f32_avx2(SB), NOSPLIT, $0-8
	GRAD_BEGIN
	LOAD(Y0, Y1)
	LOAD(Y2, Y3)
	LOAD(Y4, Y5)
	LOAD(Y6, Y7)
	LOAD(Y8, Y9)

	PCALIGN $32
window:
	WINDOW
	TAP((R14), Y0, Y1)
	TAP((R14)(BX*1), Y2, Y3)
	TAP((R14)(BX*2), Y4, Y5)
	TAP((R14)(R9*1), Y6, Y7)
	TAP((R14)(BX*4), Y8, Y9)
	DECQ CX
	JNZ  window

	GRAD_SUMS
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	VZEROUPPER
	RET

// func conv_pool_grad_filter_3_f32_avx2(c *chosen)
TEXT ·conv_pool_grad_filter_3_f32_avx2(SB), NOSPLIT, $0-8
	GRAD_BEGIN
	LOAD(Y0, Y1)
	LOAD(Y2, Y3)
	LOAD(Y4, Y5)

	PCALIGN $32
window:
	WINDOW
	TAP((R14), Y0, Y1)
	TAP((R14)(BX*1), Y2, Y3)
	TAP((R14)(BX*2), Y4, Y5)
	DECQ CX
	JNZ  window

	GRAD_SUMS
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	VZEROUPPER
	RET

// PLACES: from eight filters' y in Y0, dy in Y1 and arg in Y2, Y0 = dz and Y1 = the places. (Only
// their last two bits count: −2 is 2, −1 is 3.)
#define PLACES \
	VCMPPS $0x1e, Y10, Y0, Y0; \ // y > 0
	VANDPS Y1, Y0, Y0; \
	VPSUBD Y5, Y2, Y1; \         // Y1 = arg − the first position's index
	VPCMPGTD Y1, Y6, Y2; \       // Y2 = −1 above
	VPANDN Y6, Y2, Y3; \
	VPSUBD Y3, Y1, Y1; \         // Y1 = 0, or across on the right
	VPCMPEQD Y10, Y1, Y1; \      // Y1 = −1 on the left
	VPADDD Y2, Y2, Y2; \
	VPADDD Y2, Y1, Y1; \
	VPCMPEQD Y3, Y3, Y3; \
	VPADDD Y3, Y1, Y1 // Y1 = −1 − 2·above − left

// func conv_pool_places_f32_avx2(p *places)
//
// More registers: Y15 is −1 in the lanes that are filters; Y4 the indices of the window's first
// position, Y5 of these filters; Y6 the step to the window's lower row, Y7 8, Y8 the step between
// windows, Y9 between rows; Y10 is 0.
TEXT ·conv_pool_places_f32_avx2(SB), NOSPLIT, $0-8
	PLACES_BEGIN
	VMOVD        CX, X4
	VPBROADCASTD X4, Y4
	VPADDD       ·channels(SB), Y4, Y4
	VPBROADCASTD places_down(DI), Y6
	MOVL         $8, CX
	VMOVD        CX, X7
	VPBROADCASTD X7, Y7
	MOVQ         places_windowIndex(DI), CX
	VMOVD        CX, X8
	VPBROADCASTD X8, Y8
	MOVQ         places_rowIndex(DI), CX
	VMOVD        CX, X9
	VPBROADCASTD X9, Y9
	VPXOR        Y10, Y10, Y10

row:
	MOVQ places_count(DI), R13

window:
	MOVQ places_c(DI), CX
	XORL R14, R14
	VMOVDQA Y4, Y5

filters:
	CMPQ    CX, $8
	JLT     partial
	VMOVUPS (DX)(R14*1), Y0
	VMOVUPS (SI)(R14*1), Y1
	VMOVDQU (BX)(R14*1), Y2
	PLACES
	VMOVUPS Y0, (AX)(R14*1)
	VMOVDQU Y1, (R8)(R14*1)
	VPADDD  Y7, Y5, Y5
	ADDQ    $32, R14
	SUBQ    $8, CX
	JGT     filters
	JMP     next

partial:
	LANES8(CX, Y15)
	VMASKMOVPS (DX)(R14*1), Y15, Y0
	VMASKMOVPS (SI)(R14*1), Y15, Y1
	VPMASKMOVD (BX)(R14*1), Y15, Y2
	PLACES
	VMASKMOVPS Y0, Y15, (AX)(R14*1)
	VPMASKMOVD Y1, Y15, (R8)(R14*1)

next:
	PLACES_NEXT
	VPADDD Y8, Y4, Y4
	DECQ   R13
	JNZ    window
	VPADDD Y9, Y4, Y4
	DECQ   R10
	JNZ    row
	VZEROUPPER
	RET

// func conv_pool_quads_f32_avx2(quads, upper, lower *float32, right, n int)
//
// Eight pixels at a time: a the upper ones, b those to their right, c and d the lower ones.
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
