//go:build !purego

// Winograd's transforms in AVX2 with FMA, 8 channels at a time: see winograd.go for their use and
// winograd_amd64.h for the formulas. A transform in two dimensions is one along the columns, into
// temporary memory, and one along the rows of that.
//
// Registers: DI the argument, AX the offset of the channels in bytes; SI where the next vectors are
// read, DX where they are written, CX the count; R8, R9 and R10 one, three and five times the step
// between vectors that are read, R11, R12 and R13 the same for those that are written. The constants
// are in memory, because there are too few registers.

#include "go_asm.h"
#include "textflag.h"
#include "winograd_amd64.h"

// Steps in the temporary memory: a vector, a row of 6 vectors.
#define VECTOR $32
#define ROW6 $192

// func winograd_input_f32_avx2(p *patch)
TEXT ·winograd_input_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	XORL AX, AX

channels:
	MOVQ patch_pixels(DI), SI        // temp[i,j] = Bᵀ along column j of the pixels
	ADDQ AX, SI
	STEPS(patch_rowStep(DI), R8, R9, R10)
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $6, CX

column:
	LOAD6(Y0, Y1, Y2, Y3, Y4, Y5)
	INPUT6(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, FA, FB, FA2, FB2, FAB, FSUM)
	STORE6(Y6, Y0, Y3, Y1, Y2, Y5)
	ADDQ patch_pixelStep(DI), SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	MOVQ patch_temp(DI), SI          // plane[i,j] = Bᵀ along row i of temp
	STEPS(VECTOR, R8, R9, R10)
	MOVQ patch_planes(DI), DX
	ADDQ AX, DX
	STEPS(patch_planeStep(DI), R11, R12, R13)
	MOVL $6, CX

row:
	LOAD6(Y0, Y1, Y2, Y3, Y4, Y5)
	INPUT6(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, FA, FB, FA2, FB2, FAB, FSUM)
	STORE6(Y6, Y0, Y3, Y1, Y2, Y5)
	ADDQ ROW6, SI
	LEAQ (DX)(R12*2), DX             // the next 6 planes
	DECQ CX
	JNZ  row

	ADDQ $32, AX
	SUBQ $8, patch_channels(DI)
	JGT  channels
	VZEROUPPER
	RET

// func winograd_output_f32_avx2(p *patch)
TEXT ·winograd_output_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12 // stays 0 as long as all results are finite
	XORL AX, AX

channels:
	MOVQ patch_planes(DI), SI         // temp[r,j] = Aᵀ along column j of the planes
	ADDQ AX, SI
	MOVQ patch_planeStep(DI), BX
	LEAQ (BX)(BX*2), R8
	ADDQ R8, R8                       // a row of the planes is 6 of them
	STEPS(R8, R8, R9, R10)
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $6, CX

column:
	LOAD6(Y0, Y1, Y2, Y3, Y4, Y5)
	OUTPUT4(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, FA, FB, FA2, FB2, FA3, FB3)
	STORE4(Y0, Y1, Y2, Y5)
	ADDQ BX, SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	MOVQ patch_temp(DI), SI           // pixel[r,q] = Aᵀ along row r of temp
	STEPS(VECTOR, R8, R9, R10)
	MOVQ patch_pixels(DI), DX
	ADDQ AX, DX
	STEPS(patch_pixelStep(DI), R11, R12, R13)
	MOVL $4, CX

row:
	LOAD6(Y0, Y1, Y2, Y3, Y4, Y5)
	OUTPUT4(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, FA, FB, FA2, FB2, FA3, FB3)
	VFMADD231PS Y0, Y11, Y12 // 0·y: NaN if y is NaN or infinite
	VFMADD231PS Y1, Y11, Y12
	VFMADD231PS Y2, Y11, Y12
	VFMADD231PS Y5, Y11, Y12
	CMPB   patch_add(DI), $0
	JEQ    added
	VADDPS (DX), Y0, Y0
	VADDPS (DX)(R11*1), Y1, Y1
	VADDPS (DX)(R11*2), Y2, Y2
	VADDPS (DX)(R12*1), Y5, Y5
added:
	MOVQ   patch_bias(DI), BX
	TESTQ  BX, BX
	JZ     biased
	VMOVUPS (BX)(AX*1), Y10
	VADDPS Y10, Y0, Y0
	VADDPS Y10, Y1, Y1
	VADDPS Y10, Y2, Y2
	VADDPS Y10, Y5, Y5
biased:
	CMPB   patch_relu(DI), $0
	JEQ    activated
	VMAXPS Y0, Y11, Y0                // a NaN stays
	VMAXPS Y1, Y11, Y1
	VMAXPS Y2, Y11, Y2
	VMAXPS Y5, Y11, Y5
activated:
	STORE4(Y0, Y1, Y2, Y5)
	ADDQ   ROW6, SI
	ADDQ   patch_rowStep(DI), DX
	DECQ   CX
	JNZ    row

	ADDQ $32, AX
	SUBQ $8, patch_channels(DI)
	JGT  channels
	VCMPPS $0x03, Y12, Y12, Y12 // Y12 = NaN
	VMOVMSKPS Y12, AX
	MOVL   AX, patch_broken(DI)
	VZEROUPPER
	RET

// All six rows of temp: plane[i,j] = A along row i.
#define GRADIENT_ROWS(row) \
	MOVQ patch_temp(DI), SI; \
	STEPS(VECTOR, R8, R9, R10); \
	MOVQ patch_planes(DI), DX; \
	ADDQ AX, DX; \
	STEPS(patch_planeStep(DI), R11, R12, R13); \
	MOVL $6, CX; \
row: \
	LOAD4(Y0, Y1, Y2, Y3); \
	GRADIENT6(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, FA, FB, FA2, FB2); \
	STORE6(Y0, Y1, Y2, Y4, Y6, Y3); \
	ADDQ ROW6, SI; \
	LEAQ (DX)(R12*2), DX; \ // the next 6 planes
	DECQ CX; \
	JNZ  row

// func winograd_gradient_f32_avx2(p *patch)
TEXT ·winograd_gradient_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	XORL AX, AX

channels:
	MOVQ patch_pixels(DI), SI          // temp[i,j] = A along column j of the pixels
	ADDQ AX, SI
	STEPS(patch_rowStep(DI), R8, R9, R10)
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $4, CX

column:
	LOAD4(Y0, Y1, Y2, Y3)
	GRADIENT6(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, FA, FB, FA2, FB2)
	STORE6(Y0, Y1, Y2, Y4, Y6, Y3)
	ADDQ patch_pixelStep(DI), SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	GRADIENT_ROWS(row)
	ADDQ $32, AX
	SUBQ $8, patch_channels(DI)
	JGT  channels
	VZEROUPPER
	RET

// func winograd_input_gradient_f32_avx2(p *patch)
TEXT ·winograd_input_gradient_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12 // stays 0 as long as all results are finite
	XORL AX, AX

channels:
	MOVQ patch_planes(DI), SI         // temp[r,j] = B along column j of the planes
	ADDQ AX, SI
	MOVQ patch_planeStep(DI), BX
	LEAQ (BX)(BX*2), R8
	ADDQ R8, R8                       // a row of the planes is 6 of them
	STEPS(R8, R8, R9, R10)
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $6, CX

column:
	LOAD6(Y0, Y1, Y2, Y3, Y4, Y5)
	INPUTGRAD6(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, FA, FB, FA2, FB2, FAB, FSUM)
	STORE6(Y0, Y1, Y2, Y3, Y4, Y5)
	ADDQ BX, SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	MOVQ patch_temp(DI), SI           // pixel[r,q] = B along row r of temp
	STEPS(VECTOR, R8, R9, R10)
	MOVQ patch_pixels(DI), DX
	ADDQ AX, DX
	STEPS(patch_pixelStep(DI), R11, R12, R13)
	MOVL $6, CX

row:
	LOAD6(Y0, Y1, Y2, Y3, Y4, Y5)
	INPUTGRAD6(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, FA, FB, FA2, FB2, FAB, FSUM)
	VFMADD231PS Y0, Y11, Y12 // 0·x: NaN if x is NaN or infinite
	VFMADD231PS Y1, Y11, Y12
	VFMADD231PS Y2, Y11, Y12
	VFMADD231PS Y3, Y11, Y12
	VFMADD231PS Y4, Y11, Y12
	VFMADD231PS Y5, Y11, Y12
	CMPQ   CX, patch_newRows(DI)
	JLE    below
	VADDPS (DX)(R11*2), Y2, Y2        // a row that the tile above has written
	VADDPS (DX)(R12*1), Y3, Y3
	VADDPS (DX)(R11*4), Y4, Y4
	VADDPS (DX)(R13*1), Y5, Y5
	JMP    left

below:
	CMPB   patch_addLeft(DI), $0
	JEQ    added

left: // and two columns that the tile on the left has written
	VADDPS (DX), Y0, Y0
	VADDPS (DX)(R11*1), Y1, Y1

added:
	STORE6(Y0, Y1, Y2, Y3, Y4, Y5)
	ADDQ   ROW6, SI
	ADDQ   patch_rowStep(DI), DX
	DECQ   CX
	JNZ    row

	ADDQ $32, AX
	SUBQ $8, patch_channels(DI)
	JGT  channels
	VCMPPS $0x03, Y12, Y12, Y12 // Y12 = NaN
	VMOVMSKPS Y12, AX
	MOVL   AX, patch_broken(DI)
	VZEROUPPER
	RET
