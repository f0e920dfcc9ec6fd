//go:build !purego

// Max pooling with windows of 2×2 in AVX-512, 16 channels at a time, with the four taps unrolled: see
// pooling.go for the formulas and pooling_amd64.go for the Go loops. Idea: first take the maximum of
// each row's two taps, then of those two. The loads don't wait for each other's comparison, as they
// would in a chain over the taps.
//
// Registers: DI the argument; R8 the window's upper taps, R13 its lower ones, R9 its output, R10 its
// argmax; AX the offset of the channels in bytes, CX the channels left; BX the bytes from a tap to
// its neighbour; R14 the bytes from this window's taps to those two rows below, which are prefetched,
// and R15 = R14 + BX. K1 the lanes that are channels. Z8 the indices of the first tap; Z10, Z11, Z12
// the offsets of the other taps' indices.

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
	VPBROADCASTD window_first(DI), Z6; \
	VPADDD ·channels(SB), Z6, Z6; \
	VPBROADCASTD window_windowIndex(DI), Z7; \
	MOVL $16, AX; \
	VPBROADCASTD AX, Z9; \
	VPBROADCASTD window_tapIndex(DI), Z10; \
	VPBROADCASTD window_rowIndex(DI), Z11; \
	VPADDD Z10, Z11, Z11; \
	VPADDD Z10, Z11, Z11; \
	VPADDD Z10, Z11, Z12; \
	MOVQ R13, R14; \
	SUBQ R8, R14; \
	ADDQ R14, R14; \
	LEAQ (R14)(BX*1), R15

// AHEAD prefetches the taps of the next row of windows.
#define AHEAD \
	PREFETCHT0 (SI)(R14*1); \
	PREFETCHT0 (SI)(R15*1); \
	PREFETCHT0 (DX)(R14*1); \
	PREFETCHT0 (DX)(R15*1)

#define WINDOW \
	MOVQ window_c(DI), CX; \
	XORL AX, AX; \
	MOVQ R8, SI; \
	MOVQ R13, DX; \
	VMOVDQA32 Z6, Z8

#define NEXT_VECTOR \
	ADDQ $64, AX; \
	ADDQ $64, SI; \
	ADDQ $64, DX; \
	VPADDD Z9, Z8, Z8; \
	SUBQ $16, CX

#define NEXT_WINDOW \
	MOVQ window_c(DI), CX; \
	LEAQ (R9)(CX*4), R9; \
	LEAQ (R10)(CX*4), R10; \
	ADDQ window_windowStep(DI), R8; \
	ADDQ window_windowStep(DI), R13; \
	VPADDD Z7, Z6, Z6; \
	DECQ window_count(DI)

// WINS(v, best, k): k = where v replaces best: v is not ≤ best, and best is not NaN.
#define WINS(v, best, k) \
	VCMPPS $0x16, best, v, K1, k; \
	VCMPPS $0x07, best, best, k, k

// func max_pool_2x2_fwd_f32_avx512(w *window)
TEXT ·max_pool_2x2_fwd_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN

window:
	WINDOW

vector:
	LANES16(CX, K1)
	AHEAD
	VMOVUPS.Z (SI), K1, Z0        // upper left
	VMOVUPS.Z (SI)(BX*1), K1, Z1  // upper right
	VMOVUPS.Z (DX), K1, Z2        // lower left
	VMOVUPS.Z (DX)(BX*1), K1, Z3  // lower right
	WINS(Z1, Z0, K2)
	WINS(Z3, Z2, K3)
	VMOVAPS   Z1, K2, Z0          // Z0 = the upper maximum
	VMOVAPS   Z3, K3, Z2          // Z2 = the lower maximum
	VMOVDQA32 Z8, Z4
	VPADDD    Z10, Z8, K2, Z4     // Z4 = where the upper one is
	VPADDD    Z11, Z8, Z5
	VPADDD    Z12, Z8, K3, Z5     // Z5 = where the lower one is
	WINS(Z2, Z0, K4)
	VMOVAPS   Z2, K4, Z0
	VMOVDQA32 Z5, K4, Z4
	VMOVUPS   Z0, K1, (R9)(AX*1)  // y = the maximum
	VMOVDQU32 Z4, K1, (R10)(AX*1) // arg = where it is
	NEXT_VECTOR
	JGT       vector
	NEXT_WINDOW
	JNZ       window
	VZEROUPPER
	RET

// func max_pool_2x2_bwd_f32_avx512(w *window)
TEXT ·max_pool_2x2_bwd_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN
	VPXORD Z13, Z13, Z13

window:
	WINDOW

vector:
	LANES16(CX, K1)
	AHEAD
	VMOVDQU32.Z (R10)(AX*1), K1, Z1
	VMOVUPS.Z   (R9)(AX*1), K1, Z0  // Z0 = dy
	VPSUBD      Z8, Z1, Z1          // Z1 = arg − the first tap's index
	VPCMPEQD    Z13, Z1, K2
	VPCMPEQD    Z10, Z1, K3
	VPCMPEQD    Z11, Z1, K4
	VPCMPEQD    Z12, Z1, K5
	VMOVAPS.Z   Z0, K2, Z2
	VMOVAPS.Z   Z0, K3, Z3
	VMOVAPS.Z   Z0, K4, Z4
	VMOVAPS.Z   Z0, K5, Z5
	VMOVUPS     Z2, K1, (SI)        // dx = dy where the maximum was, else 0
	VMOVUPS     Z3, K1, (SI)(BX*1)
	VMOVUPS     Z4, K1, (DX)
	VMOVUPS     Z5, K1, (DX)(BX*1)
	NEXT_VECTOR
	JGT         vector
	NEXT_WINDOW
	JNZ         window
	VZEROUPPER
	RET
