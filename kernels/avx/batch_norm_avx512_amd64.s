//go:build !purego

// Batch normalization by column: the sums over the rows, and the elementwise part.
// Shapes: matrices are [rows,cols], everything else is [cols].
// Idea: 32 columns of all rows at a time, with the columns' coefficients in registers; memory is the
// bottleneck. Sums are kept in float64, as in the reference, in the order of the rows.

#include "textflag.h"
#include "lanes_amd64.h"

// func batch_norm_sums_f32_avx512(sums, products []float64, a, b, shift []float32, rows int)
TEXT ·batch_norm_sums_f32_avx512(SB), NOSPLIT, $0-128
	MOVQ  sums_base+0(FP), DI      // DI = sums
	MOVQ  sums_len+8(FP), CX       // CX = n, the columns left
	MOVQ  products_base+24(FP), DX // DX = products
	MOVQ  a_base+48(FP), SI        // SI = a's columns
	MOVQ  b_base+72(FP), R9        // R9 = b's columns
	MOVQ  shift_base+96(FP), R10   // R10 = shift
	MOVQ  CX, R8
	SHLQ  $2, R8                   // R8 = the bytes of a row
	TESTQ CX, CX
	JLE   done

columns:
	LANES32(CX, K1)            // K1 … K4 = the valid columns, in eights
	KSHIFTRD    $8, K1, K2
	KSHIFTRD    $16, K1, K3
	KSHIFTRD    $24, K1, K4
	VCVTPS2PD.Z (R10), K1, Z8  // Z8 … Z11 = shift[c:], in float64
	VCVTPS2PD.Z 32(R10), K2, Z9
	VCVTPS2PD.Z 64(R10), K3, Z10
	VCVTPS2PD.Z 96(R10), K4, Z11
	VMOVUPD.Z   (DI), K1, Z0   // Z0 … Z3 = the sums of 32 columns
	VMOVUPD.Z   64(DI), K2, Z1
	VMOVUPD.Z   128(DI), K3, Z2
	VMOVUPD.Z   192(DI), K4, Z3
	VMOVUPD.Z   (DX), K1, Z4   // Z4 … Z7 = their sums of products
	VMOVUPD.Z   64(DX), K2, Z5
	VMOVUPD.Z   128(DX), K3, Z6
	VMOVUPD.Z   192(DX), K4, Z7
	MOVQ        SI, AX         // AX = a[r,c:]
	MOVQ        R9, BX         // BX = b[r,c:]
	MOVQ        rows+120(FP), R13 // R13 = the rows left
	TESTQ       R13, R13
	JLE         store

row:
	VCVTPS2PD.Z (AX), K1, Z12  // a = 32 columns of a row, in float64
	VCVTPS2PD.Z 32(AX), K2, Z13
	VCVTPS2PD.Z 64(AX), K3, Z14
	VCVTPS2PD.Z 96(AX), K4, Z15
	VCVTPS2PD.Z (BX), K1, Z16  // b likewise
	VCVTPS2PD.Z 32(BX), K2, Z17
	VCVTPS2PD.Z 64(BX), K3, Z18
	VCVTPS2PD.Z 96(BX), K4, Z19
	VSUBPD      Z8, Z16, Z16   // b −= shift
	VSUBPD      Z9, Z17, Z17
	VSUBPD      Z10, Z18, Z18
	VSUBPD      Z11, Z19, Z19
	VADDPD      Z12, Z0, Z0    // sums += a
	VADDPD      Z13, Z1, Z1
	VADDPD      Z14, Z2, Z2
	VADDPD      Z15, Z3, Z3
	VFMADD231PD Z16, Z12, Z4   // products += a·b
	VFMADD231PD Z17, Z13, Z5
	VFMADD231PD Z18, Z14, Z6
	VFMADD231PD Z19, Z15, Z7
	ADDQ        R8, AX         // to the next row
	ADDQ        R8, BX
	DECQ        R13
	JGT         row

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
	ADDQ    $128, R10
	SUBQ    $32, CX        // n -= 32
	JGT     columns

done:
	VZEROUPPER
	RET

// func batch_norm_fwd_f32_avx512(y, x, mean, scale, shift []float32, rows int)
TEXT ·batch_norm_fwd_f32_avx512(SB), NOSPLIT, $0-128
	MOVQ  y_base+0(FP), DI      // DI = y's columns
	MOVQ  x_base+24(FP), SI     // SI = x's columns
	MOVQ  mean_base+48(FP), R9  // R9 = mean
	MOVQ  mean_len+56(FP), CX   // CX = n, the columns left
	MOVQ  scale_base+72(FP), R10 // R10 = scale
	MOVQ  shift_base+96(FP), DX // DX = shift
	MOVQ  CX, R8
	SHLQ  $2, R8                // R8 = the bytes of a row
	TESTQ CX, CX
	JLE   done

columns:
	LANES32(CX, K1)          // K1, K2 = the valid columns, in sixteens
	KSHIFTRD  $16, K1, K2
	VMOVUPS.Z (R9), K1, Z8   // Z8, Z9 = mean[c:]
	VMOVUPS.Z 64(R9), K2, Z9
	VMOVUPS.Z (R10), K1, Z10 // Z10, Z11 = scale[c:]
	VMOVUPS.Z 64(R10), K2, Z11
	VMOVUPS.Z (DX), K1, Z12  // Z12, Z13 = shift[c:]
	VMOVUPS.Z 64(DX), K2, Z13
	MOVQ      SI, AX         // AX = x[r,c:]
	MOVQ      DI, BX         // BX = y[r,c:]
	MOVQ      rows+120(FP), R13 // R13 = the rows left
	TESTQ     R13, R13
	JLE       next

row:
	VMOVUPS.Z   (AX), K1, Z0   // x = 32 columns of a row
	VMOVUPS.Z   64(AX), K2, Z1
	VSUBPS      Z8, Z0, Z0     // y = x − mean
	VSUBPS      Z9, Z1, Z1
	VFMADD213PS Z12, Z10, Z0   // y = y·scale + shift
	VFMADD213PS Z13, Z11, Z1
	VMOVUPS     Z0, K1, (BX)   // y[r,c:] = y
	VMOVUPS     Z1, K2, 64(BX)
	ADDQ        R8, AX         // to the next row
	ADDQ        R8, BX
	DECQ        R13
	JGT         row

next:
	ADDQ $128, DI // to the next 32 columns
	ADDQ $128, SI
	ADDQ $128, R9
	ADDQ $128, R10
	ADDQ $128, DX
	SUBQ $32, CX  // n -= 32
	JGT  columns

done:
	VZEROUPPER
	RET

// func batch_norm_bwd_f32_avx512(dx, dy, x, mean, offset, slope, scale []float32, rows int, m Mode)
TEXT ·batch_norm_bwd_f32_avx512(SB), NOSPLIT, $0-177
	MOVQ    mean_len+80(FP), CX // CX = n, the columns left
	MOVQ    CX, R8
	SHLQ    $2, R8              // R8 = the bytes of a row
	MOVBLZX m+176(FP), R9
	NEGL    R9
	KMOVD   R9, K7              // K7 = all lanes if m is Accumulate, otherwise none
	XORL    DX, DX              // DX = the bytes of the columns that are done
	TESTQ   CX, CX
	JLE     done

columns:
	LANES32(CX, K1)            // K1, K2 = the valid columns, in sixteens
	KSHIFTRD  $16, K1, K2
	KANDD     K1, K7, K3       // K3, K4 = those to accumulate
	KSHIFTRD  $16, K3, K4
	MOVQ      mean_base+72(FP), AX
	VMOVUPS.Z (AX)(DX*1), K1, Z8 // Z8, Z9 = mean[c:]
	VMOVUPS.Z 64(AX)(DX*1), K2, Z9
	MOVQ      offset_base+96(FP), AX
	VMOVUPS.Z (AX)(DX*1), K1, Z10 // Z10, Z11 = offset[c:]
	VMOVUPS.Z 64(AX)(DX*1), K2, Z11
	MOVQ      slope_base+120(FP), AX
	VMOVUPS.Z (AX)(DX*1), K1, Z12 // Z12, Z13 = slope[c:]
	VMOVUPS.Z 64(AX)(DX*1), K2, Z13
	MOVQ      scale_base+144(FP), AX
	VMOVUPS.Z (AX)(DX*1), K1, Z14 // Z14, Z15 = scale[c:]
	VMOVUPS.Z 64(AX)(DX*1), K2, Z15
	MOVQ      dx_base+0(FP), DI
	ADDQ      DX, DI           // DI = dx[r,c:]
	MOVQ      dy_base+24(FP), SI
	ADDQ      DX, SI           // SI = dy[r,c:]
	MOVQ      x_base+48(FP), BX
	ADDQ      DX, BX           // BX = x[r,c:]
	MOVQ      rows+168(FP), R13 // R13 = the rows left
	TESTQ     R13, R13
	JLE       next

row:
	VMOVUPS.Z    (SI), K1, Z0     // e = dy, 32 columns of a row
	VMOVUPS.Z    64(SI), K2, Z1
	VMOVUPS.Z    (BX), K1, Z2     // x likewise
	VMOVUPS.Z    64(BX), K2, Z3
	VSUBPS       Z10, Z0, Z0      // e −= offset
	VSUBPS       Z11, Z1, Z1
	VSUBPS       Z8, Z2, Z2       // x −= mean
	VSUBPS       Z9, Z3, Z3
	VFNMADD231PS Z12, Z2, Z0      // e −= x·slope
	VFNMADD231PS Z13, Z3, Z1
	VMULPS       Z14, Z0, Z0      // e *= scale
	VMULPS       Z15, Z1, Z1
	VADDPS       (DI), Z0, K3, Z0 // if m: e += dx
	VADDPS       64(DI), Z1, K4, Z1
	VMOVUPS      Z0, K1, (DI)     // dx[r,c:] = e
	VMOVUPS      Z1, K2, 64(DI)
	ADDQ         R8, DI           // to the next row
	ADDQ         R8, SI
	ADDQ         R8, BX
	DECQ         R13
	JGT          row

next:
	ADDQ $128, DX // to the next 32 columns
	SUBQ $32, CX  // n -= 32
	JGT  columns

done:
	VZEROUPPER
	RET
