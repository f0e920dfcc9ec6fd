//go:build !purego

// The transforms of Winograd's filters in AVX-512, 16 elements of the filters at a time: see
// winograd.go for their use and winograd_amd64.h for the formulas.
//
// Registers: DI the argument, AX the offset of the elements in bytes; SI where the next vectors are
// read, DX where they are written, CX the count; R8, R9 and R10 one, three and five times the step
// between vectors that are read, R11, R12 and R13 the same for those that are written.

#include "go_asm.h"
#include "textflag.h"
#include "winograd_amd64.h"

// Steps in the temporary memory: a vector, a row of 6 vectors.
#define VECTOR $64
#define ROW6 $384

// func winograd_filter_f32_avx512(p *patch)
TEXT ·winograd_filter_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	XORL AX, AX

elements:
	MOVQ patch_pixels(DI), SI          // temp[i,v] = G along column v of the filter
	ADDQ AX, SI
	MOVQ patch_rowStep(DI), R8
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $3, CX

column:
	LOAD3(Z0, Z1, Z2)
	FILTER6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, FA, FB, FA2, FB2, FGA, FNA, FNB)
	STORE6(Z0, Z5, Z3, Z6, Z4, Z2)
	ADDQ patch_pixelStep(DI), SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	MOVQ patch_temp(DI), SI            // plane[i,j] = G along row i of temp
	MOVQ VECTOR, R8
	MOVQ patch_planes(DI), DX
	ADDQ AX, DX
	STEPS(patch_planeStep(DI), R11, R12, R13)
	MOVL $6, CX

row:
	LOAD3(Z0, Z1, Z2)
	FILTER6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, FA, FB, FA2, FB2, FGA, FNA, FNB)
	STORE6(Z0, Z5, Z3, Z6, Z4, Z2)
	ADDQ ROW6, SI
	LEAQ (DX)(R12*2), DX               // the next 6 planes
	DECQ CX
	JNZ  row

	ADDQ $64, AX
	SUBQ $16, patch_channels(DI)
	JGT  elements
	VZEROUPPER
	RET

// func winograd_filter_gradient_f32_avx512(p *patch)
TEXT ·winograd_filter_gradient_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	XORL AX, AX

elements:
	MOVQ patch_planes(DI), SI          // temp[v,j] = Gᵀ along column j of the planes
	ADDQ AX, SI
	MOVQ patch_planeStep(DI), BX
	LEAQ (BX)(BX*2), R8
	ADDQ R8, R8                        // a row of the planes is 6 of them
	STEPS(R8, R8, R9, R10)
	MOVQ patch_temp(DI), DX
	MOVQ ROW6, R11
	MOVL $6, CX

column:
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	FILTERGRAD3(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, FGA, FNA, FNB, FANA, FBNB, FA2NA, FB2NB)
	STORE3(Z0, Z1, Z5)
	ADDQ BX, SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	MOVQ patch_temp(DI), SI            // filter[u,v] = Gᵀ along row u of temp
	STEPS(VECTOR, R8, R9, R10)
	MOVQ patch_pixels(DI), DX
	ADDQ AX, DX
	MOVQ patch_pixelStep(DI), R11
	MOVL $3, CX

row:
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	FILTERGRAD3(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, FGA, FNA, FNB, FANA, FBNB, FA2NA, FB2NB)
	STORE3(Z0, Z1, Z5)
	ADDQ ROW6, SI
	ADDQ patch_rowStep(DI), DX
	DECQ CX
	JNZ  row

	ADDQ $64, AX
	SUBQ $16, patch_channels(DI)
	JGT  elements
	VZEROUPPER
	RET
