//go:build !purego

// Layer normalization by row, its gradient by x, and the sums over the rows for the other two.
// Shapes: matrices are [rows,cols], mean and inverse are [rows], everything else is [cols].
// Idea: a row is gone over twice, first for its two sums, then for its elements; the second time
// it is in the first-level cache. Sums are kept in float64, as the reference has them, in
// 16 lanes. All rows are done in one call: of short ones the call would cost more than the work.

#include "textflag.h"
#include "lanes_amd64.h"
#include "layer_norm_amd64.h"

// func layer_norm_fwd_f32_avx512(y, x, mean, inverse, gamma, beta []float32, epsilon float64)
TEXT ·layer_norm_fwd_f32_avx512(SB), NOSPLIT, $0-152
	MOVQ      y_base+0(FP), DI        // DI = y's row
	MOVQ      x_base+24(FP), SI       // SI = x's row
	MOVQ      mean_base+48(FP), R8    // R8 = mean[r:]
	MOVQ      mean_len+56(FP), R13    // R13 = the rows to go
	MOVQ      inverse_base+72(FP), R9 // R9 = inverse[r:]
	MOVQ      gamma_base+96(FP), R10  // R10 = gamma
	MOVQ      gamma_len+104(FP), BX   // BX = n, the columns
	MOVQ      beta_base+120(FP), DX   // DX = beta
	VCVTSI2SDQ BX, X15, X15           // X15 = n
	VMOVSD    epsilon+144(FP), X14    // X14 = epsilon
	MOVL      $1, CX
	VCVTSI2SDQ CX, X13, X13           // X13 = 1
	TESTQ     R13, R13
	JLE       done
	TESTQ     BX, BX
	JLE       done

row:
	VXORPD Z0, Z0, Z0 // Z0, Z1 = the sums
	VXORPD Z1, Z1, Z1
	VXORPD Z2, Z2, Z2 // Z2, Z3 = the sums of squares
	VXORPD Z3, Z3, Z3
	MOVQ   BX, CX     // CX = the columns to go
	XORL   AX, AX     // AX = c = 0

sum:
	LANES16(CX, K1)                     // K1, K2 = the columns that exist, in eights
	KSHIFTRW    $8, K1, K2
	VCVTPS2PD.Z (SI)(AX*4), K1, Z4      // v = x[r,c:], in float64
	VCVTPS2PD.Z 32(SI)(AX*4), K2, Z5
	VADDPD      Z4, Z0, Z0              // sums += v
	VADDPD      Z5, Z1, Z1
	VFMADD231PD Z4, Z4, Z2              // squares += v·v
	VFMADD231PD Z5, Z5, Z3
	ADDQ        $16, AX                 // c += 16
	SUBQ        $16, CX
	JGT         sum

	VADDPD        Z1, Z0, Z0
	VADDPD        Z3, Z2, Z2
	VEXTRACTF64X4 $1, Z0, Y1            // 8 to 4
	VEXTRACTF64X4 $1, Z2, Y3
	VADDPD        Y1, Y0, Y0
	VADDPD        Y3, Y2, Y2
	SUM_TWO_F64(Y0, X0, X1, Y2, X2, X3) // X0 = Σ x, X2 = Σ x²
	MEAN_AND_INVERSE                    // X0 = mean, X2 = inverse, in float32
	VMOVSS        X0, (R8)              // mean[r] = mean
	VMOVSS        X2, (R9)              // inverse[r] = inverse
	VBROADCASTSS  X0, Z0                // Z0 = mean
	VBROADCASTSS  X2, Z2                // Z2 = inverse
	MOVQ          BX, CX                // from the beginning again
	XORL          AX, AX

element:
	LANES16(CX, K1)                // K1 = the columns that exist
	VMOVUPS.Z   (SI)(AX*4), K1, Z4 // v = x[r,c:]
	VSUBPS      Z0, Z4, Z4         // v −= mean
	VMULPS      Z2, Z4, Z4         // v *= inverse
	VMOVUPS.Z   (R10)(AX*4), K1, Z5 // gamma[c:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z6 // beta[c:]
	VFMADD213PS Z6, Z5, Z4         // v = v·gamma + beta
	VMOVUPS     Z4, K1, (DI)(AX*4) // y[r,c:] = v
	ADDQ        $16, AX            // c += 16
	SUBQ        $16, CX
	JGT         element

	LEAQ (SI)(BX*4), SI // to the next row
	LEAQ (DI)(BX*4), DI
	ADDQ $4, R8
	ADDQ $4, R9
	DECQ R13
	JGT  row

done:
	VZEROUPPER
	RET

// func layer_norm_bwd_f32_avx512(dx, dy, x, mean, inverse, gamma []float32, m Mode)
TEXT ·layer_norm_bwd_f32_avx512(SB), NOSPLIT, $0-145
	MOVQ     dx_base+0(FP), DI       // DI = dx's row
	MOVQ     dy_base+24(FP), SI      // SI = dy's row
	MOVQ     x_base+48(FP), DX       // DX = x's row
	MOVQ     mean_base+72(FP), R8    // R8 = mean[r:]
	MOVQ     mean_len+80(FP), R13    // R13 = the rows to go
	MOVQ     inverse_base+96(FP), R9 // R9 = inverse[r:]
	MOVQ     gamma_base+120(FP), R10 // R10 = gamma
	MOVQ     gamma_len+128(FP), BX   // BX = n, the columns
	VCVTSI2SDQ BX, X15, X15          // X15 = n
	MOVBLZX  m+144(FP), AX
	MODE16(AX, K7)                   // K7 = all lanes if m is Accumulate, else none
	TESTQ    R13, R13
	JLE      done
	TESTQ    BX, BX
	JLE      done

row:
	VBROADCASTSS (R8), Z14     // Z14 = mean
	VCVTPS2PD    Y14, Z13      // Z13 = mean, in float64
	VXORPD       Z0, Z0, Z0    // Z0, Z1 = the sums of e
	VXORPD       Z1, Z1, Z1
	VXORPD       Z2, Z2, Z2    // Z2, Z3 = those of its products
	VXORPD       Z3, Z3, Z3
	MOVQ         BX, CX        // CX = the columns to go
	XORL         AX, AX        // AX = c = 0

sum:
	LANES16(CX, K1)                   // K1, K2 = the columns that exist, in eights
	KSHIFTRW    $8, K1, K2
	VCVTPS2PD.Z (SI)(AX*4), K1, Z4    // e = dy[r,c:], in float64
	VCVTPS2PD.Z 32(SI)(AX*4), K2, Z5
	VCVTPS2PD.Z (R10)(AX*4), K1, Z6   // gamma[c:] likewise
	VCVTPS2PD.Z 32(R10)(AX*4), K2, Z7
	VCVTPS2PD.Z (DX)(AX*4), K1, Z8    // v = x[r,c:] likewise
	VCVTPS2PD.Z 32(DX)(AX*4), K2, Z9
	VMULPD      Z6, Z4, Z4            // e *= gamma
	VMULPD      Z7, Z5, Z5
	VSUBPD      Z13, Z8, Z8           // v −= mean
	VSUBPD      Z13, Z9, Z9
	VADDPD      Z4, Z0, Z0            // sums += e
	VADDPD      Z5, Z1, Z1
	VFMADD231PD Z8, Z4, Z2            // products += e·v
	VFMADD231PD Z9, Z5, Z3
	ADDQ        $16, AX               // c += 16
	SUBQ        $16, CX
	JGT         sum

	VADDPD        Z1, Z0, Z0
	VADDPD        Z3, Z2, Z2
	VEXTRACTF64X4 $1, Z0, Y1            // 8 to 4
	VEXTRACTF64X4 $1, Z2, Y3
	VADDPD        Y1, Y0, Y0
	VADDPD        Y3, Y2, Y2
	SUM_TWO_F64(Y0, X0, X1, Y2, X2, X3) // X0 = Σ e, X2 = Σ e·v
	OFFSET_AND_SLOPE                    // X0 = offset, X2 = slope, in float32
	VBROADCASTSS  X0, Z0                // Z0 = offset
	VBROADCASTSS  X2, Z2                // Z2 = slope
	VBROADCASTSS  (R9), Z3              // Z3 = inverse
	MOVQ          BX, CX                // from the beginning again
	XORL          AX, AX

element:
	LANES16(CX, K1)                    // K1 = the columns that exist
	KANDW        K1, K7, K2            // K2 = those to accumulate
	VMOVUPS.Z    (SI)(AX*4), K1, Z4    // e = dy[r,c:]
	VMOVUPS.Z    (R10)(AX*4), K1, Z5   // gamma[c:]
	VMOVUPS.Z    (DX)(AX*4), K1, Z6    // v = x[r,c:]
	VFMSUB213PS  Z0, Z5, Z4            // e = e·gamma − offset
	VSUBPS       Z14, Z6, Z6           // v −= mean
	VFNMADD231PS Z2, Z6, Z4            // e −= v·slope
	VMULPS       Z3, Z4, Z4            // e *= inverse
	VADDPS       (DI)(AX*4), Z4, K2, Z4 // if m: e += dx[r,c:]
	VMOVUPS      Z4, K1, (DI)(AX*4)    // dx[r,c:] = e
	ADDQ         $16, AX               // c += 16
	SUBQ         $16, CX
	JGT          element

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

// func layer_norm_sums_f32_avx512(sums, products []float64, dy, x, mean, inverse []float32)
TEXT ·layer_norm_sums_f32_avx512(SB), NOSPLIT, $0-144
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
	LANES32(CX, K1)          // K1 … K4 = the columns that exist, in eights
	KSHIFTRD  $8, K1, K2
	KSHIFTRD  $16, K1, K3
	KSHIFTRD  $24, K1, K4
	VMOVUPD.Z (DI), K1, Z0   // Z0 … Z3 = the sums of 32 columns
	VMOVUPD.Z 64(DI), K2, Z1
	VMOVUPD.Z 128(DI), K3, Z2
	VMOVUPD.Z 192(DI), K4, Z3
	VMOVUPD.Z (DX), K1, Z4   // Z4 … Z7 = their sums of products
	VMOVUPD.Z 64(DX), K2, Z5
	VMOVUPD.Z 128(DX), K3, Z6
	VMOVUPD.Z 192(DX), K4, Z7
	MOVQ      SI, AX         // AX = dy[r,c:]
	MOVQ      R9, BX         // BX = x[r,c:]
	MOVQ      mean_base+96(FP), R10 // R10 = mean[r:]
	MOVQ      mean_len+104(FP), R13 // R13 = the rows to go
	MOVQ      inverse_base+120(FP), R11 // R11 = inverse[r:]
	TESTQ     R13, R13
	JLE       store

row:
	VBROADCASTSS (R10), Y8      // Z8 = mean, in float64
	VBROADCASTSS (R11), Y9      // Z9 = inverse likewise
	VCVTPS2PD    Y8, Z8
	VCVTPS2PD    Y9, Z9
	VCVTPS2PD.Z  (AX), K1, Z12  // a = 32 columns of a row of dy, in float64
	VCVTPS2PD.Z  32(AX), K2, Z13
	VCVTPS2PD.Z  64(AX), K3, Z14
	VCVTPS2PD.Z  96(AX), K4, Z15
	VCVTPS2PD.Z  (BX), K1, Z16  // b = those of x likewise
	VCVTPS2PD.Z  32(BX), K2, Z17
	VCVTPS2PD.Z  64(BX), K3, Z18
	VCVTPS2PD.Z  96(BX), K4, Z19
	VSUBPD       Z8, Z16, Z16   // b −= mean
	VSUBPD       Z8, Z17, Z17
	VSUBPD       Z8, Z18, Z18
	VSUBPD       Z8, Z19, Z19
	VMULPD       Z9, Z16, Z16   // b *= inverse
	VMULPD       Z9, Z17, Z17
	VMULPD       Z9, Z18, Z18
	VMULPD       Z9, Z19, Z19
	VADDPD       Z12, Z0, Z0    // sums += a
	VADDPD       Z13, Z1, Z1
	VADDPD       Z14, Z2, Z2
	VADDPD       Z15, Z3, Z3
	VFMADD231PD  Z16, Z12, Z4   // products += a·b
	VFMADD231PD  Z17, Z13, Z5
	VFMADD231PD  Z18, Z14, Z6
	VFMADD231PD  Z19, Z15, Z7
	ADDQ         R8, AX         // to the next row
	ADDQ         R8, BX
	ADDQ         $4, R10
	ADDQ         $4, R11
	DECQ         R13
	JGT          row

store:
	VMOVUPD Z0, K1, (DI)   // sums[c:] = sums
	VMOVUPD Z1, K2, 64(DI)
	VMOVUPD Z2, K3, 128(DI)
	VMOVUPD Z3, K4, 192(DI)
	VMOVUPD Z4, K1, (DX)   // products[c:] = products
	VMOVUPD Z5, K2, 64(DX)
	VMOVUPD Z6, K3, 128(DX)
	VMOVUPD Z7, K4, 192(DX)
	ADDQ    $256, DI       // to the next 32 columns
	ADDQ    $256, DX
	ADDQ    $128, SI
	ADDQ    $128, R9
	SUBQ    $32, CX        // n -= 32
	JGT     columns

done:
	VZEROUPPER
	RET
