//go:build !purego

// Softmax cross-entropy and maxima of rows with few columns, 8 rows at a time.
// Shapes: blocks are [cols, 64], transposed: a register holds a column of 8 rows, and the next column
// is 256 bytes further on. loss, dloss, classes and arg are [64].
// Idea: a lane is a row, so nothing goes from lane to lane. AX, the offset of the column in the
// block, runs from 0 to R10.

#include "textflag.h"
#include "exp_amd64.h"

// func softmax_cross_entropy_classes_fwd_f32_avx2(loss, probs, x, labels *float32, classes *int32, rows, cols int)
TEXT ·softmax_cross_entropy_classes_fwd_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ         loss+0(FP), BX
	MOVQ         probs+8(FP), DI
	MOVQ         x+16(FP), SI
	MOVQ         labels+24(FP), DX  // DX = labels, or nil
	MOVQ         classes+32(FP), R8
	MOVQ         rows+40(FP), CX    // CX = the rows left
	MOVQ         cols+48(FP), R10
	SHLQ         $8, R10            // R10 = the bytes of all columns
	VPBROADCASTD ·one_i32(SB), Y14  // Y14 = 1, the integer

rows:
	VMOVUPS (SI), Y0 // Y0 = maximum = x[:,0]
	MOVL    $256, AX // AX = column 1

maximum:
	VMAXPS (SI)(AX*1), Y0, Y0 // maximum = max(maximum, x[:,c])
	ADDQ   $256, AX           // c++
	CMPQ   AX, R10
	JLT    maximum

	VXORPS Y1, Y1, Y1 // Y1 = sum = 0
	XORL   AX, AX     // AX = column 0

power:
	VMOVUPS (SI)(AX*1), Y4   // e = x[:,c]
	VSUBPS  Y0, Y4, Y4       // e −= maximum
	EXP_AVX2(Y4, Y5, Y6, Y7) // e = exp(e)
	VADDPS  Y4, Y1, Y1       // sum += e
	VMOVUPS Y4, (DI)(AX*1)   // probs[:,c] = e
	ADDQ    $256, AX
	CMPQ    AX, R10
	JLT     power

	VMOVAPS Y1, Y3
	LOG_AVX2(Y3, Y5, Y6, Y7, Y8, Y9) // Y3 = log = ln sum
	VXORPS  Y2, Y2, Y2               // Y2 = loss = 0
	XORL    AX, AX                   // AX = column 0
	TESTQ   DX, DX
	JZ      classes

distribution:
	VMOVUPS      (DI)(AX*1), Y4
	VDIVPS       Y1, Y4, Y4
	VMOVUPS      Y4, (DI)(AX*1)     // probs[:,c] /= sum
	VMOVUPS      (SI)(AX*1), Y5     // d = x[:,c]
	VSUBPS       Y0, Y5, Y5         // d −= maximum
	VSUBPS       Y3, Y5, Y5         // d −= log
	VFNMADD231PS (DX)(AX*1), Y5, Y2 // loss −= labels[:,c]·d
	ADDQ         $256, AX
	CMPQ         AX, R10
	JLT          distribution
	ADDQ         $32, DX
	JMP          next

classes:
	VMOVDQU (R8), Y12     // Y12 = classes
	VPXOR   Y13, Y13, Y13 // Y13 = c, the integer

class:
	VMOVUPS   (DI)(AX*1), Y4
	VDIVPS    Y1, Y4, Y4
	VMOVUPS   Y4, (DI)(AX*1) // probs[:,c] /= sum
	VMOVUPS   (SI)(AX*1), Y5 // d = x[:,c]
	VSUBPS    Y0, Y5, Y5     // d −= maximum
	VSUBPS    Y5, Y3, Y5     // d = log − d
	VPCMPEQD  Y12, Y13, Y6   // Y6 = c is the class
	VBLENDVPS Y6, Y5, Y2, Y2 // there loss = d
	VPADDD    Y14, Y13, Y13  // c++
	ADDQ      $256, AX
	CMPQ      AX, R10
	JLT       class

next:
	VMOVUPS Y2, (BX) // loss[:] = loss
	ADDQ    $32, BX  // to the next 8 rows
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, R8
	SUBQ    $8, CX   // rows −= 8
	JGT     rows
	VZEROUPPER
	RET

// func softmax_cross_entropy_classes_bwd_f32_avx2(dx, dloss, probs, labels *float32, classes *int32, rows, cols int)
TEXT ·softmax_cross_entropy_classes_bwd_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ         dx+0(FP), DI
	MOVQ         dloss+8(FP), BX
	MOVQ         probs+16(FP), SI
	MOVQ         labels+24(FP), DX  // DX = labels, or nil
	MOVQ         classes+32(FP), R8
	MOVQ         rows+40(FP), CX    // CX = the rows left
	MOVQ         cols+48(FP), R10
	SHLQ         $8, R10            // R10 = the bytes of all columns
	VBROADCASTSS ONE, Y15           // Y15 = 1
	VPBROADCASTD ·one_i32(SB), Y14  // Y14 = 1, the integer

rows:
	VMOVUPS (BX), Y1 // Y1 = dloss
	XORL    AX, AX   // AX = column 0
	TESTQ   DX, DX
	JZ      classes
	VXORPS  Y3, Y3, Y3 // Y3 = weight = 0

weight:
	VADDPS (DX)(AX*1), Y3, Y3 // weight += labels[:,c]
	ADDQ   $256, AX
	CMPQ   AX, R10
	JLT    weight
	XORL   AX, AX

distribution:
	VMOVUPS     (SI)(AX*1), Y4     // d = probs[:,c]
	VFMSUB213PS (DX)(AX*1), Y3, Y4 // d = d·weight − labels[:,c]
	VMULPS      Y1, Y4, Y4         // d *= dloss
	VMOVUPS     Y4, (DI)(AX*1)     // dx[:,c] = d
	ADDQ        $256, AX
	CMPQ        AX, R10
	JLT         distribution
	ADDQ        $32, DX
	JMP         next

classes:
	VMOVDQU (R8), Y12     // Y12 = classes
	VPXOR   Y13, Y13, Y13 // Y13 = c, the integer

class:
	VMOVUPS  (SI)(AX*1), Y4 // d = probs[:,c]
	VPCMPEQD Y12, Y13, Y5   // Y5 = c is the class
	VANDPS   Y15, Y5, Y5
	VSUBPS   Y5, Y4, Y4     // there d −= 1
	VMULPS   Y1, Y4, Y4     // d *= dloss
	VMOVUPS  Y4, (DI)(AX*1) // dx[:,c] = d
	VPADDD   Y14, Y13, Y13  // c++
	ADDQ     $256, AX
	CMPQ     AX, R10
	JLT      class

next:
	ADDQ $32, BX // to the next 8 rows
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, R8
	SUBQ $8, CX  // rows −= 8
	JGT  rows
	VZEROUPPER
	RET

// func argmax_classes_f32_avx2(arg *int32, x *float32, rows, cols int)
TEXT ·argmax_classes_f32_avx2(SB), NOSPLIT, $0-32
	MOVQ         arg+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         rows+16(FP), CX   // CX = the rows left
	MOVQ         cols+24(FP), R10
	SHLQ         $8, R10           // R10 = the bytes of all columns
	VPBROADCASTD ·one_i32(SB), Y14 // Y14 = 1, the integer

rows:
	VMOVUPS (SI), Y0   // Y0 = best = x[:,0]
	VPXOR   Y1, Y1, Y1 // Y1 = its place
	VMOVAPS Y14, Y13   // Y13 = c = 1
	MOVL    $256, AX   // AX = column 1

column:
	VMOVUPS   (SI)(AX*1), Y4   // x = x[:,c]
	VCMPPS    $7, Y0, Y0, Y2   // Y2 = best is a number
	VCMPPS    $6, Y0, Y4, Y3   // Y3 = not x ≤ best
	VANDPS    Y2, Y3, Y3
	VBLENDVPS Y3, Y4, Y0, Y0   // where both: best = x
	VBLENDVPS Y3, Y13, Y1, Y1  // and its column c
	VPADDD    Y14, Y13, Y13    // c++
	ADDQ      $256, AX
	CMPQ      AX, R10
	JLT       column

	VMOVDQU Y1, (DI) // arg[:] = the place
	ADDQ    $32, DI  // to the next 8 rows
	ADDQ    $32, SI
	SUBQ    $8, CX   // rows −= 8
	JGT     rows
	VZEROUPPER
	RET
