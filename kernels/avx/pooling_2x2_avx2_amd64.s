//go:build !purego

// Max pooling with windows of 2×2 in AVX2, 8 channels at a time, with the four taps unrolled: see
// pooling.go for the formulas and pooling_amd64.go for the Go loops. Idea: first take the maximum of
// each row's two taps, then of those two. The loads don't wait for each other's comparison, as they
// would in a chain over the taps.
//
// Registers: DI the argument; R8 the window's upper taps, R13 its lower ones, R9 its output, R10 its
// argmax; AX the offset of the channels in bytes, CX the channels left; BX the bytes from a tap to
// its neighbour. Y8 the indices of the first tap; Y10, Y11, Y12 the offsets of the other taps'
// indices. Y15 is −1 in the lanes that are channels: it masks the last, partial vector of a pixel.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

#define BEGIN \
	MOVQ w+0(FP), DI; \
	MOVQ window_x(DI), R8; \
	MOVQ window_y(DI), R9; \
	MOVQ window_arg(DI), R10; \
	MOVQ window_tapStep(DI), BX; \
	LEAQ (R8)(BX*2), R13; \
	ADDQ window_rowStep(DI), R13; \
	VPBROADCASTD window_first(DI), Y14; \
	VPADDD ·channels(SB), Y14, Y14; \
	MOVL $8, AX; \
	VMOVD AX, X9; \
	VPBROADCASTD X9, Y9; \
	VPBROADCASTD window_tapIndex(DI), Y10; \
	VPBROADCASTD window_rowIndex(DI), Y11; \
	VPADDD Y10, Y11, Y11; \
	VPADDD Y10, Y11, Y11; \
	VPADDD Y10, Y11, Y12

#define WINDOW \
	MOVQ window_c(DI), CX; \
	XORL AX, AX; \
	MOVQ R8, SI; \
	MOVQ R13, DX; \
	VMOVDQA Y14, Y8

#define NEXT_VECTOR \
	ADDQ $32, AX; \
	ADDQ $32, SI; \
	ADDQ $32, DX; \
	VPADDD Y9, Y8, Y8; \
	SUBQ $8, CX

#define NEXT_WINDOW \
	MOVQ window_c(DI), CX; \
	LEAQ (R9)(CX*4), R9; \
	LEAQ (R10)(CX*4), R10; \
	ADDQ window_windowStep(DI), R8; \
	ADDQ window_windowStep(DI), R13; \
	VPBROADCASTD window_windowIndex(DI), Y7; \
	VPADDD Y7, Y14, Y14; \
	DECQ window_count(DI)

// WINS(v, best, k, t): k = where v replaces best: v is not ≤ best, and best is not NaN.
#define WINS(v, best, k, t) \
	VCMPPS $0x16, best, v, k; \
	VCMPPS $0x07, best, best, t; \
	VPAND t, k, k

// CHOOSE: Y0 = the maximum of the taps Y0, Y1 (upper) and Y2, Y3 (lower), Y4 = where it is.
#define CHOOSE \
	WINS(Y1, Y0, Y4, Y6); \
	WINS(Y3, Y2, Y5, Y7); \
	VBLENDVPS Y4, Y1, Y0, Y0; \
	VBLENDVPS Y5, Y3, Y2, Y2; \
	VPAND Y10, Y4, Y4; \
	VPAND Y10, Y5, Y5; \
	VPADDD Y11, Y5, Y5; \
	WINS(Y2, Y0, Y6, Y7); \
	VBLENDVPS Y6, Y2, Y0, Y0; \
	VBLENDVPS Y6, Y5, Y4, Y4; \
	VPADDD Y8, Y4, Y4

// func max_pool_2x2_fwd_f32_avx2(w *window)
TEXT ·max_pool_2x2_fwd_f32_avx2(SB), NOSPLIT, $0-8
	BEGIN

window:
	WINDOW

vector:
	CMPQ    CX, $8
	JLT     partial
	VMOVUPS (SI), Y0           // upper left
	VMOVUPS (SI)(BX*1), Y1     // upper right
	VMOVUPS (DX), Y2           // lower left
	VMOVUPS (DX)(BX*1), Y3     // lower right
	CHOOSE
	VMOVUPS Y0, (R9)(AX*1)     // y = the maximum
	VMOVDQU Y4, (R10)(AX*1)    // arg = where it is
	NEXT_VECTOR
	JGT     vector
	JMP     next

partial:
	LANES8(CX, Y15)
	VMASKMOVPS (SI), Y15, Y0
	VMASKMOVPS (SI)(BX*1), Y15, Y1
	VMASKMOVPS (DX), Y15, Y2
	VMASKMOVPS (DX)(BX*1), Y15, Y3
	CHOOSE
	VMASKMOVPS Y0, Y15, (R9)(AX*1)
	VPMASKMOVD Y4, Y15, (R10)(AX*1)

next:
	NEXT_WINDOW
	JNZ window
	VZEROUPPER
	RET

// SPREAD: Y2 to Y5 = dy Y0 at the taps where arg Y1 says the maximum was, else 0.
#define SPREAD \
	VPSUBD Y8, Y1, Y1; \
	VPCMPEQD Y13, Y1, Y2; \
	VPCMPEQD Y10, Y1, Y3; \
	VPCMPEQD Y11, Y1, Y4; \
	VPCMPEQD Y12, Y1, Y5; \
	VANDPS Y0, Y2, Y2; \
	VANDPS Y0, Y3, Y3; \
	VANDPS Y0, Y4, Y4; \
	VANDPS Y0, Y5, Y5

// func max_pool_2x2_bwd_f32_avx2(w *window)
TEXT ·max_pool_2x2_bwd_f32_avx2(SB), NOSPLIT, $0-8
	BEGIN
	VPXOR Y13, Y13, Y13

window:
	WINDOW

vector:
	CMPQ    CX, $8
	JLT     partial
	VMOVUPS (R9)(AX*1), Y0
	VMOVDQU (R10)(AX*1), Y1
	SPREAD
	VMOVUPS Y2, (SI)
	VMOVUPS Y3, (SI)(BX*1)
	VMOVUPS Y4, (DX)
	VMOVUPS Y5, (DX)(BX*1)
	NEXT_VECTOR
	JGT     vector
	JMP     next

partial:
	LANES8(CX, Y15)
	VMASKMOVPS (R9)(AX*1), Y15, Y0
	VPMASKMOVD (R10)(AX*1), Y15, Y1
	SPREAD
	VMASKMOVPS Y2, Y15, (SI)
	VMASKMOVPS Y3, Y15, (SI)(BX*1)
	VMASKMOVPS Y4, Y15, (DX)
	VMASKMOVPS Y5, Y15, (DX)(BX*1)

next:
	NEXT_WINDOW
	JNZ window
	VZEROUPPER
	RET
