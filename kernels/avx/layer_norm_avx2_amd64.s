//go:build !purego

// Layer normalization by row, its gradient by x, and the sums over the rows for the other two.
// Shapes: matrices are [rows,cols], mean and inverse are [rows], everything else is [cols].
// Idea: a row is gone over twice, first for its two sums, then for its elements; the second time
// it is in the first-level cache. Sums are kept in float64, as the reference has them, in
// 8 lanes. All rows are done in one call: of short ones the call would cost more than the work.

#include "textflag.h"
#include "lanes_amd64.h"
#include "layer_norm_amd64.h"

// WIDE(y, x, high): y and high = the lower and the upper half of y, in float64. x is the lower
// half of y.
#define WIDE(y, x, high, xHigh) \
	VEXTRACTF128 $1, y, xHigh \
	VCVTPS2PD    x, y         \
	VCVTPS2PD    xHigh, high

// func layer_norm_fwd_f32_avx2(y, x, mean, inverse, gamma, beta []float32, epsilon float64)
TEXT ·layer_norm_fwd_f32_avx2(SB), NOSPLIT, $0-152
	MOVQ       y_base+0(FP), DI        // DI = y's row
	MOVQ       x_base+24(FP), SI       // SI = x's row
	MOVQ       mean_base+48(FP), R8    // R8 = mean[r:]
	MOVQ       mean_len+56(FP), R13    // R13 = the rows to go
	MOVQ       inverse_base+72(FP), R9 // R9 = inverse[r:]
	MOVQ       gamma_base+96(FP), R10  // R10 = gamma
	MOVQ       gamma_len+104(FP), BX   // BX = n, the columns
	MOVQ       beta_base+120(FP), DX   // DX = beta
	VCVTSI2SDQ BX, X15, X15            // X15 = n
	VMOVSD     epsilon+144(FP), X14    // X14 = epsilon
	MOVL       $1, CX
	VCVTSI2SDQ CX, X13, X13            // X13 = 1
	TESTQ      R13, R13
	JLE        done
	TESTQ      BX, BX
	JLE        done
	MOVQ       BX, CX
	ANDQ       $7, CX
	LANES8(CX, Y12)                    // Y12 = the lanes that exist of a row's last vector

row:
	VXORPD Y0, Y0, Y0 // Y0, Y1 = the sums
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2 // Y2, Y3 = the sums of squares
	VXORPD Y3, Y3, Y3
	XORL   AX, AX     // AX = c = 0
	MOVQ   BX, CX
	SUBQ   $8, CX     // CX = the columns to go − 8
	JLT    sumLast

sum:
	VCVTPS2PD   (SI)(AX*4), Y4   // v = x[r,c:], in float64
	VCVTPS2PD   16(SI)(AX*4), Y5
	VADDPD      Y4, Y0, Y0       // sums += v
	VADDPD      Y5, Y1, Y1
	VFMADD231PD Y4, Y4, Y2       // squares += v·v
	VFMADD231PD Y5, Y5, Y3
	ADDQ        $8, AX           // c += 8
	SUBQ        $8, CX
	JGE         sum

sumLast:
	CMPQ        CX, $-8              // are there columns left, at most 7?
	JLE         summed
	VMASKMOVPS  (SI)(AX*4), Y12, Y4  // v = x[r,c:], 0 past the end
	WIDE(Y4, X4, Y5, X5)
	VADDPD      Y4, Y0, Y0           // sums += v
	VADDPD      Y5, Y1, Y1
	VFMADD231PD Y4, Y4, Y2           // squares += v·v
	VFMADD231PD Y5, Y5, Y3

summed:
	VADDPD       Y1, Y0, Y0
	VADDPD       Y3, Y2, Y2
	SUM_TWO_F64(Y0, X0, X1, Y2, X2, X3) // X0 = Σ x, X2 = Σ x²
	MEAN_AND_INVERSE             // X0 = mean, X2 = inverse, in float32
	VMOVSS       X0, (R8)        // mean[r] = mean
	VMOVSS       X2, (R9)        // inverse[r] = inverse
	VBROADCASTSS X0, Y0          // Y0 = mean
	VBROADCASTSS X2, Y2          // Y2 = inverse
	XORL         AX, AX          // from the beginning again
	MOVQ         BX, CX
	SUBQ         $8, CX
	JLT          elementLast

element:
	VMOVUPS     (SI)(AX*4), Y4  // v = x[r,c:]
	VSUBPS      Y0, Y4, Y4      // v −= mean
	VMULPS      Y2, Y4, Y4      // v *= inverse
	VMOVUPS     (R10)(AX*4), Y5 // gamma[c:]
	VFMADD213PS (DX)(AX*4), Y5, Y4 // v = v·gamma + beta[c:]
	VMOVUPS     Y4, (DI)(AX*4)  // y[r,c:] = v
	ADDQ        $8, AX          // c += 8
	SUBQ        $8, CX
	JGE         element

elementLast:
	CMPQ        CX, $-8              // are there columns left?
	JLE         next
	VMASKMOVPS  (SI)(AX*4), Y12, Y4  // v = x[r,c:]
	VSUBPS      Y0, Y4, Y4           // v −= mean
	VMULPS      Y2, Y4, Y4           // v *= inverse
	VMASKMOVPS  (R10)(AX*4), Y12, Y5 // gamma[c:]
	VMASKMOVPS  (DX)(AX*4), Y12, Y6  // beta[c:]
	VFMADD213PS Y6, Y5, Y4           // v = v·gamma + beta
	VMASKMOVPS  Y4, Y12, (DI)(AX*4)  // y[r,c:] = v

next:
	LEAQ (SI)(BX*4), SI // to the next row
	LEAQ (DI)(BX*4), DI
	ADDQ $4, R8
	ADDQ $4, R9
	DECQ R13
	JGT  row

done:
	VZEROUPPER
	RET

// func layer_norm_bwd_f32_avx2(dx, dy, x, mean, inverse, gamma []float32, m Mode)
TEXT ·layer_norm_bwd_f32_avx2(SB), NOSPLIT, $0-145
	MOVQ       dx_base+0(FP), DI       // DI = dx's row
	MOVQ       dy_base+24(FP), SI      // SI = dy's row
	MOVQ       x_base+48(FP), DX       // DX = x's row
	MOVQ       mean_base+72(FP), R8    // R8 = mean[r:]
	MOVQ       mean_len+80(FP), R13    // R13 = the rows to go
	MOVQ       inverse_base+96(FP), R9 // R9 = inverse[r:]
	MOVQ       gamma_base+120(FP), R10 // R10 = gamma
	MOVQ       gamma_len+128(FP), BX   // BX = n, the columns
	VCVTSI2SDQ BX, X15, X15            // X15 = n
	TESTQ      R13, R13
	JLE        done
	TESTQ      BX, BX
	JLE        done
	MOVQ       BX, CX
	ANDQ       $7, CX
	LANES8(CX, Y12)                    // Y12 = the lanes that exist of a row's last vector
	MOVBLZX    m+144(FP), R11          // R11 = m

row:
	VBROADCASTSS (R8), Y14  // Y14 = mean
	VCVTPS2PD    X14, Y13   // Y13 = mean, in float64
	VXORPD       Y0, Y0, Y0 // Y0, Y1 = the sums of e
	VXORPD       Y1, Y1, Y1
	VXORPD       Y2, Y2, Y2 // Y2, Y3 = those of its products
	VXORPD       Y3, Y3, Y3
	XORL         AX, AX     // AX = c = 0
	MOVQ         BX, CX
	SUBQ         $8, CX     // CX = the columns to go − 8
	JLT          sumLast

sum:
	VCVTPS2PD   (SI)(AX*4), Y4    // e = dy[r,c:], in float64
	VCVTPS2PD   16(SI)(AX*4), Y5
	VCVTPS2PD   (R10)(AX*4), Y6   // gamma[c:] likewise
	VCVTPS2PD   16(R10)(AX*4), Y7
	VCVTPS2PD   (DX)(AX*4), Y8    // v = x[r,c:] likewise
	VCVTPS2PD   16(DX)(AX*4), Y9
	VMULPD      Y6, Y4, Y4        // e *= gamma
	VMULPD      Y7, Y5, Y5
	VSUBPD      Y13, Y8, Y8       // v −= mean
	VSUBPD      Y13, Y9, Y9
	VADDPD      Y4, Y0, Y0        // sums += e
	VADDPD      Y5, Y1, Y1
	VFMADD231PD Y8, Y4, Y2        // products += e·v
	VFMADD231PD Y9, Y5, Y3
	ADDQ        $8, AX            // c += 8
	SUBQ        $8, CX
	JGE         sum

sumLast:
	CMPQ        CX, $-8              // are there columns left, at most 7?
	JLE         summed
	VMASKMOVPS  (SI)(AX*4), Y12, Y4  // e = dy[r,c:], 0 past the end
	VMASKMOVPS  (R10)(AX*4), Y12, Y6 // gamma[c:] likewise
	VMASKMOVPS  (DX)(AX*4), Y12, Y8  // v = x[r,c:] likewise
	WIDE(Y4, X4, Y5, X5)
	WIDE(Y6, X6, Y7, X7)
	WIDE(Y8, X8, Y9, X9)
	VMULPD      Y6, Y4, Y4           // e *= gamma
	VMULPD      Y7, Y5, Y5
	VSUBPD      Y13, Y8, Y8          // v −= mean
	VSUBPD      Y13, Y9, Y9
	VADDPD      Y4, Y0, Y0           // sums += e
	VADDPD      Y5, Y1, Y1
	VFMADD231PD Y8, Y4, Y2           // products += e·v
	VFMADD231PD Y9, Y5, Y3

summed:
	VADDPD       Y1, Y0, Y0
	VADDPD       Y3, Y2, Y2
	SUM_TWO_F64(Y0, X0, X1, Y2, X2, X3) // X0 = Σ e, X2 = Σ e·v
	OFFSET_AND_SLOPE        // X0 = offset, X2 = slope, in float32
	VBROADCASTSS X0, Y0     // Y0 = offset
	VBROADCASTSS X2, Y2     // Y2 = slope
	VBROADCASTSS (R9), Y3   // Y3 = inverse
	XORL         AX, AX     // from the beginning again
	MOVQ         BX, CX
	SUBQ         $8, CX
	JLT          elementLast

element:
	VMOVUPS      (SI)(AX*4), Y4     // e = dy[r,c:]
	VMOVUPS      (R10)(AX*4), Y5    // gamma[c:]
	VMOVUPS      (DX)(AX*4), Y6     // v = x[r,c:]
	VFMSUB213PS  Y0, Y5, Y4         // e = e·gamma − offset
	VSUBPS       Y14, Y6, Y6        // v −= mean
	VFNMADD231PS Y2, Y6, Y4         // e −= v·slope
	VMULPS       Y3, Y4, Y4         // e *= inverse
	TESTL        R11, R11
	JZ           store
	VADDPS       (DI)(AX*4), Y4, Y4 // if m: e += dx[r,c:]

store:
	VMOVUPS Y4, (DI)(AX*4) // dx[r,c:] = e
	ADDQ    $8, AX         // c += 8
	SUBQ    $8, CX
	JGE     element

elementLast:
	CMPQ         CX, $-8              // are there columns left?
	JLE          next
	VMASKMOVPS   (SI)(AX*4), Y12, Y4  // e = dy[r,c:]
	VMASKMOVPS   (R10)(AX*4), Y12, Y5 // gamma[c:]
	VMASKMOVPS   (DX)(AX*4), Y12, Y6  // v = x[r,c:]
	VFMSUB213PS  Y0, Y5, Y4           // e = e·gamma − offset
	VSUBPS       Y14, Y6, Y6          // v −= mean
	VFNMADD231PS Y2, Y6, Y4           // e −= v·slope
	VMULPS       Y3, Y4, Y4           // e *= inverse
	TESTL        R11, R11
	JZ           storeLast
	VMASKMOVPS   (DI)(AX*4), Y12, Y5  // if m: e += dx[r,c:]
	VADDPS       Y5, Y4, Y4

storeLast:
	VMASKMOVPS Y4, Y12, (DI)(AX*4) // dx[r,c:] = e

next:
	LEAQ (SI)(BX*4), SI // to the next row
	LEAQ (DI)(BX*4), DI
	LEAQ (DX)(BX*4), DX
	ADDQ $4, R8
	ADDQ $4, R9
	DECQ R13
	JGT  row

done:
	VZEROUPPER
	RET

// func layer_norm_sums_f32_avx2(sums, products []float64, dy, x, mean, inverse []float32)
TEXT ·layer_norm_sums_f32_avx2(SB), NOSPLIT, $0-144
	MOVQ  sums_base+0(FP), DI      // DI = sums
	MOVQ  sums_len+8(FP), CX       // CX = n, the columns to go
	MOVQ  products_base+24(FP), DX // DX = products
	MOVQ  dy_base+48(FP), SI       // SI = dy's columns
	MOVQ  x_base+72(FP), R9        // R9 = x's columns
	MOVQ  CX, R8
	SHLQ  $2, R8                   // R8 = the bytes of a row
	TESTQ CX, CX
	JLE   done

columns:
	LANES8(CX, Y15)                 // Y15 = the columns that exist of 8
	VPMOVSXDQ    X15, Y13           // Y13, Y14 = the same lanes in float64
	VEXTRACTI128 $1, Y15, X14
	VPMOVSXDQ    X14, Y14
	VMASKMOVPD   (DI), Y13, Y0      // Y0, Y1 = the sums of 8 columns
	VMASKMOVPD   32(DI), Y14, Y1
	VMASKMOVPD   (DX), Y13, Y2      // Y2, Y3 = their sums of products
	VMASKMOVPD   32(DX), Y14, Y3
	MOVQ         SI, AX             // AX = dy[r,c:]
	MOVQ         R9, BX             // BX = x[r,c:]
	MOVQ         mean_base+96(FP), R10 // R10 = mean[r:]
	MOVQ         mean_len+104(FP), R13 // R13 = the rows to go
	MOVQ         inverse_base+120(FP), R11 // R11 = inverse[r:]
	TESTQ        R13, R13
	JLE          storeSums
	CMPQ         CX, $8
	JLT          rowLast

rowWhole:
	VBROADCASTSS (R10), X8      // Y8 = mean, in float64
	VBROADCASTSS (R11), X9      // Y9 = inverse likewise
	VCVTPS2PD    X8, Y8
	VCVTPS2PD    X9, Y9
	VCVTPS2PD    (AX), Y4       // a = 8 columns of a row of dy, in float64
	VCVTPS2PD    16(AX), Y5
	VCVTPS2PD    (BX), Y6       // b = those of x likewise
	VCVTPS2PD    16(BX), Y7
	VSUBPD       Y8, Y6, Y6     // b −= mean
	VSUBPD       Y8, Y7, Y7
	VMULPD       Y9, Y6, Y6     // b *= inverse
	VMULPD       Y9, Y7, Y7
	VADDPD       Y4, Y0, Y0     // sums += a
	VADDPD       Y5, Y1, Y1
	VFMADD231PD  Y6, Y4, Y2     // products += a·b
	VFMADD231PD  Y7, Y5, Y3
	ADDQ         R8, AX         // to the next row
	ADDQ         R8, BX
	ADDQ         $4, R10
	ADDQ         $4, R11
	DECQ         R13
	JGT          rowWhole
	JMP          storeSums

rowLast:
	VBROADCASTSS (R10), X8      // Y8 = mean, in float64
	VBROADCASTSS (R11), X9      // Y9 = inverse likewise
	VCVTPS2PD    X8, Y8
	VCVTPS2PD    X9, Y9
	VMASKMOVPS   (AX), Y15, Y4  // a = the columns of a row of dy
	VMASKMOVPS   (BX), Y15, Y6  // b = those of x
	WIDE(Y4, X4, Y5, X5)
	WIDE(Y6, X6, Y7, X7)
	VSUBPD       Y8, Y6, Y6     // b −= mean
	VSUBPD       Y8, Y7, Y7
	VMULPD       Y9, Y6, Y6     // b *= inverse
	VMULPD       Y9, Y7, Y7
	VADDPD       Y4, Y0, Y0     // sums += a
	VADDPD       Y5, Y1, Y1
	VFMADD231PD  Y6, Y4, Y2     // products += a·b
	VFMADD231PD  Y7, Y5, Y3
	ADDQ         R8, AX         // to the next row
	ADDQ         R8, BX
	ADDQ         $4, R10
	ADDQ         $4, R11
	DECQ         R13
	JGT          rowLast

storeSums:
	VMASKMOVPD Y0, Y13, (DI)   // sums[c:] = sums
	VMASKMOVPD Y1, Y14, 32(DI)
	VMASKMOVPD Y2, Y13, (DX)   // products[c:] = products
	VMASKMOVPD Y3, Y14, 32(DX)
	ADDQ       $64, DI         // to the next 8 columns
	ADDQ       $64, DX
	ADDQ       $32, SI
	ADDQ       $32, R9
	SUBQ       $8, CX          // n -= 8
	JGT        columns

done:
	VZEROUPPER
	RET
