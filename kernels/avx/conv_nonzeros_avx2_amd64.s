//go:build !purego

// The nonzeros of a gradient taken through a 2×2 max pooling and a ReLU, in AVX2: see
// conv_sparse_rows.go for their use and conv_sparse_amd64.go for the Go loops.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// PICK: append the values Y1 and filters Y5 in the lanes of mask y to a list. A table holds the
// permutation that compresses the lanes for each of the 256 masks.
#define PICK(y, list) \
	VMOVMSKPS y, R12; \
	VPMOVZXBD (R11)(R12*8), y; \
	POPCNTL R12, R12; \
	VPERMPS Y1, y, Y3; \
	VMOVUPS Y3, (R14)(list*4); \
	VPERMD Y5, y, Y3; \
	VMOVDQU Y3, (R15)(list*4); \
	ADDQ R12, list

#define ROW_FIRST(q, list) MOVQ list, (q*sparseRow__size+sparseRow_first)(AX)

#define ROW_END(q, list) MOVQ list, (q*sparseRow__size+sparseRow_end)(AX)

// func conv_nonzeros_f32_avx2(n *nonzeros)
//
// Registers: DI the argument; SI dy, DX and BX the distances from there to y and arg; AX the window's
// first row; R14 values, R15 indices; R8, R9, R10 and R13 the ends of the four lists; CX the filters
// left; R11 the permutations. Y0 zeros; Y1 dy; Y4 the index of the first position in each lane, Y5
// the filters; Y6 the lanes that are filters, then those with a nonzero; Y7 arg − index.
TEXT ·conv_nonzeros_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), DI
	MOVQ nonzeros_dy(DI), SI
	MOVQ nonzeros_y(DI), DX
	SUBQ SI, DX
	MOVQ nonzeros_arg(DI), BX
	SUBQ SI, BX
	MOVQ nonzeros_rows(DI), AX
	MOVQ nonzeros_values(DI), R14
	MOVQ nonzeros_indices(DI), R15
	MOVQ (nonzeros_list+0)(DI), R8
	MOVQ (nonzeros_list+8)(DI), R9
	MOVQ (nonzeros_list+16)(DI), R10
	MOVQ (nonzeros_list+24)(DI), R13
	VXORPS Y0, Y0, Y0
	MOVL $8, R12
	VMOVD R12, X10
	VPBROADCASTD X10, Y10

line:
	MOVQ nonzeros_across(DI), R12
	MOVQ R12, nonzeros_left(DI)

window:
	ROW_FIRST(0, R8)
	ROW_FIRST(1, R9)
	ROW_FIRST(2, R10)
	ROW_FIRST(3, R13)
	VMOVDQU ·channels(SB), Y5
	VPBROADCASTD nonzeros_first(DI), Y4
	VPADDD Y5, Y4, Y4
	VPBROADCASTD nonzeros_window(DI), Y2
	VPADDD Y2, Y5, Y5
	MOVQ nonzeros_filters(DI), CX

filters:
	LANES8(CX, Y6)
	LEAQ ·packed(SB), R11
	VMASKMOVPS (SI)(DX*1), Y6, Y2
	VMASKMOVPS (SI), Y6, Y1
	VPMASKMOVD (SI)(BX*1), Y6, Y7
	VCMPPS $0x1e, Y0, Y2, Y3
	VANDPS Y3, Y6, Y6        // y > 0
	VCMPPS $0x04, Y0, Y1, Y3
	VANDPS Y3, Y6, Y6        // and dy ≠ 0
	VPSUBD Y4, Y7, Y7
	VPBROADCASTD (nonzeros_places+0)(DI), Y2
	VPCMPEQD Y2, Y7, Y2
	VPAND Y6, Y2, Y2
	PICK(Y2, R8)
	VPBROADCASTD (nonzeros_places+4)(DI), Y2
	VPCMPEQD Y2, Y7, Y2
	VPAND Y6, Y2, Y2
	PICK(Y2, R9)
	VPBROADCASTD (nonzeros_places+8)(DI), Y2
	VPCMPEQD Y2, Y7, Y2
	VPAND Y6, Y2, Y2
	PICK(Y2, R10)
	VPBROADCASTD (nonzeros_places+12)(DI), Y2
	VPCMPEQD Y2, Y7, Y2
	VPAND Y6, Y2, Y2
	PICK(Y2, R13)
	VPADDD Y10, Y4, Y4
	VPADDD Y10, Y5, Y5
	ADDQ $32, SI
	SUBQ $8, CX
	JGT  filters

	LEAQ (SI)(CX*4), SI // CX ≤ 0: back to the end of the last filter
	ROW_END(0, R8)
	ROW_END(1, R9)
	ROW_END(2, R10)
	ROW_END(3, R13)
	ADDQ $(4*sparseRow__size), AX
	MOVQ nonzeros_windowIndex(DI), R12
	ADDQ R12, nonzeros_first(DI)
	ADDL $65536, nonzeros_window(DI)
	DECQ nonzeros_left(DI)
	JNZ  window

	MOVQ nonzeros_rowIndex(DI), R12
	ADDQ R12, nonzeros_first(DI)
	DECQ nonzeros_down(DI)
	JNZ  line
	MOVQ R8, (nonzeros_list+0)(DI)
	MOVQ R9, (nonzeros_list+8)(DI)
	MOVQ R10, (nonzeros_list+16)(DI)
	MOVQ R13, (nonzeros_list+24)(DI)
	VZEROUPPER
	RET

// func conv_turn_f32_avx2(t *turning)
//
// Registers: DI the argument; SI values, DX indices; CX the elements left; R8 windows, R9 the offset;
// R10 filters; R11 turned, R12 places; R13 sums. AX the filter, BX its row, R14 where its next
// element goes; R15 the patch.
TEXT ·conv_turn_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ turning_values(DI), SI
	MOVQ turning_indices(DI), DX
	MOVQ turning_count(DI), CX
	MOVQ turning_windows(DI), R8
	MOVQ turning_offset(DI), R9
	MOVQ turning_filters(DI), R10
	MOVQ turning_turned(DI), R11
	MOVQ turning_places(DI), R12
	MOVQ turning_sums(DI), R13
	LEAQ (SI)(CX*4), SI
	LEAQ (DX)(CX*4), DX
	NEGQ CX
	JEQ  done

element:
	MOVL  (DX)(CX*4), AX
	MOVL  AX, R15
	SHRL  $16, R15
	MOVL  (R8)(R15*4), R15
	ADDL  R9, R15
	MOVWLZX AX, AX
	LEAQ  (AX)(AX*2), BX // a row is three words
	LEAQ  (R10)(BX*8), BX
	MOVQ  sparseRow_end(BX), R14
	VMOVSS (SI)(CX*4), X0
	VMOVSS X0, (R11)(R14*4)
	MOVL  R15, (R12)(R14*4)
	INCQ  R14
	MOVQ  R14, sparseRow_end(BX)
	VCVTSS2SD X0, X0, X0
	VADDSD (R13)(AX*8), X0, X0
	VMOVSD X0, (R13)(AX*8)
	INCQ  CX
	JNZ   element

done:
	VZEROUPPER
	RET
