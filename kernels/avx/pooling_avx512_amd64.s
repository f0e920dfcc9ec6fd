//go:build !purego

// Pooling in AVX-512, 16 channels at a time: see pooling.go for the formulas and
// pooling_amd64.go for the Go loops.
//
// Registers: DI the argument; R8 the window's first tap, R9 its output, R10 its
// argmax; AX the offset of the channels in bytes, CX the channels left; SI the
// tap, BX and DX the rows and taps left. K1 the lanes that are channels.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

DATA ·channels+0(SB)/8, $0x0000000100000000
DATA ·channels+8(SB)/8, $0x0000000300000002
DATA ·channels+16(SB)/8, $0x0000000500000004
DATA ·channels+24(SB)/8, $0x0000000700000006
DATA ·channels+32(SB)/8, $0x0000000900000008
DATA ·channels+40(SB)/8, $0x0000000b0000000a
DATA ·channels+48(SB)/8, $0x0000000d0000000c
DATA ·channels+56(SB)/8, $0x0000000f0000000e
GLOBL ·channels(SB), RODATA|NOPTR, $64

// Begin: the pointers.
#define BEGIN \
	MOVQ w+0(FP), DI; \
	MOVQ window_x(DI), R8; \
	MOVQ window_y(DI), R9; \
	MOVQ window_arg(DI), R10

// Begin with indices too: Z4, Z5 and Z7 the steps from tap to tap, from row to row and from window to
// window, Z6 the first tap's indices, Z9 = 16 in all lanes.
#define BEGIN_INDICES \
	BEGIN; \
	VPBROADCASTD window_tapIndex(DI), Z4; \
	VPBROADCASTD window_rowIndex(DI), Z5; \
	VPBROADCASTD window_first(DI), Z6; \
	VPADDD ·channels(SB), Z6, Z6; \
	VPBROADCASTD window_windowIndex(DI), Z7; \
	MOVL $16, AX; \
	VPBROADCASTD AX, Z9

// Begin a window, the next 16 channels, a row of taps.
#define WINDOW \
	MOVQ window_c(DI), CX; \
	XORL AX, AX

#define VECTOR \
	LANES16(CX, K1); \
	LEAQ (R8)(AX*1), SI; \
	MOVQ window_kh(DI), BX

#define ROW \
	MOVQ window_kw(DI), DX

// End a tap, a row, 16 channels, a window: the flags tell whether it was the last.
#define NEXT_TAP \
	ADDQ window_tapStep(DI), SI; \
	DECQ DX

#define NEXT_ROW \
	ADDQ window_rowStep(DI), SI; \
	DECQ BX

#define NEXT_VECTOR \
	ADDQ $64, AX; \
	SUBQ $16, CX

#define NEXT_WINDOW \
	MOVQ window_c(DI), CX; \
	LEAQ (R9)(CX*4), R9; \
	LEAQ (R10)(CX*4), R10; \
	ADDQ window_windowStep(DI), R8; \
	DECQ window_count(DI)

// func max_pool_fwd_f32_avx512(w *window)
TEXT ·max_pool_fwd_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN_INDICES

window:
	WINDOW
	VMOVDQA32 Z6, Z8 // Z8 = indices of the first tap

vector:
	VECTOR
	VMOVUPS.Z (SI), K1, Z0 // Z0 = best = the first tap
	VMOVDQA32 Z8, Z1       // Z1 = its indices
	VMOVDQA32 Z8, Z3       // Z3 = indices of this tap

row:
	ROW

tap:
	VMOVUPS.Z (SI), K1, Z2          // v = x[i]
	VCMPPS    $0x07, Z0, Z0, K1, K2 // K2 = best is not NaN
	VCMPPS    $0x16, Z0, Z2, K2, K3 // K3 = and v is not ≤ best: greater, or NaN
	VMOVAPS   Z2, K3, Z0            // if K3: best = v
	VMOVDQA32 Z3, K3, Z1            // if K3: at = i
	VPADDD    Z4, Z3, Z3
	NEXT_TAP
	JNZ       tap
	VPADDD    Z5, Z3, Z3
	NEXT_ROW
	JNZ       row

	VMOVUPS   Z0, K1, (R9)(AX*1)  // y = best
	VMOVDQU32 Z1, K1, (R10)(AX*1) // arg = at
	VPADDD    Z9, Z8, Z8
	NEXT_VECTOR
	JGT       vector
	VPADDD    Z7, Z6, Z6
	NEXT_WINDOW
	JNZ       window
	VZEROUPPER
	RET

// func max_pool_bwd_f32_avx512(w *window)
TEXT ·max_pool_bwd_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN_INDICES
	MOVBLZX window_add(DI), BX
	MODE16(BX, K7)             // K7 = all lanes if add, else none

window:
	WINDOW
	VMOVDQA32 Z6, Z8 // Z8 = indices of the first tap

vector:
	VECTOR
	VMOVUPS.Z   (R9)(AX*1), K1, Z0  // Z0 = dy
	VMOVDQU32.Z (R10)(AX*1), K1, Z1 // Z1 = arg
	VMOVDQA32   Z8, Z3              // Z3 = indices of this tap
	KANDW       K1, K7, K2          // K2 = lanes to add to

row:
	ROW

tap:
	VPCMPEQD  Z1, Z3, K1, K3    // K3 = arg = i
	VMOVAPS.Z Z0, K3, Z2        // d = K3 ? dy : 0
	VADDPS    (SI), Z2, K2, Z2  // if add: d += dx[i]
	VMOVUPS   Z2, K1, (SI)      // dx[i] = d
	VPADDD    Z4, Z3, Z3
	NEXT_TAP
	JNZ       tap
	VPADDD    Z5, Z3, Z3
	NEXT_ROW
	JNZ       row

	VPADDD Z9, Z8, Z8
	NEXT_VECTOR
	JGT    vector
	VPADDD Z7, Z6, Z6
	NEXT_WINDOW
	JNZ    window
	VZEROUPPER
	RET

// func avg_pool_fwd_f32_avx512(w *window)
TEXT ·avg_pool_fwd_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN
	VBROADCASTSS window_taps(DI), Z4

window:
	WINDOW

vector:
	VECTOR
	VPXORD Z0, Z0, Z0 // sum = 0

row:
	ROW

tap:
	VADDPS (SI), Z0, K1, Z0 // sum += x[i]
	NEXT_TAP
	JNZ    tap
	NEXT_ROW
	JNZ    row

	VDIVPS  Z4, Z0, Z0         // sum / taps
	VMOVUPS Z0, K1, (R9)(AX*1)
	NEXT_VECTOR
	JGT     vector
	NEXT_WINDOW
	JNZ     window
	VZEROUPPER
	RET

// func avg_pool_bwd_f32_avx512(w *window)
TEXT ·avg_pool_bwd_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN
	VBROADCASTSS window_taps(DI), Z4
	MOVBLZX      window_add(DI), BX
	MODE16(BX, K7)                   // K7 = all lanes if add, else none

window:
	WINDOW

vector:
	VECTOR
	VMOVUPS.Z (R9)(AX*1), K1, Z0
	VDIVPS    Z4, Z0, Z0         // Z0 = dy / taps
	KANDW     K1, K7, K2         // K2 = lanes to add to

row:
	ROW

tap:
	VMOVAPS Z0, Z2
	VADDPS  (SI), Z2, K2, Z2 // if add: d += dx[i]
	VMOVUPS Z2, K1, (SI)     // dx[i] = d
	NEXT_TAP
	JNZ     tap
	NEXT_ROW
	JNZ     row

	NEXT_VECTOR
	JGT     vector
	NEXT_WINDOW
	JNZ     window
	VZEROUPPER
	RET
