//go:build !purego

// Pooling in AVX2, 8 channels at a time: see pooling.go for the formulas and
// pooling_amd64.go for the Go loops.
//
// Registers: DI the argument; R8 the window's first tap, R9 its output, R10 its argmax; AX the offset
// of the channels in bytes, CX the channels left; SI the tap, BX and DX the rows and taps left. Y15
// is −1 in the lanes that are channels. Masked stores are slow on some processors: only the last,
// partial vector of a pixel uses them.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// Begin: the pointers.
#define BEGIN \
	MOVQ w+0(FP), DI; \
	MOVQ window_x(DI), R8; \
	MOVQ window_y(DI), R9; \
	MOVQ window_arg(DI), R10

// Begin with indices too: Y4, Y5 and Y7 the steps from tap to tap, from row to row and from window to
// window, Y6 the first tap's indices, Y9 = 8 in all lanes.
#define BEGIN_INDICES \
	BEGIN; \
	VPBROADCASTD window_tapIndex(DI), Y4; \
	VPBROADCASTD window_rowIndex(DI), Y5; \
	VPBROADCASTD window_first(DI), Y6; \
	VPADDD ·channels(SB), Y6, Y6; \
	VPBROADCASTD window_windowIndex(DI), Y7; \
	MOVL $8, AX; \
	VMOVD AX, X9; \
	VPBROADCASTD X9, Y9

// Begin a window, the next 8 channels, a row of taps.
#define WINDOW \
	MOVQ window_c(DI), CX; \
	XORL AX, AX

#define VECTOR \
	LANES8(CX, Y15); \
	LEAQ (R8)(AX*1), SI; \
	MOVQ window_kh(DI), BX

#define ROW \
	MOVQ window_kw(DI), DX

// End a tap, a row, 8 channels, a window: the flags tell whether it was the last.
#define NEXT_TAP \
	ADDQ window_tapStep(DI), SI; \
	DECQ DX

#define NEXT_ROW \
	ADDQ window_rowStep(DI), SI; \
	DECQ BX

#define NEXT_VECTOR \
	ADDQ $32, AX; \
	SUBQ $8, CX

#define NEXT_WINDOW \
	MOVQ window_c(DI), CX; \
	LEAQ (R9)(CX*4), R9; \
	LEAQ (R10)(CX*4), R10; \
	ADDQ window_windowStep(DI), R8; \
	DECQ window_count(DI)

// func max_pool_fwd_f32_avx2(w *window)
TEXT ·max_pool_fwd_f32_avx2(SB), NOSPLIT, $0-8
	BEGIN_INDICES

window:
	WINDOW
	VMOVDQA Y6, Y8 // Y8 = indices of the first tap

vector:
	VECTOR
	VMASKMOVPS (SI), Y15, Y0 // Y0 = best = the first tap
	VMOVDQA    Y8, Y1        // Y1 = its indices
	VMOVDQA    Y8, Y3        // Y3 = indices of this tap

row:
	ROW

tap:
	VMASKMOVPS (SI), Y15, Y2       // v = x[i]
	VCMPPS     $0x07, Y0, Y0, Y10  // Y10 = best is not NaN
	VCMPPS     $0x16, Y0, Y2, Y11  // Y11 = v is not ≤ best: greater, or one is NaN
	VPAND      Y10, Y11, Y11
	VBLENDVPS  Y11, Y2, Y0, Y0     // if Y11: best = v
	VBLENDVPS  Y11, Y3, Y1, Y1     // if Y11: at = i
	VPADDD     Y4, Y3, Y3
	NEXT_TAP
	JNZ        tap
	VPADDD     Y5, Y3, Y3
	NEXT_ROW
	JNZ        row

	CMPQ       CX, $8
	JLT        partial
	VMOVUPS    Y0, (R9)(AX*1)       // y = best
	VMOVDQU    Y1, (R10)(AX*1)      // arg = at
	JMP        stored
partial:
	VMASKMOVPS Y0, Y15, (R9)(AX*1)
	VPMASKMOVD Y1, Y15, (R10)(AX*1)
stored:
	VPADDD     Y9, Y8, Y8
	NEXT_VECTOR
	JGT        vector
	VPADDD     Y7, Y6, Y6
	NEXT_WINDOW
	JNZ        window
	VZEROUPPER
	RET

// func max_pool_bwd_f32_avx2(w *window)
TEXT ·max_pool_bwd_f32_avx2(SB), NOSPLIT, $0-8
	BEGIN_INDICES

window:
	WINDOW
	VMOVDQA Y6, Y8 // Y8 = indices of the first tap

vector:
	VECTOR
	VMASKMOVPS (R9)(AX*1), Y15, Y0  // Y0 = dy
	VPMASKMOVD (R10)(AX*1), Y15, Y1 // Y1 = arg
	VMOVDQA    Y8, Y3               // Y3 = indices of this tap

row:
	ROW

tap:
	VPCMPEQD   Y1, Y3, Y2     // Y2 = arg = i
	VANDPS     Y0, Y2, Y2     // d = Y2 ? dy : 0
	CMPB       window_add(DI), $0
	JEQ        added
	VMASKMOVPS (SI), Y15, Y10
	VADDPS     Y10, Y2, Y2    // d += dx[i]
added:
	CMPQ       CX, $8
	JLT        partial
	VMOVUPS    Y2, (SI)       // dx[i] = d
	JMP        stored
partial:
	VMASKMOVPS Y2, Y15, (SI)
stored:
	VPADDD     Y4, Y3, Y3
	NEXT_TAP
	JNZ        tap
	VPADDD     Y5, Y3, Y3
	NEXT_ROW
	JNZ        row

	VPADDD Y9, Y8, Y8
	NEXT_VECTOR
	JGT    vector
	VPADDD Y7, Y6, Y6
	NEXT_WINDOW
	JNZ    window
	VZEROUPPER
	RET

// func avg_pool_fwd_f32_avx2(w *window)
TEXT ·avg_pool_fwd_f32_avx2(SB), NOSPLIT, $0-8
	BEGIN
	VBROADCASTSS window_taps(DI), Y4

window:
	WINDOW

vector:
	VECTOR
	VXORPS Y0, Y0, Y0 // sum = 0

row:
	ROW

tap:
	VMASKMOVPS (SI), Y15, Y2
	VADDPS     Y2, Y0, Y0 // sum += x[i]
	NEXT_TAP
	JNZ        tap
	NEXT_ROW
	JNZ        row

	VDIVPS     Y4, Y0, Y0          // sum / taps
	CMPQ       CX, $8
	JLT        partial
	VMOVUPS    Y0, (R9)(AX*1)
	JMP        stored
partial:
	VMASKMOVPS Y0, Y15, (R9)(AX*1)
stored:
	NEXT_VECTOR
	JGT        vector
	NEXT_WINDOW
	JNZ        window
	VZEROUPPER
	RET

// func avg_pool_bwd_f32_avx2(w *window)
TEXT ·avg_pool_bwd_f32_avx2(SB), NOSPLIT, $0-8
	BEGIN
	VBROADCASTSS window_taps(DI), Y4

window:
	WINDOW

vector:
	VECTOR
	VMASKMOVPS (R9)(AX*1), Y15, Y0
	VDIVPS     Y4, Y0, Y0          // Y0 = dy / taps

row:
	ROW

tap:
	VMOVAPS    Y0, Y2
	CMPB       window_add(DI), $0
	JEQ        added
	VMASKMOVPS (SI), Y15, Y10
	VADDPS     Y10, Y2, Y2    // d += dx[i]
added:
	CMPQ       CX, $8
	JLT        partial
	VMOVUPS    Y2, (SI)       // dx[i] = d
	JMP        stored
partial:
	VMASKMOVPS Y2, Y15, (SI)
stored:
	NEXT_TAP
	JNZ        tap
	NEXT_ROW
	JNZ        row

	NEXT_VECTOR
	JGT    vector
	NEXT_WINDOW
	JNZ    window
	VZEROUPPER
	RET
