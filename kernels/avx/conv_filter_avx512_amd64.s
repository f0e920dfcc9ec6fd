//go:build !purego

// Strips of a filter's gradient in AVX-512 with few rows, not a multiple of 8: tiles of 9 or 13 rows
// by two registers of 16 floats. 9 rows are a 3×3 filter of one channel; two tiles of 13 are one of
// 5×5. They replace the Go loop at the top of strip_avx512_amd64.s, without bias and ReLU.
//
// Registers: AX the address of element k of the row that begins at offset 0, SI its step; R8…R13 the
// offsets of rows 0 to 5, R14 the table of the tile's rows, from which R15 is loaded for the others;
// BX the row of B, DX its step, CX and DI the counts of k and of segments. K1 masks the second
// register, Z26 and Z27 hold the row of B, Z28…Z31 broadcast elements of A. The sums of row r are in
// Z2r and Z2r+1.

#include "go_asm.h"
#include "textflag.h"

#define ZERO2(z0, z1) \
	VPXORD z0, z0, z0; \
	VPXORD z1, z1, z1

#define TILE_BEGIN(height) \
	MOVQ strip_rows(DI), R14; \
	MOVQ 0(R14), R8; \
	MOVQ 8(R14), R9; \
	MOVQ 16(R14), R10; \
	MOVQ 24(R14), R11; \
	MOVQ 32(R14), R12; \
	MOVQ 40(R14), R13; \
	LEAQ (8*height)(R14), AX; \
	MOVQ AX, strip_rows(DI); \ // the next tile's rows
	MOVQ strip_a(DI), AX; \
	MOVQ strip_aStep(DI), SI; \
	MOVQ strip_b(DI), BX; \
	MOVQ strip_bStep(DI), DX; \
	MOVQ strip_segments(DI), DI

#define SEGMENT_BEGIN \
	MOVQ s+0(FP), CX; \
	MOVQ strip_length(CX), CX

#define K_BEGIN \
	VMOVUPS   (BX), Z26; \
	VMOVUPS.Z 64(BX), K1, Z27

#define K_END \
	ADDQ SI, AX; \
	ADDQ DX, BX; \
	DECQ CX

#define SEGMENT_END \
	MOVQ s+0(FP), CX; \
	ADDQ strip_aJump(CX), AX; \
	DECQ DI

// One row and one k: two sums += A[row,k]·B[k]. ROW_OF is for rows whose offset is read from the
// table.
#define ROW(row, a, z0, z1) \
	VBROADCASTSS (AX)(row*1), a; \
	VFMADD231PS Z26, a, z0; \
	VFMADD231PS Z27, a, z1

#define ROW_OF(number, a, z0, z1) \
	MOVQ (8*number)(R14), R15; \
	ROW(R15, a, z0, z1)

// Before the rows of C: BX = C, DX = its step, CX = rows left, AX not 0 if C is added to.
#define C_BEGIN \
	MOVQ s+0(FP), DI; \
	MOVQ strip_c(DI), BX; \
	MOVQ strip_cStep(DI), DX; \
	MOVQ strip_m(DI), CX; \
	MOVBLZX strip_add(DI), AX

// Store one row of C and advance to the next.
#define C_ROW(z0, z1, plain) \
	TESTL AX, AX; \
	JEQ plain; \
	VADDPS (BX), z0, z0; \
	VADDPS 64(BX), z1, K1, z1; \
plain: \
	VMOVUPS z0, (BX); \
	VMOVUPS z1, K1, 64(BX); \
	ADDQ DX, BX; \
	DECQ CX

// func conv_grad_filter_9x32_f32_avx512(s *strip)
TEXT ·conv_grad_filter_9x32_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ  s+0(FP), DI
	KMOVW strip_mask(DI), K1

tile:
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)
	ZERO2(Z8, Z9)
	ZERO2(Z10, Z11)
	ZERO2(Z12, Z13)
	ZERO2(Z14, Z15)
	ZERO2(Z16, Z17)
	TILE_BEGIN(9)

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	K_BEGIN
	ROW(R8, Z28, Z0, Z1)
	ROW(R9, Z29, Z2, Z3)
	ROW(R10, Z30, Z4, Z5)
	ROW(R11, Z31, Z6, Z7)
	ROW(R12, Z28, Z8, Z9)
	ROW(R13, Z29, Z10, Z11)
	ROW_OF(6, Z30, Z12, Z13)
	ROW_OF(7, Z31, Z14, Z15)
	ROW_OF(8, Z28, Z16, Z17)
	K_END
	JNZ k
	SEGMENT_END
	JNZ segment

	C_BEGIN
	C_ROW(Z0, Z1, c0);   JZ end
	C_ROW(Z2, Z3, c1);   JZ end
	C_ROW(Z4, Z5, c2);   JZ end
	C_ROW(Z6, Z7, c3);   JZ end
	C_ROW(Z8, Z9, c4);   JZ end
	C_ROW(Z10, Z11, c5); JZ end
	C_ROW(Z12, Z13, c6); JZ end
	C_ROW(Z14, Z15, c7); JZ end
	C_ROW(Z16, Z17, c8); JZ end
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

end:
	VZEROUPPER
	RET

// func conv_grad_filter_13x32_f32_avx512(s *strip)
TEXT ·conv_grad_filter_13x32_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ  s+0(FP), DI
	KMOVW strip_mask(DI), K1

tile:
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)
	ZERO2(Z8, Z9)
	ZERO2(Z10, Z11)
	ZERO2(Z12, Z13)
	ZERO2(Z14, Z15)
	ZERO2(Z16, Z17)
	ZERO2(Z18, Z19)
	ZERO2(Z20, Z21)
	ZERO2(Z22, Z23)
	ZERO2(Z24, Z25)
	TILE_BEGIN(13)

segment:
	SEGMENT_BEGIN

	PCALIGN $32
k:
	K_BEGIN
	ROW(R8, Z28, Z0, Z1)
	ROW(R9, Z29, Z2, Z3)
	ROW(R10, Z30, Z4, Z5)
	ROW(R11, Z31, Z6, Z7)
	ROW(R12, Z28, Z8, Z9)
	ROW(R13, Z29, Z10, Z11)
	ROW_OF(6, Z30, Z12, Z13)
	ROW_OF(7, Z31, Z14, Z15)
	ROW_OF(8, Z28, Z16, Z17)
	ROW_OF(9, Z29, Z18, Z19)
	ROW_OF(10, Z30, Z20, Z21)
	ROW_OF(11, Z31, Z22, Z23)
	ROW_OF(12, Z28, Z24, Z25)
	K_END
	JNZ k
	SEGMENT_END
	JNZ segment

	C_BEGIN
	C_ROW(Z0, Z1, c0);    JZ end
	C_ROW(Z2, Z3, c1);    JZ end
	C_ROW(Z4, Z5, c2);    JZ end
	C_ROW(Z6, Z7, c3);    JZ end
	C_ROW(Z8, Z9, c4);    JZ end
	C_ROW(Z10, Z11, c5);  JZ end
	C_ROW(Z12, Z13, c6);  JZ end
	C_ROW(Z14, Z15, c7);  JZ end
	C_ROW(Z16, Z17, c8);  JZ end
	C_ROW(Z18, Z19, c9);  JZ end
	C_ROW(Z20, Z21, c10); JZ end
	C_ROW(Z22, Z23, c11); JZ end
	C_ROW(Z24, Z25, c12); JZ end
	MOVQ BX, strip_c(DI) // the next tile's rows of C
	MOVQ CX, strip_m(DI)
	JMP  tile

end:
	VZEROUPPER
	RET
