//go:build !purego

// Sums of a vector or of a matrix's columns, and the index of a row's maximum.
// Shapes: x is [n], or [rows,cols] with sums [cols].
// Idea: sums are kept in float64, as in the reference, in several registers at once, so that no
// addition waits for the one before it. Their order is fixed.

#include "textflag.h"
#include "lanes_amd64.h"
#include "reduce_amd64.h"

// LANES4X4: X12 … X15 = −1 in the valid lanes, in fours, of 16 when n elements are left.
#define LANES4X4(n) \
	XORL         R8, R8         \
	MOVQ         n, R10         \
	SUBQ         $8, R10        \ // R10 = max(n−8, 0)
	CMOVQLT      R8, R10        \
	LANES8(n, Y12)              \
	LANES8(R10, Y14)            \
	VEXTRACTI128 $1, Y12, X13   \
	VEXTRACTI128 $1, Y14, X15

// func sum_f32_avx2(x []float32) float64
TEXT ·sum_f32_avx2(SB), NOSPLIT, $0-32
	MOVQ   x_base+0(FP), SI // SI = x
	MOVQ   x_len+8(FP), CX  // CX = n, the elements left
	VXORPD Y0, Y0, Y0       // Y0 … Y3 = 16 sums
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	SUBQ   $16, CX          // n -= 16
	JLT    last

loop:
	VCVTPS2PD (SI), Y4   // the next 16 elements, in float64
	VCVTPS2PD 16(SI), Y5
	VCVTPS2PD 32(SI), Y6
	VCVTPS2PD 48(SI), Y7
	VADDPD    Y4, Y0, Y0 // sums += x
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      $64, SI
	SUBQ      $16, CX    // n -= 16
	JGE       loop

last:
	ADDQ       $16, CX       // n = the rest, at most 15
	JLE        add
	LANES4X4(CX)             // X12 … X15 = the valid lanes, in fours
	VMASKMOVPS (SI), X12, X4 // the rest
	VMASKMOVPS 16(SI), X13, X5
	VMASKMOVPS 32(SI), X14, X6
	VMASKMOVPS 48(SI), X15, X7
	VCVTPS2PD  X4, Y4        // in float64
	VCVTPS2PD  X5, Y5
	VCVTPS2PD  X6, Y6
	VCVTPS2PD  X7, Y7
	VADDPD     Y4, Y0, Y0    // sums += x
	VADDPD     Y5, Y1, Y1
	VADDPD     Y6, Y2, Y2
	VADDPD     Y7, Y3, Y3

add:
	VADDPD       Y1, Y0, Y0 // 16 sums to 4
	VADDPD       Y3, Y2, Y2
	VADDPD       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1 // 4 to 2
	VADDPD       X1, X0, X0
	VPERMILPD    $1, X0, X1 // 2 to 1
	VADDSD       X1, X0, X0
	VMOVSD       X0, ret+24(FP)
	VZEROUPPER
	RET

// func sum_rows_f32_avx2(sums []float64, x []float32, rows int)
TEXT ·sum_rows_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ  sums_base+0(FP), DI // DI = sums
	MOVQ  sums_len+8(FP), CX  // CX = n, the columns left
	MOVQ  x_base+24(FP), SI   // SI = x's columns
	MOVQ  CX, DX
	SHLQ  $2, DX              // DX = the bytes of a row
	TESTQ CX, CX
	JLE   done

columns:
	VXORPD Y0, Y0, Y0      // Y0 … Y3 = the sums of 16 columns
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	MOVQ   SI, BX          // BX = x[r,c:]
	MOVQ   rows+48(FP), R9 // R9 = the rows left
	CMPQ   CX, $16
	JLT    last
	TESTQ  R9, R9
	JLE    store

row:
	VCVTPS2PD (BX), Y4   // 16 columns of a row, in float64
	VCVTPS2PD 16(BX), Y5
	VCVTPS2PD 32(BX), Y6
	VCVTPS2PD 48(BX), Y7
	VADDPD    Y4, Y0, Y0 // sums += x
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      DX, BX     // to the next row
	DECQ      R9
	JGT       row

store:
	VMOVUPD Y0, (DI) // sums[c:] = sums
	VMOVUPD Y1, 32(DI)
	VMOVUPD Y2, 64(DI)
	VMOVUPD Y3, 96(DI)
	ADDQ    $128, DI // to the next 16 columns
	ADDQ    $64, SI
	SUBQ    $16, CX  // n -= 16
	JGT     columns
	JMP     done

last:
	LANES4X4(CX) // X12 … X15 = the valid columns, in fours
	TESTQ R9, R9
	JLE   storeLast

rowLast:
	VMASKMOVPS (BX), X12, X4 // the last columns of a row
	VMASKMOVPS 16(BX), X13, X5
	VMASKMOVPS 32(BX), X14, X6
	VMASKMOVPS 48(BX), X15, X7
	VCVTPS2PD  X4, Y4        // in float64
	VCVTPS2PD  X5, Y5
	VCVTPS2PD  X6, Y6
	VCVTPS2PD  X7, Y7
	VADDPD     Y4, Y0, Y0    // sums += x
	VADDPD     Y5, Y1, Y1
	VADDPD     Y6, Y2, Y2
	VADDPD     Y7, Y3, Y3
	ADDQ       DX, BX        // to the next row
	DECQ       R9
	JGT        rowLast

storeLast:
	VPMOVSXDQ  X12, Y12      // masks for 64-bit lanes
	VPMOVSXDQ  X13, Y13
	VPMOVSXDQ  X14, Y14
	VPMOVSXDQ  X15, Y15
	VMASKMOVPD Y0, Y12, (DI) // sums[c:] = sums
	VMASKMOVPD Y1, Y13, 32(DI)
	VMASKMOVPD Y2, Y14, 64(DI)
	VMASKMOVPD Y3, Y15, 96(DI)

done:
	VZEROUPPER
	RET

// func sum_parts_f64_avx2(sums []float64, n, parts int)
TEXT ·sum_parts_f64_avx2(SB), NOSPLIT, $0-40
	MOVQ sums_base+0(FP), SI // SI = the first part's sums
	MOVQ n+24(FP), CX        // CX = n, the columns left
	MOVQ CX, DX
	SHLQ $3, DX              // DX = the bytes of a part

columns:
	VMOVUPD (SI), Y0          // Y0, Y1 = 8 columns of the first part
	VMOVUPD 32(SI), Y1
	LEAQ    (SI)(DX*1), BX    // BX = sums[n·part+c:]
	MOVQ    parts+32(FP), R9
	DECQ    R9                // R9 = the parts left
	JLE     store

part:
	VADDPD (BX), Y0, Y0 // sums += the part's
	VADDPD 32(BX), Y1, Y1
	ADDQ   DX, BX       // to the next part
	DECQ   R9
	JGT    part

store:
	VMOVUPD Y0, (SI)
	VMOVUPD Y1, 32(SI)
	ADDQ    $64, SI // to the next 8 columns
	SUBQ    $8, CX  // n -= 8
	JGT     columns
	VZEROUPPER
	RET

// func argmax_f32_avx2(x []float32) int
TEXT ·argmax_f32_avx2(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), SI       // SI = x
	MOVQ         x_len+8(FP), CX        // CX = n, the elements left
	XORL         AX, AX                 // AX = i = 0
	VBROADCASTSS ·minus_inf_f32(SB), Y9 // Y9 = −Inf
	VMOVAPS      Y9, Y0                 // Y0 = the maximum of each lane
	VXORPS       Y4, Y4, Y4             // Y4 = the lanes that had a NaN
	SUBQ         $8, CX                 // n -= 8
	JLT          maximumLast

maximum:
	VMOVUPS (SI)(AX*4), Y1 // x = x[i:]
	VCMPPS  $3, Y1, Y1, Y3 // Y3 = x is NaN
	VORPS   Y3, Y4, Y4
	VMAXPS  Y1, Y0, Y0     // the maximum
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     maximum

maximumLast:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        largest
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:], or −Inf past the end
	VBLENDVPS  Y15, Y1, Y9, Y1
	VCMPPS     $3, Y1, Y1, Y3      // Y3 = x is NaN
	VORPS      Y3, Y4, Y4
	VMAXPS     Y1, Y0, Y0          // the maximum

largest:
	MOVQ           x_len+8(FP), CX // start again
	XORL           AX, AX
	VMOVMSKPS      Y4, R8
	TESTL          R8, R8
	JNZ            nan
	MAX_LANES_AVX2                 // X0 = the largest of the lanes
	VBROADCASTSS   X0, Y0          // Y0 = the maximum

find:
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	VCMPPS     $0, Y0, Y1, Y3      // Y3 = x is the maximum
	VANDPS     Y15, Y3, Y3
	VMOVMSKPS  Y3, R8
	TESTL      R8, R8
	JNZ        found
	ADDQ       $8, AX              // i += 8
	SUBQ       $8, CX              // n -= 8
	JMP        find

nan:
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	VCMPPS     $3, Y1, Y1, Y3      // Y3 = x is NaN
	VMOVMSKPS  Y3, R8
	TESTL      R8, R8
	JNZ        found
	ADDQ       $8, AX              // i += 8
	SUBQ       $8, CX              // n -= 8
	JMP        nan

found:
	BSFL       R8, R8         // the first of these lanes
	ADDQ       R8, AX
	MOVQ       AX, ret+24(FP) // return i + lane
	VZEROUPPER
	RET
