//go:build !purego

// The gradient by a one-channel filter from the pooled gradient in AVX-512: see
// conv_pool_filter.go for the formula and conv_pool_amd64.go for the Go loops.
// Idea: three or five taps of 32 filters stay in registers while the windows of the list
// go by.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// Registers of the gradient: DI the argument; R8 the list, CX the windows left on it; AX
// the first window's quads, BX the step between taps, R9 three of them; SI the dz, DX the
// places; R14 a window's quads, R15 where its dz are; R10, R11, R12 and R13 what is
// fetched for later. Z0…Z9 the sums of tap t in Z2t and
// Z2t+1; Z10 and Z11 dz, Z12 and Z13 the places; Z14 has a quad in each quarter.

#define BEGIN \
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
	MOVQ chosen_dw(DI), R14; \
	MOVQ chosen_dwStep(DI), R15

#define WINDOW \
	MOVQ chosenWindow_quad(R8), R14; \
	MOVQ chosenWindow_dz(R8), R15; \
	ADDQ $chosenWindow__size, R8; \
	PREFETCHT1 (R10)(R13*1); \
	PREFETCHT1 (R11)(R13*1); \
	PREFETCHT1 (R12)(R13*1); \
	ADDQ $64, R13; \
	ADDQ AX, R14; \
	VMOVUPS (SI)(R15*1), Z10; \
	VMOVUPS 64(SI)(R15*1), Z11; \
	VMOVDQU32 (DX)(R15*1), Z12; \
	VMOVDQU32 64(DX)(R15*1), Z13

// TAP: sums += dz · what each filter picks of the tap's quad.
#define TAP(quad, z0, z1) \
	VBROADCASTF32X4 quad, Z14; \
	VPERMILPS Z12, Z14, Z15; \
	VPERMILPS Z13, Z14, Z14; \
	VFMADD231PS Z10, Z15, z0; \
	VFMADD231PS Z11, Z14, z1

// One tap's sums at R14, and on to the next.
#define LOAD(z0, z1) \
	VMOVUPS (R14), z0; \
	VMOVUPS 64(R14), z1; \
	ADDQ R15, R14

#define STORE(z0, z1) \
	VMOVUPS z0, (R14); \
	VMOVUPS z1, 64(R14); \
	ADDQ R15, R14

#define END \
	MOVQ chosen_dw(DI), R14; \
	MOVQ chosen_dwStep(DI), R15

// func conv_pool_grad_filter_5_f32_avx512(c *chosen)
TEXT ·conv_pool_grad_filter_5_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN
	LOAD(Z0, Z1)
	LOAD(Z2, Z3)
	LOAD(Z4, Z5)
	LOAD(Z6, Z7)
	LOAD(Z8, Z9)

	PCALIGN $32
window:
	WINDOW
	TAP((R14), Z0, Z1)
	TAP((R14)(BX*1), Z2, Z3)
	TAP((R14)(BX*2), Z4, Z5)
	TAP((R14)(R9*1), Z6, Z7)
	TAP((R14)(BX*4), Z8, Z9)
	DECQ CX
	JNZ  window

	END
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	VZEROUPPER
	RET

// func conv_pool_grad_filter_3_f32_avx512(c *chosen)
TEXT ·conv_pool_grad_filter_3_f32_avx512(SB), NOSPLIT, $0-8
	BEGIN
	LOAD(Z0, Z1)
	LOAD(Z2, Z3)
	LOAD(Z4, Z5)

	PCALIGN $32
window:
	WINDOW
	TAP((R14), Z0, Z1)
	TAP((R14)(BX*1), Z2, Z3)
	TAP((R14)(BX*2), Z4, Z5)
	DECQ CX
	JNZ  window

	END
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	VZEROUPPER
	RET

// PLACES: dz and the places of the filters of K1, from offset R14 on.
#define PLACES \
	VMOVUPS.Z (DX)(R14*1), K1, Z0; \
	VCMPPS $0x1e, Z31, Z0, K1, K2; \      // y > 0
	VMOVUPS.Z (SI)(R14*1), K2, Z0; \      // dz = dy there, else 0
	VMOVDQU32.Z (BX)(R14*1), K1, Z1; \
	VPSUBD Z5, Z1, Z1; \                  // Z1 = arg − the first position's index
	VPCMPD $5, Z6, Z1, K3; \              // below
	VPSUBD Z6, Z1, K3, Z1; \
	VPTESTMD Z1, Z1, K4; \                // on the right
	VMOVDQA32.Z Z11, K3, Z2; \            // 2·below
	VPADDD Z10, Z2, K4, Z2; \             // + right
	VMOVUPS Z0, K1, (AX)(R14*1); \
	VMOVDQU32 Z2, K1, (R8)(R14*1)

// func conv_pool_places_f32_avx512(p *places)
//
// Registers: DI the argument; AX dz and R8 place, R9 the step between windows; SI dy, DX
// y, BX arg; R10 the rows left, R13 the windows of the row, CX the filters left of it,
// R14 the offset of the filters in bytes. K1 the lanes that are filters; Z4 the indices of
// the window's first position, Z5 of these filters; Z6 the step to the window below, Z7
// 16, Z8 the step between windows, Z9 that between rows; Z10 is 1, Z11 2, Z31 0.
TEXT ·conv_pool_places_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ         p+0(FP), DI
	MOVQ         places_dz(DI), AX
	MOVQ         places_place(DI), R8
	MOVQ         places_step(DI), R9
	MOVQ         places_dy(DI), SI
	MOVQ         places_y(DI), DX
	MOVQ         places_arg(DI), BX
	MOVQ         places_rows(DI), R10
	MOVQ         places_first(DI), CX
	VPBROADCASTD CX, Z4
	VPADDD       ·channels(SB), Z4, Z4
	VPBROADCASTD places_down(DI), Z6
	MOVL         $16, CX
	VPBROADCASTD CX, Z7
	MOVQ         places_windowIndex(DI), CX
	VPBROADCASTD CX, Z8
	MOVQ         places_rowIndex(DI), CX
	VPBROADCASTD CX, Z9
	MOVL         $1, CX
	VPBROADCASTD CX, Z10
	VPADDD       Z10, Z10, Z11
	VPXORD       Z31, Z31, Z31
	KXNORW       K1, K1, K1

row:
	MOVQ places_count(DI), R13

window:
	MOVQ places_c(DI), CX
	XORL R14, R14
	VMOVDQA32 Z4, Z5

filters:
	CMPQ CX, $16
	JLT  partial
	PLACES
	ADDQ $64, R14
	VPADDD Z7, Z5, Z5
	SUBQ $16, CX
	JGT  filters
	JMP  next

partial:
	LANES16(CX, K1)
	PLACES
	KXNORW K1, K1, K1

next:
	MOVQ   places_c(DI), CX
	LEAQ   (SI)(CX*4), SI
	LEAQ   (DX)(CX*4), DX
	LEAQ   (BX)(CX*4), BX
	ADDQ   R9, AX
	ADDQ   R9, R8
	VPADDD Z8, Z4, Z4
	DECQ   R13
	JNZ    window
	VPADDD Z9, Z4, Z4
	DECQ   R10
	JNZ    row
	VZEROUPPER
	RET
