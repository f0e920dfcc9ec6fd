//go:build !purego

// The nonzeros of a gradient taken through a 2×2 max pooling and a ReLU, in AVX-512: see
// conv_sparse_rows.go for their use and conv_sparse_amd64.go for the Go loops.

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// PICK: append the values Z1 and filters Z5 in the lanes of k to a list. Of 16 filters, rarely more
// than 8 have their maximum at one position: only then are all 16 lanes stored, at wide.
#define PICK(k, list, wide, stored) \
	VPCOMPRESSD.Z Z1, k, Z2; \
	VPCOMPRESSD.Z Z5, k, Z3; \
	KMOVW k, R12; \
	POPCNTL R12, R12; \
	CMPL R12, $8; \
	JHI wide; \
	VMOVUPS Y2, (R14)(list*4); \
	VMOVDQU Y3, (R15)(list*4); \
stored: \
	ADDQ R12, list

#define WIDE(list, wide, stored) \
wide: \
	VMOVUPS Z2, (R14)(list*4); \
	VMOVDQU32 Z3, (R15)(list*4); \
	JMP stored

#define ROW_FIRST(q, list) MOVQ list, (q*sparseRow__size+sparseRow_first)(AX)

#define ROW_END(q, list) MOVQ list, (q*sparseRow__size+sparseRow_end)(AX)

// func conv_nonzeros_f32_avx512(n *nonzeros)
//
// Registers: DI the argument; SI dy, DX and BX the distances from there to y and arg; AX the window's
// first row; R14 values, R15 indices; R8, R9, R10 and R13 the ends of the four lists; CX the filters
// left. K1 the lanes that are filters, K3 to K6 those with a nonzero at each position. Z4 the index
// of the first position in each lane, Z5 the filters, Z0 zeros, Z6 to Z9 the places, Z10 16, Z11 the
// window's first index.
TEXT ·conv_nonzeros_f32_avx512(SB), NOSPLIT, $0-8
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
	VPXORD Z0, Z0, Z0
	VPBROADCASTD (nonzeros_places+0)(DI), Z6
	VPBROADCASTD (nonzeros_places+4)(DI), Z7
	VPBROADCASTD (nonzeros_places+8)(DI), Z8
	VPBROADCASTD (nonzeros_places+12)(DI), Z9
	MOVL $16, R12
	VPBROADCASTD R12, Z10

line:
	MOVQ nonzeros_across(DI), R12
	MOVQ R12, nonzeros_left(DI)

window:
	ROW_FIRST(0, R8)
	ROW_FIRST(1, R9)
	ROW_FIRST(2, R10)
	ROW_FIRST(3, R13)
	VMOVDQU32 ·channels(SB), Z5
	VPADDD.BCST nonzeros_first(DI), Z5, Z4
	VPADDD.BCST nonzeros_window(DI), Z5, Z5
	MOVQ nonzeros_filters(DI), CX

filters:
	LANES16(CX, K1)
	VMOVUPS.Z (SI)(DX*1), K1, Z2
	VMOVUPS.Z (SI), K1, Z1
	VMOVDQU32.Z (SI)(BX*1), K1, Z3
	VCMPPS $0x1e, Z0, Z2, K1, K2 // K2 = y > 0
	VCMPPS $0x04, Z0, Z1, K2, K2 // and dy ≠ 0
	VPSUBD Z4, Z3, Z3
	VPCMPEQD Z6, Z3, K2, K3
	VPCMPEQD Z7, Z3, K2, K4
	VPCMPEQD Z8, Z3, K2, K5
	VPCMPEQD Z9, Z3, K2, K6
	PICK(K3, R8, wide0, stored0)
	PICK(K4, R9, wide1, stored1)
	PICK(K5, R10, wide2, stored2)
	PICK(K6, R13, wide3, stored3)
	VPADDD Z10, Z4, Z4
	VPADDD Z10, Z5, Z5
	ADDQ $64, SI
	SUBQ $16, CX
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

	WIDE(R8, wide0, stored0)
	WIDE(R9, wide1, stored1)
	WIDE(R10, wide2, stored2)
	WIDE(R13, wide3, stored3)
