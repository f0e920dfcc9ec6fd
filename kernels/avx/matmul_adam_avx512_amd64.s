//go:build !purego

// The gradient of 128 columns of weights and Adam's step with it, in AVX-512: see matmul_adam.go.
//
// A pair of rows is summed as zeros_rows_amd64.h says, over the k at which either row is nonzero.
// The sums are in Z0…Z7 and Z8…Z15, a row of B passes through Z16 and Z17, and Z24 and Z25 hold
// elements of A. Finished sums wait in a ring buffer. Each k of the following pairs also does Adam's
// step for two registers of waiting sums, so the divider works while the other units multiply.
// Z16…Z21 are Adam's scratch.
//
// Registers:
//
//	R8          the pair in A; R10 its stride from k to k+1
//	BX          B, whose rows are 512 bytes
//	R9, CX      the pair's words of bits, and the bits of both rows that are left
//	AX, DX      the offset of k in A, and the address of row k of B
//	R12         rows left
//	DI, R13     the ring, and the offset of the oldest sums in it
//	R11         bytes waiting in the ring
//	SI, R14, R15  w, m and v of the oldest sums
//
// Everything that a pair starts with is in registers. The end of a pair's bits is often
// mispredicted, and any load on the way into the next pair would then delay all that follows.

#include "go_asm.h"
#include "textflag.h"
#include "subnormal_amd64.h"
#include "adam_amd64.h"

#define ZERO(z) VPXORD z, z, z
#define MUL_BOTH(at, b, row0, row1) \
	VMOVUPS     at(DX), b; \
	VFMADD231PS b, Z24, row0; \
	VFMADD231PS b, Z25, row1

// ring is the size of the ring in bytes.
#define ring (4 * const_ringSums)

// ADAM: Adam's step for the two oldest registers of sums.
#define ADAM \
	VMOVUPS (DI)(R13*1), Z16;   \
	VMOVUPS 64(DI)(R13*1), Z17; \
	ADAM32((SI), 64(SI), (R14), 64(R14), (R15), 64(R15), Z16, Z17, Z18, Z20, Z19, Z21, Z26, Z27, Z28, Z29); \
	ADDQ    $128, SI;           \
	ADDQ    $128, R14;          \
	ADDQ    $128, R15;          \
	ADDQ    $128, R13;          \
	ANDQ    $(ring-1), R13;     \
	SUBQ    $128, R11

// func matmul_adam_2x128_f32_avx512(s *strip, u *adamRows)
TEXT ·matmul_adam_2x128_f32_avx512(SB), NOSPLIT, $8-16
	FLUSH_SUBNORMALS
	MOVQ         u+8(FP), AX
	VBROADCASTSS adamRows_rest1(AX), Z26
	VBROADCASTSS adamRows_rest2(AX), Z27
	VBROADCASTSS adamRows_alpha(AX), Z28
	VBROADCASTSS adamRows_epsilon(AX), Z29
	MOVQ         adamRows_w(AX), SI
	MOVQ         adamRows_m(AX), R14
	MOVQ         adamRows_v(AX), R15
	MOVQ         adamRows_waiting(AX), DI
	XORL         R13, R13
	XORL         R11, R11
	MOVQ         s+0(FP), AX
	MOVQ         strip_a(AX), R8
	MOVQ         strip_aStep(AX), R10
	MOVQ         strip_b(AX), BX
	MOVQ         strip_masks(AX), R9
	MOVQ         strip_m(AX), R12
	MOVQ         (R9), CX
	ORQ          8(R9), CX

pair:
	ADDQ  $16, R9
	ZERO(Z0)
	ZERO(Z1)
	ZERO(Z2)
	ZERO(Z3)
	ZERO(Z4)
	ZERO(Z5)
	ZERO(Z6)
	ZERO(Z7)
	ZERO(Z8)
	ZERO(Z9)
	ZERO(Z10)
	ZERO(Z11)
	ZERO(Z12)
	ZERO(Z13)
	ZERO(Z14)
	ZERO(Z15)
	TESTQ CX, CX
	JEQ   summed
	PCALIGN $64 // at other addresses 784 rows take up to 53 µs instead of 50

k:
	TZCNTQ       CX, AX
	MOVQ         AX, DX
	IMULQ        R10, AX
	SHLQ         $9, DX
	ADDQ         BX, DX
	VBROADCASTSS (R8)(AX*1), Z24
	VBROADCASTSS 4(R8)(AX*1), Z25
	TESTQ        R11, R11
	JEQ          multiply
	ADAM

multiply:
	MUL_BOTH(0, Z16, Z0, Z8)
	MUL_BOTH(64, Z17, Z1, Z9)
	MUL_BOTH(128, Z16, Z2, Z10)
	MUL_BOTH(192, Z17, Z3, Z11)
	MUL_BOTH(256, Z16, Z4, Z12)
	MUL_BOTH(320, Z17, Z5, Z13)
	MUL_BOTH(384, Z16, Z6, Z14)
	MUL_BOTH(448, Z17, Z7, Z15)
	BLSRQ        CX, CX
	JNE          k

summed:
	SUBQ $2, R12
	JEQ  room
	MOVQ (R9), CX
	ORQ  8(R9), CX

room:
	CMPQ R11, $(ring-1024)
	JGT  full
	LEAQ (R13)(R11*1), AX
	ANDQ $(ring-1), AX
	VMOVUPS Z0, (DI)(AX*1)
	VMOVUPS Z1, 64(DI)(AX*1)
	VMOVUPS Z2, 128(DI)(AX*1)
	VMOVUPS Z3, 192(DI)(AX*1)
	VMOVUPS Z4, 256(DI)(AX*1)
	VMOVUPS Z5, 320(DI)(AX*1)
	VMOVUPS Z6, 384(DI)(AX*1)
	VMOVUPS Z7, 448(DI)(AX*1)
	VMOVUPS Z8, 512(DI)(AX*1)
	VMOVUPS Z9, 576(DI)(AX*1)
	VMOVUPS Z10, 640(DI)(AX*1)
	VMOVUPS Z11, 704(DI)(AX*1)
	VMOVUPS Z12, 768(DI)(AX*1)
	VMOVUPS Z13, 832(DI)(AX*1)
	VMOVUPS Z14, 896(DI)(AX*1)
	VMOVUPS Z15, 960(DI)(AX*1)
	ADDQ  $1024, R11
	ADDQ  $8, R8
	TESTQ R12, R12
	JNE   pair

last:
	ADAM
	JNE last
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

full:
	ADAM
	JMP room

// Registers: SI = x, CX the elements left, AX the place. Z0 and Z1 are the least so far, Z4 = −1
// in every lane, K1 the mask of the last register.

// func least_exponent_f32_avx512(x *float32, n int) int
TEXT ·least_exponent_f32_avx512(SB), NOSPLIT, $0-24
	MOVQ       x+0(FP), SI
	MOVQ       n+8(FP), CX
	VPTERNLOGD $0xff, Z4, Z4, Z4
	VMOVDQA32  Z4, Z0
	VMOVDQA32  Z4, Z1
	XORL       AX, AX
	SUBQ       $32, CX
	JLT        few

two:
	VMOVDQU32 (SI)(AX*4), Z2
	VMOVDQU32 64(SI)(AX*4), Z3
	VPADDD    Z2, Z2, Z2 // without the sign
	VPADDD    Z3, Z3, Z3
	VPADDD    Z4, Z2, Z2 // minus 1: 0 becomes the largest of all
	VPADDD    Z4, Z3, Z3
	VPMINUD   Z2, Z0, Z0
	VPMINUD   Z3, Z1, Z1
	ADDQ      $32, AX
	SUBQ      $32, CX
	JGE       two

few:
	ADDQ $32, CX
	JLE  all

one:
	MOVL        $-1, DX
	BZHIL       CX, DX, DX
	KMOVW       DX, K1
	VMOVDQU32.Z (SI)(AX*4), K1, Z2
	VPADDD      Z2, Z2, Z2
	VPADDD      Z4, Z2, Z2
	VPMINUD     Z2, Z0, Z0
	ADDQ        $16, AX
	SUBQ        $16, CX
	JGT         one

all:
	VPMINUD       Z1, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPMINUD       Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPMINUD       X1, X0, X0
	VPSHUFD       $0x4e, X0, X1
	VPMINUD       X1, X0, X0
	VPSHUFD       $0xb1, X0, X1
	VPMINUD       X1, X0, X0
	VMOVD         X0, AX
	INCQ          AX // 2³² if all are 0
	SHRQ          $24, AX
	MOVQ          AX, ret+16(FP)
	VZEROUPPER
	RET
