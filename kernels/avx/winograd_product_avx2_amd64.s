//go:build !purego

// The products of Winograd's planes in AVX2 with FMA, in tiles of 6 rows by 16 or 8 columns. They
// replace the Go loop at the top of winograd_product_avx512_amd64.s, and work in the same way.
//
// Registers: DI the argument; R8 row 0 of the tile in A, R9, R10 and R11 one, three and five times
// the step between rows; R13 the tile of C, R14 the prefetch address, R15 the offset of the columns
// in bytes. In the loop over k: AX the column of A, SI its step, BX the row of B, DX its step, CX the
// count. Y12 and Y13 hold the row of B, Y14 and Y15 broadcast elements of A. The sums of row r are in
// Y2r and Y2r+1, or in Yr.

#include "go_asm.h"
#include "textflag.h"

#define ZERO3(y0, y1, y2) \
	VXORPS y0, y0, y0; \
	VXORPS y1, y1, y1; \
	VXORPS y2, y2, y2

// One row and one k: two sums += A[row,k]·B[k].
#define MUL2(element, a, y0, y1) \
	VBROADCASTSS element, a; \
	VFMADD231PS Y12, a, y0; \
	VFMADD231PS Y13, a, y1

#define MUL1(element, a, y0) \
	VBROADCASTSS element, a; \
	VFMADD231PS Y12, a, y0

// One row of C at BX; advance to the next.
#define ADD2(y0, y1) \
	VADDPS (BX), y0, y0; \
	VADDPS 32(BX), y1, y1; \
	ADDQ CX, BX

#define ADD1(y0) \
	VADDPS (BX), y0, y0; \
	ADDQ CX, BX

#define STORE2(y0, y1) \
	VMOVUPS y0, (BX); \
	VMOVUPS y1, 32(BX); \
	ADDQ CX, BX

#define STORE1(y0) \
	VMOVUPS y0, (BX); \
	ADDQ CX, BX

#define PREFETCH_C \
	PREFETCHT0 (BX); \
	ADDQ CX, BX

// Prefetch with each k: PREFETCHW (R14), which Go's assembler has no name for.
#define FETCH \
	BYTE $0x41; BYTE $0x0f; BYTE $0x0d; BYTE $0x0e; \
	ADDQ planeProduct_fetchStep(DI), R14

// func winograd_product_f32_avx2(p *planeProduct)
TEXT ·winograd_product_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	MOVQ planeProduct_aRow(DI), R9
	LEAQ (R9)(R9*2), R10
	LEAQ (R9)(R9*4), R11
	MOVQ planeProduct_aStep(DI), SI
	MOVQ planeProduct_bStep(DI), DX

plane:
	XORL R15, R15

strip:
	MOVQ planeProduct_a(DI), R8
	MOVQ planeProduct_c(DI), R13
	ADDQ R15, R13
	MOVQ planeProduct_rows(DI), AX
	MOVQ AX, planeProduct_left(DI)

tile:
	ZERO3(Y0, Y1, Y2)
	ZERO3(Y3, Y4, Y5)
	ZERO3(Y6, Y7, Y8)
	ZERO3(Y9, Y10, Y11)
	MOVQ planeProduct_cStep(DI), CX // prefetch C
	MOVQ R13, BX
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
	MOVQ planeProduct_width(DI), CX
	SUBQ R15, CX
	CMPQ CX, $64 // 16 columns?
	MOVQ R8, AX
	MOVQ planeProduct_b(DI), BX
	LEAQ (BX)(R15*1), BX
	MOVQ planeProduct_depth(DI), CX
	JLT  narrow

	PCALIGN $32
k2:
	VMOVUPS (BX), Y12 // row k of B
	VMOVUPS 32(BX), Y13
	MUL2((AX), Y14, Y0, Y1) // row 0 of the tile
	MUL2((AX)(R9*1), Y15, Y2, Y3)
	MUL2((AX)(R9*2), Y14, Y4, Y5)
	MUL2((AX)(R10*1), Y15, Y6, Y7)
	MUL2((AX)(R9*4), Y14, Y8, Y9)
	MUL2((AX)(R11*1), Y15, Y10, Y11)
	FETCH
	ADDQ SI, AX
	ADDQ DX, BX
	DECQ CX
	JNZ  k2

	MOVQ R14, planeProduct_fetch(DI)
	MOVQ planeProduct_cStep(DI), CX
	MOVQ R13, BX
	CMPB planeProduct_add(DI), $0
	JEQ  added2
	ADD2(Y0, Y1)
	ADD2(Y2, Y3)
	ADD2(Y4, Y5)
	ADD2(Y6, Y7)
	ADD2(Y8, Y9)
	ADD2(Y10, Y11)
	MOVQ R13, BX

added2:
	STORE2(Y0, Y1)
	STORE2(Y2, Y3)
	STORE2(Y4, Y5)
	STORE2(Y6, Y7)
	STORE2(Y8, Y9)
	STORE2(Y10, Y11)
	JMP next

narrow: // the last 8 columns
	VMOVUPS (BX), Y12
	MUL1((AX), Y14, Y0)
	MUL1((AX)(R9*1), Y15, Y1)
	MUL1((AX)(R9*2), Y14, Y2)
	MUL1((AX)(R10*1), Y15, Y3)
	MUL1((AX)(R9*4), Y14, Y4)
	MUL1((AX)(R11*1), Y15, Y5)
	FETCH
	ADDQ SI, AX
	ADDQ DX, BX
	DECQ CX
	JNZ  narrow

	MOVQ R14, planeProduct_fetch(DI)
	MOVQ planeProduct_cStep(DI), CX
	MOVQ R13, BX
	CMPB planeProduct_add(DI), $0
	JEQ  added1
	ADD1(Y0)
	ADD1(Y1)
	ADD1(Y2)
	ADD1(Y3)
	ADD1(Y4)
	ADD1(Y5)
	MOVQ R13, BX

added1:
	STORE1(Y0)
	STORE1(Y1)
	STORE1(Y2)
	STORE1(Y3)
	STORE1(Y4)
	STORE1(Y5)

next:
	MOVQ BX, R13 // the next tile
	LEAQ (R8)(R10*2), R8
	SUBQ $6, planeProduct_left(DI)
	JGT  tile

	ADDQ $64, R15
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
