//go:build !purego

// Sums of a vector or of a matrix's columns, and the index of a row's maximum.
// Shapes: x is [n], or [rows,cols] with sums [cols].
// Idea: sums are kept in float64, as in the reference, in several registers at once, so that no
// addition waits for the one before it. Their order is fixed.

#include "textflag.h"
#include "lanes_amd64.h"
#include "reduce_amd64.h"

// func sum_f32_avx512(x []float32) float64
TEXT ·sum_f32_avx512(SB), NOSPLIT, $0-32
	MOVQ   x_base+0(FP), SI // SI = x
	MOVQ   x_len+8(FP), CX  // CX = n, the elements left
	VXORPD Z0, Z0, Z0       // Z0 … Z3 = 32 sums
	VXORPD Z1, Z1, Z1
	VXORPD Z2, Z2, Z2
	VXORPD Z3, Z3, Z3
	TESTQ  CX, CX
	JLE    add

loop:
	LANES32(CX, K1)          // K1 … K4 = the valid lanes, in eights
	KSHIFTRD    $8, K1, K2
	KSHIFTRD    $16, K1, K3
	KSHIFTRD    $24, K1, K4
	VCVTPS2PD.Z (SI), K1, Z4 // the next 32 elements, in float64
	VCVTPS2PD.Z 32(SI), K2, Z5
	VCVTPS2PD.Z 64(SI), K3, Z6
	VCVTPS2PD.Z 96(SI), K4, Z7
	VADDPD      Z4, Z0, Z0   // sums += x
	VADDPD      Z5, Z1, Z1
	VADDPD      Z6, Z2, Z2
	VADDPD      Z7, Z3, Z3
	ADDQ        $128, SI
	SUBQ        $32, CX      // n -= 32
	JGT         loop

add:
	VADDPD        Z1, Z0, Z0 // 32 sums to 8
	VADDPD        Z3, Z2, Z2
	VADDPD        Z2, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1 // 8 to 4
	VADDPD        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1 // 4 to 2
	VADDPD        X1, X0, X0
	VPERMILPD     $1, X0, X1 // 2 to 1
	VADDSD        X1, X0, X0
	VMOVSD        X0, ret+24(FP)
	VZEROUPPER
	RET

// func sum_rows_f32_avx512(sums []float64, x []float32, rows int)
TEXT ·sum_rows_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ  sums_base+0(FP), DI // DI = sums
	MOVQ  sums_len+8(FP), CX  // CX = n, the columns left
	MOVQ  x_base+24(FP), SI   // SI = x's columns
	MOVQ  CX, R8
	SHLQ  $2, R8              // R8 = the bytes of a row
	TESTQ CX, CX
	JLE   done

columns:
	LANES32(CX, K1)          // K1 … K4 = the valid columns, in eights
	KSHIFTRD $8, K1, K2
	KSHIFTRD $16, K1, K3
	KSHIFTRD $24, K1, K4
	VXORPD   Z0, Z0, Z0      // Z0 … Z3 = the sums of 32 columns
	VXORPD   Z1, Z1, Z1
	VXORPD   Z2, Z2, Z2
	VXORPD   Z3, Z3, Z3
	MOVQ     SI, BX          // BX = x[r,c:]
	MOVQ     rows+48(FP), R9 // R9 = the rows left
	TESTQ    R9, R9
	JLE      store

row:
	VCVTPS2PD.Z (BX), K1, Z4 // 32 columns of a row, in float64
	VCVTPS2PD.Z 32(BX), K2, Z5
	VCVTPS2PD.Z 64(BX), K3, Z6
	VCVTPS2PD.Z 96(BX), K4, Z7
	VADDPD      Z4, Z0, Z0   // sums += x
	VADDPD      Z5, Z1, Z1
	VADDPD      Z6, Z2, Z2
	VADDPD      Z7, Z3, Z3
	ADDQ        R8, BX       // to the next row
	DECQ        R9
	JGT         row

store:
	VMOVUPD Z0, K1, (DI) // sums[c:] = sums
	VMOVUPD Z1, K2, 64(DI)
	VMOVUPD Z2, K3, 128(DI)
	VMOVUPD Z3, K4, 192(DI)
	ADDQ    $256, DI     // to the next 32 columns
	ADDQ    $128, SI
	SUBQ    $32, CX      // n -= 32
	JGT     columns

done:
	VZEROUPPER
	RET

// func argmax_f32_avx512(x []float32) int
TEXT ·argmax_f32_avx512(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), SI       // SI = x
	MOVQ         x_len+8(FP), CX        // CX = n, the elements left
	XORL         AX, AX                 // AX = i = 0
	VBROADCASTSS ·minus_inf_f32(SB), Z9 // Z9 = −Inf
	VMOVAPS      Z9, Z0                 // Z0 = the maximum of each lane
	KXORW        K4, K4, K4             // K4 = the lanes that had a NaN

maximum:
	LANES16(CX, K1)            // K1 = the valid lanes
	VMOVAPS Z9, Z1
	VMOVUPS (SI)(AX*4), K1, Z1 // x = x[i:], or −Inf past the end
	VCMPPS  $3, Z1, Z1, K1, K3 // K3 = x is NaN
	KORW    K3, K4, K4
	VMAXPS  Z1, Z0, Z0         // the maximum
	ADDQ    $16, AX            // i += 16
	SUBQ    $16, CX            // n -= 16
	JGT     maximum

	MOVQ          x_len+8(FP), CX // start again
	XORL          AX, AX
	KORTESTW      K4, K4
	JNZ           nan
	MAX_LANES_AVX512 // X0 = the largest of the lanes
	VBROADCASTSS X0, Z0 // Z0 = the maximum

find:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1 // x = x[i:]
	VCMPPS    $0, Z0, Z1, K1, K3 // K3 = x is the maximum
	KORTESTW  K3, K3
	JNZ       found
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JMP       find

nan:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1 // x = x[i:]
	VCMPPS    $3, Z1, Z1, K1, K3 // K3 = x is NaN
	KORTESTW  K3, K3
	JNZ       found
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JMP       nan

found:
	KMOVW      K3, R8
	BSFL       R8, R8         // the first of these lanes
	ADDQ       R8, AX
	MOVQ       AX, ret+24(FP) // return i + lane
	VZEROUPPER
	RET
