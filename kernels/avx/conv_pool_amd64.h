// What AVX-512 and AVX2 share in the gradient of a one-channel filter from the pooled gradient. See
// conv_pool_filter.go for the formula and conv_pool_amd64.go for the Go loops.

// ---- conv_pool_grad_filter: three or five taps stay in registers while windows go by ----
//
// Registers: DI the argument; R8 the list, CX the windows left on it; AX the first window's quads, BX
// the step between taps, R9 three of these steps; SI the dz, DX the places; R14 a window's quads, R15
// the offset of its dz; R10, R11, R12 and R13 are for prefetching.

// GRAD_BEGIN ends with GRAD_SUMS.
#define GRAD_BEGIN \
	MOVQ c+0(FP), DI; \
	MOVQ chosen_windows(DI), R8; \
	MOVQ chosen_count(DI), CX; \
	MOVQ chosen_quads(DI), AX; \
	MOVQ chosen_tapStep(DI), BX; \
	LEAQ (BX)(BX*2), R9; \
	MOVQ chosen_dz(DI), SI; \
	MOVQ chosen_place(DI), DX; \
	MOVQ chosen_dyAhead(DI), R10; \
	MOVQ chosen_yAhead(DI), R11; \
	MOVQ chosen_argAhead(DI), R12; \
	XORL R13, R13; \
	GRAD_SUMS

// GRAD_SUMS: R14 = the first tap's sums, R15 = the step to the next.
#define GRAD_SUMS \
	MOVQ chosen_dw(DI), R14; \
	MOVQ chosen_dwStep(DI), R15

// GRAD_WINDOW: the next window of the list.
#define GRAD_WINDOW \
	MOVQ chosenWindow_quad(R8), R14; \
	MOVQ chosenWindow_dz(R8), R15; \
	ADDQ $chosenWindow__size, R8; \
	PREFETCHT1 (R10)(R13*1); \
	PREFETCHT1 (R11)(R13*1); \
	PREFETCHT1 (R12)(R13*1); \
	ADDQ $64, R13; \
	ADDQ AX, R14

// ---- conv_pool_places: dz, and where in its window each maximum was ----
//
// Registers: DI the argument; AX dz, R8 place, R9 the step between windows; SI dy, DX y, BX arg; R10
// the rows left, R13 the windows left in the row, CX the filters left in the window, R14 the offset
// of the filters in bytes.

// PLACES_BEGIN: CX = the index of the first window's first position.
#define PLACES_BEGIN \
	MOVQ p+0(FP), DI; \
	MOVQ places_dz(DI), AX; \
	MOVQ places_place(DI), R8; \
	MOVQ places_step(DI), R9; \
	MOVQ places_dy(DI), SI; \
	MOVQ places_y(DI), DX; \
	MOVQ places_arg(DI), BX; \
	MOVQ places_rows(DI), R10; \
	MOVQ places_first(DI), CX

// PLACES_NEXT: advance to the next window.
#define PLACES_NEXT \
	MOVQ places_c(DI), CX; \
	LEAQ (SI)(CX*4), SI; \
	LEAQ (DX)(CX*4), DX; \
	LEAQ (BX)(CX*4), BX; \
	ADDQ R9, AX; \
	ADDQ R9, R8
