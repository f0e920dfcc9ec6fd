//go:build !purego

// The gradient of a one-channel filter from the pooled gradient, in AVX-512: see conv_pool_filter.go
// for the formula and conv_pool_amd64.go for the Go loops. Idea: three or five taps of 32 filters
// stay in registers while the windows of the list go by.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "conv_pool_amd64.h"

// Registers of the gradient, besides those of conv_pool_amd64.h: Z0…Z9 the sums, tap t in Z2t and
// Z2t+1; Z10 and Z11 dz, Z12 and Z13 the places; Z14 has a quad in each quarter.

#define WINDOW \
	GRAD_WINDOW; \
	VMOVUPS (SI)(R15*1), Z10; \
	VMOVUPS 64(SI)(R15*1), Z11; \
	VMOVDQU32 (DX)(R15*1), Z12; \
	VMOVDQU32 64(DX)(R15*1), Z13

// TAP: sums += dz · the element of the tap's quad that each filter's place selects.
#define TAP(quad, z0, z1) \
	VBROADCASTF32X4 quad, Z14; \
	VPERMILPS Z12, Z14, Z15; \
	VPERMILPS Z13, Z14, Z14; \
	VFMADD231PS Z10, Z15, z0; \
	VFMADD231PS Z11, Z14, z1

// One tap's sums at R14; advance to the next tap.
#define LOAD(z0, z1) \
	VMOVUPS (R14), z0; \
	VMOVUPS 64(R14), z1; \
	ADDQ R15, R14

#define STORE(z0, z1) \
	VMOVUPS z0, (R14); \
	VMOVUPS z1, 64(R14); \
	ADDQ R15, R14

// func conv_pool_grad_filter_5_f32_avx512(c *chosen)
TEXT ·conv_pool_grad_filter_5_f32_avx512(SB), NOSPLIT, $0-8
	GRAD_BEGIN
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

	GRAD_SUMS
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	VZEROUPPER
	RET

// func conv_pool_grad_filter_3_f32_avx512(c *chosen)
TEXT ·conv_pool_grad_filter_3_f32_avx512(SB), NOSPLIT, $0-8
	GRAD_BEGIN
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

	GRAD_SUMS
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
// More registers: K1 the lanes that are filters; Z4 the indices of the window's first position, Z5 of
// these filters; Z6 the step to the window's lower row, Z7 16, Z8 the step between windows, Z9
// between rows; Z10 is 1, Z11 2, Z31 0.
TEXT ·conv_pool_places_f32_avx512(SB), NOSPLIT, $0-8
	PLACES_BEGIN
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
	PLACES_NEXT
	VPADDD Z8, Z4, Z4
	DECQ   R13
	JNZ    window
	VPADDD Z9, Z4, Z4
	DECQ   R10
	JNZ    row
	VZEROUPPER
	RET
