//go:build !purego

// Softmax cross-entropy and maxima of rows with few columns, 16 rows at a time.
// Shapes: blocks are [cols, 64], transposed: a register holds a column of 16 rows, and the next
// column is 256 bytes further on. loss, dloss, classes and arg are [64].
// Idea: a lane is a row, so nothing goes from lane to lane. AX, the offset of the column in the
// block, runs from 0 to R10.

#include "textflag.h"
#include "exp_amd64.h"

// func softmax_cross_entropy_classes_fwd_f32_avx512(loss, probs, x, labels *float32, classes *int32, rows, cols int)
TEXT ·softmax_cross_entropy_classes_fwd_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ         loss+0(FP), BX
	MOVQ         probs+8(FP), DI
	MOVQ         x+16(FP), SI
	MOVQ         labels+24(FP), DX   // DX = labels, or nil
	MOVQ         classes+32(FP), R8
	MOVQ         rows+40(FP), CX     // CX = the rows left
	MOVQ         cols+48(FP), R10
	SHLQ         $8, R10           // R10 = the bytes of all columns
	VPBROADCASTD ·one_i32(SB), Z14 // Z14 = 1, the integer

rows:
	VMOVUPS (SI), Z0 // Z0 = maximum = x[:,0]
	MOVL    $256, AX // AX = column 1

maximum:
	VMAXPS (SI)(AX*1), Z0, Z0 // maximum = max(maximum, x[:,c])
	ADDQ   $256, AX           // c++
	CMPQ   AX, R10
	JLT    maximum

	VPXORD Z1, Z1, Z1 // Z1 = sum = 0
	XORL   AX, AX     // AX = column 0

power:
	VMOVUPS (SI)(AX*1), Z4     // e = x[:,c]
	VSUBPS  Z0, Z4, Z4         // e −= maximum
	EXP_AVX512(Z4, Z5, Z6, Z7) // e = exp(e)
	VADDPS  Z4, Z1, Z1         // sum += e
	VMOVUPS Z4, (DI)(AX*1)     // probs[:,c] = e
	ADDQ    $256, AX
	CMPQ    AX, R10
	JLT     power

	VMOVAPS Z1, Z3
	LOG_AVX512(Z3, Z5, Z6, Z7, Z8) // Z3 = log = ln sum
	VPXORD  Z2, Z2, Z2             // Z2 = loss = 0
	XORL    AX, AX                 // AX = column 0
	TESTQ   DX, DX
	JZ      classes

distribution:
	VMOVUPS      (DI)(AX*1), Z4
	VDIVPS       Z1, Z4, Z4
	VMOVUPS      Z4, (DI)(AX*1)         // probs[:,c] /= sum
	VMOVUPS      (SI)(AX*1), Z5         // d = x[:,c]
	VSUBPS       Z0, Z5, Z5             // d −= maximum
	VSUBPS       Z3, Z5, Z5             // d −= log
	VFNMADD231PS (DX)(AX*1), Z5, Z2     // loss −= labels[:,c]·d
	ADDQ         $256, AX
	CMPQ         AX, R10
	JLT          distribution
	ADDQ         $64, DX
	JMP          next

classes:
	VMOVDQU32 (R8), Z12     // Z12 = classes
	VPXORD    Z13, Z13, Z13 // Z13 = c, the integer

class:
	VMOVUPS  (DI)(AX*1), Z4
	VDIVPS   Z1, Z4, Z4
	VMOVUPS  Z4, (DI)(AX*1)  // probs[:,c] /= sum
	VMOVUPS  (SI)(AX*1), Z5  // d = x[:,c]
	VSUBPS   Z0, Z5, Z5      // d −= maximum
	VPCMPEQD Z12, Z13, K1    // K1 = c is the class
	VSUBPS   Z5, Z3, K1, Z2  // there loss = log − d
	VPADDD   Z14, Z13, Z13   // c++
	ADDQ     $256, AX
	CMPQ     AX, R10
	JLT      class

next:
	VMOVUPS Z2, (BX) // loss[:] = loss
	ADDQ    $64, BX  // to the next 16 rows
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, R8
	SUBQ    $16, CX  // rows −= 16
	JGT     rows
	VZEROUPPER
	RET

// func softmax_cross_entropy_classes_bwd_f32_avx512(dx, dloss, probs, labels *float32, classes *int32, rows, cols int)
TEXT ·softmax_cross_entropy_classes_bwd_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ         dx+0(FP), DI
	MOVQ         dloss+8(FP), BX
	MOVQ         probs+16(FP), SI
	MOVQ         labels+24(FP), DX  // DX = labels, or nil
	MOVQ         classes+32(FP), R8
	MOVQ         rows+40(FP), CX    // CX = the rows left
	MOVQ         cols+48(FP), R10
	SHLQ         $8, R10            // R10 = the bytes of all columns
	VBROADCASTSS ONE, Z15           // Z15 = 1
	VPBROADCASTD ·one_i32(SB), Z14  // Z14 = 1, the integer

rows:
	VMOVUPS (BX), Z1 // Z1 = dloss
	XORL    AX, AX   // AX = column 0
	TESTQ   DX, DX
	JZ      classes
	VPXORD  Z3, Z3, Z3 // Z3 = weight = 0

weight:
	VADDPS (DX)(AX*1), Z3, Z3 // weight += labels[:,c]
	ADDQ   $256, AX
	CMPQ   AX, R10
	JLT    weight
	XORL   AX, AX

distribution:
	VMOVUPS     (SI)(AX*1), Z4     // d = probs[:,c]
	VFMSUB213PS (DX)(AX*1), Z3, Z4 // d = d·weight − labels[:,c]
	VMULPS      Z1, Z4, Z4         // d *= dloss
	VMOVUPS     Z4, (DI)(AX*1)     // dx[:,c] = d
	ADDQ        $256, AX
	CMPQ        AX, R10
	JLT         distribution
	ADDQ        $64, DX
	JMP         next

classes:
	VMOVDQU32 (R8), Z12     // Z12 = classes
	VPXORD    Z13, Z13, Z13 // Z13 = c, the integer

class:
	VMOVUPS  (SI)(AX*1), Z4  // d = probs[:,c]
	VPCMPEQD Z12, Z13, K1    // K1 = c is the class
	VSUBPS   Z15, Z4, K1, Z4 // there d −= 1
	VMULPS   Z1, Z4, Z4      // d *= dloss
	VMOVUPS  Z4, (DI)(AX*1)  // dx[:,c] = d
	VPADDD   Z14, Z13, Z13   // c++
	ADDQ     $256, AX
	CMPQ     AX, R10
	JLT      class

next:
	ADDQ $64, BX // to the next 16 rows
	ADDQ $64, DI
	ADDQ $64, SI
	ADDQ $64, R8
	SUBQ $16, CX // rows −= 16
	JGT  rows
	VZEROUPPER
	RET

// func argmax_classes_f32_avx512(arg *int32, x *float32, rows, cols int)
TEXT ·argmax_classes_f32_avx512(SB), NOSPLIT, $0-32
	MOVQ         arg+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         rows+16(FP), CX   // CX = the rows left
	MOVQ         cols+24(FP), R10
	SHLQ         $8, R10           // R10 = the bytes of all columns
	VPBROADCASTD ·one_i32(SB), Z14 // Z14 = 1, the integer

rows:
	VMOVUPS (SI), Z0       // Z0 = best = x[:,0]
	VPXORD  Z1, Z1, Z1     // Z1 = its place
	VMOVAPS Z14, Z13       // Z13 = c = 1
	MOVL    $256, AX       // AX = column 1

column:
	VMOVUPS   (SI)(AX*1), Z4     // x = x[:,c]
	VCMPPS    $7, Z0, Z0, K1     // K1 = best is a number
	VCMPPS    $6, Z0, Z4, K1, K2 // K2 = and not x ≤ best
	VMOVAPS   Z4, K2, Z0         // there best = x
	VMOVDQA32 Z13, K2, Z1        // and its column c
	VPADDD    Z14, Z13, Z13      // c++
	ADDQ      $256, AX
	CMPQ      AX, R10
	JLT       column

	VMOVDQU32 Z1, (DI) // arg[:] = the place
	ADDQ      $64, DI  // to the next 16 rows
	ADDQ      $64, SI
	SUBQ      $16, CX  // rows −= 16
	JGT       rows
	VZEROUPPER
	RET
