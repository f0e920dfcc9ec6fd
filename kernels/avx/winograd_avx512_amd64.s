//go:build !purego

// Winograd's transforms in AVX-512, 16 channels at a time: see winograd.go for
// what they are for, and winograd_amd64.h for the formulas. A transform in two
// dimensions is one along the columns, into temporary memory, and one along the
// rows of that.
//
// Registers: DI the argument, AX the offset of the channels in bytes; SI where
// the next vectors are read, DX where they are written, CX the count; R8, R9 and
// R10 are one, three and five times the step between vectors that are read
// together, R11, R12 and R13 the same for those that are written.

#include "go_asm.h"
#include "textflag.h"
#include "winograd_amd64.h"

// The constants, from memory where they fill a register each: ·winogradFactors is
// [8][16]float32 of a, b, a², b², a³, b³, a²b² and a²+b².
#define FACTORS \
	VMOVUPS ·winogradFactors+0(SB), Z16; \
	VMOVUPS ·winogradFactors+64(SB), Z17; \
	VMOVUPS ·winogradFactors+128(SB), Z18; \
	VMOVUPS ·winogradFactors+192(SB), Z19; \
	VMOVUPS ·winogradFactors+256(SB), Z20; \
	VMOVUPS ·winogradFactors+320(SB), Z21; \
	VMOVUPS ·winogradFactors+384(SB), Z22; \
	VMOVUPS ·winogradFactors+448(SB), Z23

// One, three and five times step.
#define STEPS(step, one, three, five) \
	MOVQ step, one; \
	LEAQ (one)(one*2), three; \
	LEAQ (one)(one*4), five

// Six vectors from SI on, R8 apart.
#define LOAD6(z0, z1, z2, z3, z4, z5) \
	VMOVUPS (SI), z0; \
	VMOVUPS (SI)(R8*1), z1; \
	VMOVUPS (SI)(R8*2), z2; \
	VMOVUPS (SI)(R9*1), z3; \
	VMOVUPS (SI)(R8*4), z4; \
	VMOVUPS (SI)(R10*1), z5

#define LOAD4(z0, z1, z2, z3) \
	VMOVUPS (SI), z0; \
	VMOVUPS (SI)(R8*1), z1; \
	VMOVUPS (SI)(R8*2), z2; \
	VMOVUPS (SI)(R9*1), z3

// Six vectors from DX on, R11 apart.
#define STORE6(z0, z1, z2, z3, z4, z5) \
	VMOVUPS z0, (DX); \
	VMOVUPS z1, (DX)(R11*1); \
	VMOVUPS z2, (DX)(R11*2); \
	VMOVUPS z3, (DX)(R12*1); \
	VMOVUPS z4, (DX)(R11*4); \
	VMOVUPS z5, (DX)(R13*1)

#define STORE4(z0, z1, z2, z3) \
	VMOVUPS z0, (DX); \
	VMOVUPS z1, (DX)(R11*1); \
	VMOVUPS z2, (DX)(R11*2); \
	VMOVUPS z3, (DX)(R12*1)

// Three vectors from SI on, R8 apart; from DX on, R11 apart.
#define LOAD3(z0, z1, z2) \
	VMOVUPS (SI), z0; \
	VMOVUPS (SI)(R8*1), z1; \
	VMOVUPS (SI)(R8*2), z2

#define STORE3(z0, z1, z2) \
	VMOVUPS z0, (DX); \
	VMOVUPS z1, (DX)(R11*1); \
	VMOVUPS z2, (DX)(R11*2)

// The constants of the filter's transforms, in memory.
#define FA ·winogradFactors+0(SB)
#define FB ·winogradFactors+64(SB)
#define FA2 ·winogradFactors+128(SB)
#define FB2 ·winogradFactors+192(SB)
#define FGA ·winogradFactors+512(SB)
#define FNA ·winogradFactors+576(SB)
#define FNB ·winogradFactors+640(SB)
#define FANA ·winogradFactors+704(SB)
#define FBNB ·winogradFactors+768(SB)
#define FA2NA ·winogradFactors+832(SB)
#define FB2NB ·winogradFactors+896(SB)

// Steps in the temporary memory: a vector, a row of 6 vectors.
#define VECTOR $64
#define ROW6 $384

// func winograd_input_f32_avx512(p *patch)
TEXT ·winograd_input_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	FACTORS
	XORL AX, AX

channels:
	MOVQ patch_pixels(DI), SI        // temp[i,j] = Bᵀ along column j of the pixels
	ADDQ AX, SI
	STEPS(patch_rowStep(DI), R8, R9, R10)
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $6, CX

column:
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	INPUT6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z16, Z17, Z18, Z19, Z22, Z23)
	STORE6(Z6, Z0, Z3, Z1, Z2, Z5)
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
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	INPUT6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z16, Z17, Z18, Z19, Z22, Z23)
	STORE6(Z6, Z0, Z3, Z1, Z2, Z5)
	ADDQ ROW6, SI
	LEAQ (DX)(R12*2), DX             // 6 planes on
	DECQ CX
	JNZ  row

	ADDQ $64, AX
	SUBQ $16, patch_channels(DI)
	JGT  channels
	VZEROUPPER
	RET

// func winograd_output_f32_avx512(p *patch)
TEXT ·winograd_output_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	FACTORS
	VPXORD Z11, Z11, Z11
	VPXORD Z24, Z24, Z24 // stays 0 as long as all results are finite
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
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	OUTPUT4(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z16, Z17, Z18, Z19, Z20, Z21)
	STORE4(Z0, Z1, Z2, Z5)
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
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	OUTPUT4(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z16, Z17, Z18, Z19, Z20, Z21)
	VFMADD231PS Z0, Z11, Z24 // 0·y: NaN if y is none or infinite
	VFMADD231PS Z1, Z11, Z24
	VFMADD231PS Z2, Z11, Z24
	VFMADD231PS Z5, Z11, Z24
	CMPB   patch_add(DI), $0
	JEQ    added
	VADDPS (DX), Z0, Z0
	VADDPS (DX)(R11*1), Z1, Z1
	VADDPS (DX)(R11*2), Z2, Z2
	VADDPS (DX)(R12*1), Z5, Z5
added:
	MOVQ   patch_bias(DI), BX
	TESTQ  BX, BX
	JZ     biased
	VMOVUPS (BX)(AX*1), Z10
	VADDPS Z10, Z0, Z0
	VADDPS Z10, Z1, Z1
	VADDPS Z10, Z2, Z2
	VADDPS Z10, Z5, Z5
biased:
	CMPB   patch_relu(DI), $0
	JEQ    activated
	VMAXPS Z0, Z11, Z0                // a NaN stays
	VMAXPS Z1, Z11, Z1
	VMAXPS Z2, Z11, Z2
	VMAXPS Z5, Z11, Z5
activated:
	STORE4(Z0, Z1, Z2, Z5)
	ADDQ   ROW6, SI
	ADDQ   patch_rowStep(DI), DX
	DECQ   CX
	JNZ    row

	ADDQ $64, AX
	SUBQ $16, patch_channels(DI)
	JGT  channels
	VCMPPS $0x03, Z24, Z24, K1 // K1 = NaN
	KMOVW  K1, AX
	MOVL   AX, patch_broken(DI)
	VZEROUPPER
	RET

// func winograd_gradient_f32_avx512(p *patch)
TEXT ·winograd_gradient_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	FACTORS
	XORL AX, AX

channels:
	MOVQ patch_pixels(DI), SI          // temp[i,j] = A along column j of the pixels
	ADDQ AX, SI
	STEPS(patch_rowStep(DI), R8, R9, R10)
	MOVQ patch_temp(DI), DX
	STEPS(ROW6, R11, R12, R13)
	MOVL $4, CX

column:
	LOAD4(Z0, Z1, Z2, Z3)
	GRADIENT6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, Z17, Z18, Z19)
	STORE6(Z0, Z1, Z2, Z4, Z6, Z3)
	ADDQ patch_pixelStep(DI), SI
	ADDQ VECTOR, DX
	DECQ CX
	JNZ  column

	MOVQ patch_temp(DI), SI            // plane[i,j] = A along row i of temp
	STEPS(VECTOR, R8, R9, R10)
	MOVQ patch_planes(DI), DX
	ADDQ AX, DX
	STEPS(patch_planeStep(DI), R11, R12, R13)
	MOVL $6, CX

row:
	LOAD4(Z0, Z1, Z2, Z3)
	GRADIENT6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, Z17, Z18, Z19)
	STORE6(Z0, Z1, Z2, Z4, Z6, Z3)
	ADDQ ROW6, SI
	LEAQ (DX)(R12*2), DX               // 6 planes on
	DECQ CX
	JNZ  row

	ADDQ $64, AX
	SUBQ $16, patch_channels(DI)
	JGT  channels
	VZEROUPPER
	RET

// func winograd_input_gradient_f32_avx512(p *patch)
TEXT ·winograd_input_gradient_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	FACTORS
	VPXORD Z11, Z11, Z11
	VPXORD Z24, Z24, Z24 // stays 0 as long as all results are finite
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
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	INPUTGRAD6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z16, Z17, Z18, Z19, Z22, Z23)
	STORE6(Z0, Z1, Z2, Z3, Z4, Z5)
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
	LOAD6(Z0, Z1, Z2, Z3, Z4, Z5)
	INPUTGRAD6(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z16, Z17, Z18, Z19, Z22, Z23)
	VFMADD231PS Z0, Z11, Z24 // 0·x: NaN if x is none or infinite
	VFMADD231PS Z1, Z11, Z24
	VFMADD231PS Z2, Z11, Z24
	VFMADD231PS Z3, Z11, Z24
	VFMADD231PS Z4, Z11, Z24
	VFMADD231PS Z5, Z11, Z24
	CMPQ   CX, patch_newRows(DI)
	JLE    below
	VADDPS (DX)(R11*2), Z2, Z2        // a row that the tile above has written to
	VADDPS (DX)(R12*1), Z3, Z3
	VADDPS (DX)(R11*4), Z4, Z4
	VADDPS (DX)(R13*1), Z5, Z5
	JMP    left

below:
	CMPB   patch_addLeft(DI), $0
	JEQ    added

left: // and two columns that the tile on the left has written to
	VADDPS (DX), Z0, Z0
	VADDPS (DX)(R11*1), Z1, Z1

added:
	STORE6(Z0, Z1, Z2, Z3, Z4, Z5)
	ADDQ   ROW6, SI
	ADDQ   patch_rowStep(DI), DX
	DECQ   CX
	JNZ    row

	ADDQ $64, AX
	SUBQ $16, patch_channels(DI)
	JGT  channels
	VCMPPS $0x03, Z24, Z24, K1 // K1 = NaN
	KMOVW  K1, AX
	MOVL   AX, patch_broken(DI)
	VZEROUPPER
	RET

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
	LEAQ (DX)(R12*2), DX               // 6 planes on
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
