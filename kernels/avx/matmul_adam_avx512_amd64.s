//go:build !purego

// The gradient of 128 columns of weights and Adam's step by it, in AVX-512: see matmul_adam.go.
//
// The sums of a pair of rows are formed as zeros_rows_amd64.h says, by going over the k at which
// either row is not zero. They are in Z0…Z7 and Z8…Z15, Z16…Z23 are a row of B, Z24 and Z25
// elements of A. Then Z16…Z25 are scratch.
//
// Registers: R8 the pair in A, R10 the step from k to k+1 there; BX is B, whose rows are 512 bytes;
// R9 the pair's words of bits, CX what is left of both; AX and DX the places of k in A and B; SI, R14
// and R15 where the pair's rows of w, m and v lie, one behind the other; R12 how many rows are left. All that
// a pair begins with is in registers: where the bits of the one before end is foretold wrongly, and
// then whatever comes behind waits for what has to be loaded first.

#include "go_asm.h"
#include "textflag.h"
#include "subnormal_amd64.h"
#include "root_amd64.h"
#include "adam_amd64.h"

#define ZERO(z) VPXORD z, z, z
#define MUL_BOTH(at, b, row0, row1) \
	VMOVUPS     at(DX), b; \
	VFMADD231PS b, Z24, row0; \
	VFMADD231PS b, Z25, row1
#define ADAM(at, g, next, G) \
	ADAM32(at(SI), next(SI), at(R14), next(R14), at(R15), next(R15), g, G, Z16, Z18, Z20, Z22, Z24, Z17, Z19, Z21, Z23, Z25, Z26, Z27, Z28, Z29, Z30, Z31)

// func matmul_adam_2x128_f32_avx512(s *strip, u *adamRows)
TEXT ·matmul_adam_2x128_f32_avx512(SB), NOSPLIT, $8-16
	FLUSH_SUBNORMALS
	MOVQ         u+8(FP), AX
	VBROADCASTSS adamRows_rest1(AX), Z26
	VBROADCASTSS adamRows_rest2(AX), Z27
	VBROADCASTSS adamRows_alpha(AX), Z28
	VBROADCASTSS adamRows_epsilon(AX), Z29
	ROOT_CONSTANTS(Z30, Z31)
	MOVQ         adamRows_w(AX), SI
	MOVQ         adamRows_m(AX), R14
	MOVQ         adamRows_v(AX), R15
	MOVQ         s+0(FP), DI
	MOVQ         strip_a(DI), R8
	MOVQ         strip_aStep(DI), R10
	MOVQ         strip_b(DI), BX
	MOVQ         strip_masks(DI), R9
	MOVQ         strip_m(DI), R12
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
	PCALIGN $64 // elsewhere it takes up to 3 µs more of 50, for 784 rows

k:
	TZCNTQ       CX, AX
	MOVQ         AX, DX
	IMULQ        R10, AX
	SHLQ         $9, DX
	ADDQ         BX, DX
	VBROADCASTSS (R8)(AX*1), Z24
	VBROADCASTSS 4(R8)(AX*1), Z25
	MUL_BOTH(0, Z16, Z0, Z8)
	MUL_BOTH(64, Z17, Z1, Z9)
	MUL_BOTH(128, Z18, Z2, Z10)
	MUL_BOTH(192, Z19, Z3, Z11)
	MUL_BOTH(256, Z20, Z4, Z12)
	MUL_BOTH(320, Z21, Z5, Z13)
	MUL_BOTH(384, Z22, Z6, Z14)
	MUL_BOTH(448, Z23, Z7, Z15)
	BLSRQ        CX, CX
	JNE          k

summed:
	SUBQ $2, R12
	JEQ  last
	MOVQ (R9), CX
	ORQ  8(R9), CX

last:
	ADAM(0, Z0, 64, Z1)
	ADAM(128, Z2, 192, Z3)
	ADAM(256, Z4, 320, Z5)
	ADAM(384, Z6, 448, Z7)
	ADAM(512, Z8, 576, Z9)
	ADAM(640, Z10, 704, Z11)
	ADAM(768, Z12, 832, Z13)
	ADAM(896, Z14, 960, Z15)
	ADDQ  $8, R8
	ADDQ  $1024, SI
	ADDQ  $1024, R14
	ADDQ  $1024, R15
	TESTQ R12, R12
	JNE   pair
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

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
