//go:build !purego

// The products of Winograd's planes in AVX-512, in tiles of 8 rows by 32 columns that stay in
// registers for all of K. The Go loop that it replaces:
//
//	for plane := range planes {
//		for j := range n {
//			for i := range rows {
//				sum := float32(0)
//				for k := range depth {
//					sum = fma(A[i,k], B[k,j], sum)
//				}
//				if add { sum += C[i,j] }
//				C[i,j] = sum
//			}
//		}
//		a, b, c = a+aPlane, b+bPlane, c+cPlane
//	}
//
// Registers: DI the argument; R8 row 0 of the tile in A, R9, R10, R11 and R12 one, three, five and
// seven times the step between rows; R13 the tile of C, R14 the prefetch address, R15 the offset of
// the columns in bytes. In the loop over k: AX the column of A, SI its step, BX the row of B, DX its
// step, CX the count. K1 and K2 mask the two registers across, Z24 and Z25 hold the row of B, Z27…Z31
// broadcast elements of A. The sums of row r are in Z2r and Z2r+1.

#include "go_asm.h"
#include "textflag.h"

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0; \
	VPXORD z1, z1, z1; \
	VPXORD z2, z2, z2; \
	VPXORD z3, z3, z3

// One row and one k: two sums += A[row,k]·B[k].
#define MUL2(element, a, z0, z1) \
	VBROADCASTSS element, a; \
	VFMADD231PS Z24, a, z0; \
	VFMADD231PS Z25, a, z1

// One row of C at BX; advance to the next.
#define ADD2(z0, z1) \
	VADDPS (BX), z0, K1, z0; \
	VADDPS 64(BX), z1, K2, z1; \
	ADDQ CX, BX

#define STORE2(z0, z1) \
	VMOVUPS z0, K1, (BX); \
	VMOVUPS z1, K2, 64(BX); \
	ADDQ CX, BX

#define PREFETCH_C \
	PREFETCHT0 (BX); \
	PREFETCHT0 64(BX); \
	ADDQ CX, BX

// Prefetch with each k: PREFETCHW (R14), which Go's assembler has no name for.
#define FETCH \
	BYTE $0x41; BYTE $0x0f; BYTE $0x0d; BYTE $0x0e; \
	ADDQ planeProduct_fetchStep(DI), R14

// func winograd_product_f32_avx512(p *planeProduct)
TEXT ·winograd_product_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	MOVQ planeProduct_aRow(DI), R9
	LEAQ (R9)(R9*2), R10
	LEAQ (R9)(R9*4), R11
	LEAQ (R11)(R9*2), R12
	MOVQ planeProduct_aStep(DI), SI
	MOVQ planeProduct_bStep(DI), DX

plane:
	XORL R15, R15

strip:
	MOVQ    planeProduct_width(DI), CX // masks: a bit for each of 32 columns
	SUBQ    R15, CX
	SHRQ    $2, CX
	MOVQ    $32, AX
	CMPQ    CX, AX
	CMOVQGT AX, CX
	MOVL    $-1, AX
	BZHIL   CX, AX, AX
	KMOVW   AX, K1
	SHRL    $16, AX
	KMOVW   AX, K2
	MOVQ    planeProduct_a(DI), R8
	MOVQ    planeProduct_c(DI), R13
	ADDQ    R15, R13
	MOVQ    planeProduct_rows(DI), AX
	MOVQ    AX, planeProduct_left(DI)

tile:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	MOVQ planeProduct_cStep(DI), CX // prefetch C
	MOVQ R13, BX
	PREFETCH_C
	PREFETCH_C
	PREFETCH_C
	PREFETCH_C
	PREFETCH_C
	PREFETCH_C
	PREFETCH_C
	PREFETCH_C

	MOVQ planeProduct_fetch(DI), R14 // what else to prefetch
	CMPQ R14, planeProduct_fetchEnd(DI)
	JCS  fetched
	MOVQ planeProduct_fetch2(DI), R14 // the second range, once the first is done
	MOVQ planeProduct_fetchEnd2(DI), BX
	MOVQ R14, planeProduct_fetchEnd2(DI)
	MOVQ BX, planeProduct_fetchEnd(DI)
	CMPQ R14, BX
	JCS  fetched
	MOVQ R13, R14
	MOVQ $0, planeProduct_fetchStep(DI) // nothing left
	MOVQ $-1, planeProduct_fetchEnd(DI)

fetched:
	MOVQ R8, AX
	MOVQ planeProduct_b(DI), BX
	ADDQ R15, BX
	MOVQ planeProduct_depth(DI), CX

	PCALIGN $32
k:
	VMOVUPS.Z (BX), K1, Z24 // row k of B
	VMOVUPS.Z 64(BX), K2, Z25
	MUL2((AX), Z27, Z0, Z1) // row 0 of the tile
	MUL2((AX)(R9*1), Z28, Z2, Z3)
	MUL2((AX)(R9*2), Z29, Z4, Z5)
	MUL2((AX)(R10*1), Z30, Z6, Z7)
	MUL2((AX)(R9*4), Z31, Z8, Z9)
	MUL2((AX)(R11*1), Z27, Z10, Z11)
	MUL2((AX)(R10*2), Z28, Z12, Z13)
	MUL2((AX)(R12*1), Z29, Z14, Z15)
	FETCH
	ADDQ SI, AX
	ADDQ DX, BX
	DECQ CX
	JNZ  k

	MOVQ R14, planeProduct_fetch(DI)
	MOVQ planeProduct_cStep(DI), CX
	CMPB planeProduct_add(DI), $0
	JEQ  added
	MOVQ R13, BX
	ADD2(Z0, Z1)
	ADD2(Z2, Z3)
	ADD2(Z4, Z5)
	ADD2(Z6, Z7)
	ADD2(Z8, Z9)
	ADD2(Z10, Z11)
	ADD2(Z12, Z13)
	ADD2(Z14, Z15)

added:
	MOVQ R13, BX
	STORE2(Z0, Z1)
	STORE2(Z2, Z3)
	STORE2(Z4, Z5)
	STORE2(Z6, Z7)
	STORE2(Z8, Z9)
	STORE2(Z10, Z11)
	STORE2(Z12, Z13)
	STORE2(Z14, Z15)
	MOVQ BX, R13            // the next tile
	LEAQ (R8)(R9*8), R8
	SUBQ $8, planeProduct_left(DI)
	JGT  tile

	ADDQ $128, R15
	CMPQ R15, planeProduct_width(DI)
	JLT  strip

	MOVQ planeProduct_aPlane(DI), AX
	ADDQ AX, planeProduct_a(DI)
	MOVQ planeProduct_bPlane(DI), AX
	ADDQ AX, planeProduct_b(DI)
	MOVQ planeProduct_cPlane(DI), AX
	ADDQ AX, planeProduct_c(DI)
	DECQ planeProduct_planes(DI)
	JNZ  plane
	VZEROUPPER
	RET
