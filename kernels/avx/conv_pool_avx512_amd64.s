//go:build !purego

// The gradient by a one-channel filter from the pooled gradient in AVX-512: see
// conv_pool_filter.go for the formula and conv_pool_amd64.go for the Go loop. 13 taps of
// 32 filters stay in registers while the windows of an image go by.
//
// Registers: DI the argument; AX the window's quads, SI its dz, DX its arg, BX the index
// of its first position; R8 the rows that are left, CX the windows of the row; R9 the step
// from window to window, R14 the taps. K1 and K2 are the filters that exist, Z26 and Z27
// their dz, Z28 and Z29 the positions of their maxima; Z30 has a quad in each quarter.
// The sums of tap t are in Z2t and Z2t+1.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// POSITION: the position 0 to 3 of each maximum, z = (arg − the first position's index)
// of 16 filters from index BX+filters on. (The last two bits count: −2 is 2, −1 is 3.)
#define POSITION(filters, z) \
	LEAQ filters(BX), R15; \
	VPBROADCASTD R15, Z30; \
	VPADDD ·channels(SB), Z30, Z30; \
	VPSUBD Z30, z, z; \
	VPCMPD.BCST $5, chosen_down(DI), z, K3; \ // K3 = below
	VPSUBD.BCST chosen_down(DI), z, K3, z; \
	VPTESTMD z, z, K4; \ // K4 = on the right
	VPMOVM2D K3, Z30; \
	VPMOVM2D K4, z; \
	VPADDD Z30, Z30, Z30; \
	VPSUBD z, Z30, z // z = −2·below + right

// TAP: sums += dz · what each filter picks of the tap's quad.
#define TAP(t, z0, z1) \
	MOVQ (8*t)(R14), R15; \
	VBROADCASTF32X4 (AX)(R15*1), Z30; \
	VPERMILPS Z28, Z30, Z31; \
	VFMADD231PS Z26, Z31, z0; \
	VPERMILPS Z29, Z30, Z31; \
	VFMADD231PS Z27, Z31, z1

// One tap's sums at R15, and on to the next.
#define LOAD(z0, z1) \
	VMOVUPS.Z (R15), K1, z0; \
	VMOVUPS.Z 64(R15), K2, z1; \
	ADDQ R9, R15

#define STORE(z0, z1) \
	VMOVUPS z0, K1, (R15); \
	VMOVUPS z1, K2, 64(R15); \
	ADDQ R9, R15

// func conv_pool_grad_filter_f32_avx512(c *chosen)
TEXT ·conv_pool_grad_filter_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ c+0(FP), DI
	MOVQ chosen_filters(DI), CX
	LANES32(CX, K1)
	KSHIFTRD $16, K1, K2
	MOVQ chosen_step(DI), R9
	MOVQ chosen_dw(DI), R15
	LOAD(Z0, Z1)
	LOAD(Z2, Z3)
	LOAD(Z4, Z5)
	LOAD(Z6, Z7)
	LOAD(Z8, Z9)
	LOAD(Z10, Z11)
	LOAD(Z12, Z13)
	LOAD(Z14, Z15)
	LOAD(Z16, Z17)
	LOAD(Z18, Z19)
	LOAD(Z20, Z21)
	LOAD(Z22, Z23)
	LOAD(Z24, Z25)
	MOVQ chosen_quads(DI), AX
	MOVQ chosen_dz(DI), SI
	MOVQ chosen_arg(DI), DX
	MOVQ chosen_first(DI), BX
	MOVQ chosen_taps(DI), R14
	MOVQ chosen_rows(DI), R8

row:
	MOVQ chosen_count(DI), CX

window:
	VMOVDQU32.Z (DX), K1, Z28
	VMOVDQU32.Z 64(DX), K2, Z29
	VMOVUPS.Z (SI), K1, Z26
	VMOVUPS.Z 64(SI), K2, Z27
	POSITION(0, Z28)
	POSITION(16, Z29)
	TAP(0, Z0, Z1)
	TAP(1, Z2, Z3)
	TAP(2, Z4, Z5)
	TAP(3, Z6, Z7)
	TAP(4, Z8, Z9)
	TAP(5, Z10, Z11)
	TAP(6, Z12, Z13)
	TAP(7, Z14, Z15)
	TAP(8, Z16, Z17)
	TAP(9, Z18, Z19)
	TAP(10, Z20, Z21)
	TAP(11, Z22, Z23)
	TAP(12, Z24, Z25)
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
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)
	STORE(Z16, Z17)
	STORE(Z18, Z19)
	STORE(Z20, Z21)
	STORE(Z22, Z23)
	STORE(Z24, Z25)
	VZEROUPPER
	RET
