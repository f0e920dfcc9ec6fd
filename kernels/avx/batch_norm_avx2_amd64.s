//go:build !purego

// Batch normalization by column: the sums over the rows, and the elementwise part.
// Shapes: matrices are [rows,cols], everything else is [cols].
// Idea: 16 columns of all rows at a time, with the columns' coefficients in registers; memory is the
// bottleneck. Sums are kept in float64, as in the reference, in the order of the rows.

#include "textflag.h"
#include "lanes_amd64.h"

// HALVES: X14, X15 = the two halves of Y15.
#define HALVES \
	VMOVAPS      X15, X14 \
	VEXTRACTI128 $1, Y15, X15

// func batch_norm_sums_f32_avx2(sums, products []float64, a, b, shift []float32, rows int)
TEXT ·batch_norm_sums_f32_avx2(SB), NOSPLIT, $0-128
	MOVQ sums_base+0(FP), DI      // DI = sums
	MOVQ sums_len+8(FP), CX       // CX = n, the columns left
	MOVQ products_base+24(FP), DX // DX = products
	MOVQ a_base+48(FP), SI        // SI = a's columns
	MOVQ b_base+72(FP), R9        // R9 = b's columns
	MOVQ shift_base+96(FP), R10   // R10 = shift
	MOVQ CX, R8
	SHLQ $2, R8                   // R8 = the bytes of a row
	SUBQ $16, CX                  // n -= 16
	JLT  last

columns:
	VCVTPS2PD (R10), Y8       // Y8 … Y11 = shift[c:], in float64
	VCVTPS2PD 16(R10), Y9
	VCVTPS2PD 32(R10), Y10
	VCVTPS2PD 48(R10), Y11
	VMOVUPD   (DI), Y0        // Y0 … Y3 = the sums of 16 columns
	VMOVUPD   32(DI), Y1
	VMOVUPD   64(DI), Y2
	VMOVUPD   96(DI), Y3
	VMOVUPD   (DX), Y4        // Y4 … Y7 = their sums of products
	VMOVUPD   32(DX), Y5
	VMOVUPD   64(DX), Y6
	VMOVUPD   96(DX), Y7
	MOVQ      SI, AX          // AX = a[r,c:]
	MOVQ      R9, BX          // BX = b[r,c:]
	MOVQ      rows+120(FP), R13 // R13 = the rows left
	TESTQ     R13, R13
	JLE       store

row:
	VCVTPS2PD   (AX), Y12     // a = 8 columns of a row, in float64
	VCVTPS2PD   16(AX), Y13
	VCVTPS2PD   (BX), Y14     // b likewise
	VCVTPS2PD   16(BX), Y15
	VSUBPD      Y8, Y14, Y14  // b −= shift
	VSUBPD      Y9, Y15, Y15
	VADDPD      Y12, Y0, Y0   // sums += a
	VADDPD      Y13, Y1, Y1
	VFMADD231PD Y14, Y12, Y4  // products += a·b
	VFMADD231PD Y15, Y13, Y5
	VCVTPS2PD   32(AX), Y12   // and the next 8
	VCVTPS2PD   48(AX), Y13
	VCVTPS2PD   32(BX), Y14
	VCVTPS2PD   48(BX), Y15
	VSUBPD      Y10, Y14, Y14
	VSUBPD      Y11, Y15, Y15
	VADDPD      Y12, Y2, Y2
	VADDPD      Y13, Y3, Y3
	VFMADD231PD Y14, Y12, Y6
	VFMADD231PD Y15, Y13, Y7
	ADDQ        R8, AX        // to the next row
	ADDQ        R8, BX
	DECQ        R13
	JGT         row

store:
	VMOVUPD Y0, (DI)   // sums[c:] = sums
	VMOVUPD Y1, 32(DI)
	VMOVUPD Y2, 64(DI)
	VMOVUPD Y3, 96(DI)
	VMOVUPD Y4, (DX)   // products[c:] = products
	VMOVUPD Y5, 32(DX)
	VMOVUPD Y6, 64(DX)
	VMOVUPD Y7, 96(DX)
	ADDQ    $128, DI   // to the next 16 columns
	ADDQ    $128, DX
	ADDQ    $64, SI
	ADDQ    $64, R9
	ADDQ    $64, R10
	SUBQ    $16, CX    // n -= 16
	JGE     columns

last:
	ADDQ $16, CX // n = the rest, at most 15
	JLE  done

columnsLast:
	LANES8(CX, Y15)            // X14, X15 = the valid columns of 8, in fours
	HALVES
	VMASKMOVPS (R10), X14, X8  // Y8, Y9 = shift[c:], in float64
	VMASKMOVPS 16(R10), X15, X9
	VCVTPS2PD  X8, Y8
	VCVTPS2PD  X9, Y9
	VPMOVSXDQ  X14, Y6         // Y6, Y7 = the same lanes in float64
	VPMOVSXDQ  X15, Y7
	VMASKMOVPD (DI), Y6, Y0    // Y0, Y1 = the sums of 8 columns
	VMASKMOVPD 32(DI), Y7, Y1
	VMASKMOVPD (DX), Y6, Y4    // Y4, Y5 = their sums of products
	VMASKMOVPD 32(DX), Y7, Y5
	MOVQ       SI, AX          // AX = a[r,c:]
	MOVQ       R9, BX          // BX = b[r,c:]
	MOVQ       rows+120(FP), R13 // R13 = the rows left
	TESTQ      R13, R13
	JLE        storeLast

rowLast:
	VMASKMOVPS  (AX), X14, X10 // a = the columns of a row
	VMASKMOVPS  16(AX), X15, X11
	VMASKMOVPS  (BX), X14, X12 // b likewise
	VMASKMOVPS  16(BX), X15, X13
	VCVTPS2PD   X10, Y10       // in float64
	VCVTPS2PD   X11, Y11
	VCVTPS2PD   X12, Y12
	VCVTPS2PD   X13, Y13
	VSUBPD      Y8, Y12, Y12   // b −= shift
	VSUBPD      Y9, Y13, Y13
	VADDPD      Y10, Y0, Y0    // sums += a
	VADDPD      Y11, Y1, Y1
	VFMADD231PD Y12, Y10, Y4   // products += a·b
	VFMADD231PD Y13, Y11, Y5
	ADDQ        R8, AX         // to the next row
	ADDQ        R8, BX
	DECQ        R13
	JGT         rowLast

storeLast:
	VMASKMOVPD Y0, Y6, (DI)   // sums[c:] = sums
	VMASKMOVPD Y1, Y7, 32(DI)
	VMASKMOVPD Y4, Y6, (DX)   // products[c:] = products
	VMASKMOVPD Y5, Y7, 32(DX)
	ADDQ       $64, DI         // to the next 8 columns
	ADDQ       $64, DX
	ADDQ       $32, SI
	ADDQ       $32, R9
	ADDQ       $32, R10
	SUBQ       $8, CX          // n -= 8
	JGT        columnsLast

done:
	VZEROUPPER
	RET

// func batch_norm_fwd_f32_avx2(y, x, mean, scale, shift []float32, rows int)
TEXT ·batch_norm_fwd_f32_avx2(SB), NOSPLIT, $0-128
	MOVQ y_base+0(FP), DI       // DI = y's columns
	MOVQ x_base+24(FP), SI      // SI = x's columns
	MOVQ mean_base+48(FP), R9   // R9 = mean
	MOVQ mean_len+56(FP), CX    // CX = n, the columns left
	MOVQ scale_base+72(FP), R10 // R10 = scale
	MOVQ shift_base+96(FP), DX  // DX = shift
	MOVQ CX, R8
	SHLQ $2, R8                 // R8 = the bytes of a row
	SUBQ $16, CX                // n -= 16
	JLT  last

columns:
	VMOVUPS (R9), Y8   // Y8, Y9 = mean[c:]
	VMOVUPS 32(R9), Y9
	VMOVUPS (R10), Y10 // Y10, Y11 = scale[c:]
	VMOVUPS 32(R10), Y11
	VMOVUPS (DX), Y12  // Y12, Y13 = shift[c:]
	VMOVUPS 32(DX), Y13
	MOVQ    SI, AX     // AX = x[r,c:]
	MOVQ    DI, BX     // BX = y[r,c:]
	MOVQ    rows+120(FP), R13 // R13 = the rows left
	TESTQ   R13, R13
	JLE     next

row:
	VMOVUPS     (AX), Y0     // x = 16 columns of a row
	VMOVUPS     32(AX), Y1
	VSUBPS      Y8, Y0, Y0   // y = x − mean
	VSUBPS      Y9, Y1, Y1
	VFMADD213PS Y12, Y10, Y0 // y = y·scale + shift
	VFMADD213PS Y13, Y11, Y1
	VMOVUPS     Y0, (BX)     // y[r,c:] = y
	VMOVUPS     Y1, 32(BX)
	ADDQ        R8, AX       // to the next row
	ADDQ        R8, BX
	DECQ        R13
	JGT         row

next:
	ADDQ $64, DI // to the next 16 columns
	ADDQ $64, SI
	ADDQ $64, R9
	ADDQ $64, R10
	ADDQ $64, DX
	SUBQ $16, CX // n -= 16
	JGE  columns

last:
	ADDQ $16, CX // n = the rest, at most 15
	JLE  done

columnsLast:
	LANES8(CX, Y15)            // Y15 = the valid columns of 8
	VMASKMOVPS (R9), Y15, Y8   // Y8 = mean[c:]
	VMASKMOVPS (R10), Y15, Y10 // Y10 = scale[c:]
	VMASKMOVPS (DX), Y15, Y12  // Y12 = shift[c:]
	MOVQ       SI, AX          // AX = x[r,c:]
	MOVQ       DI, BX          // BX = y[r,c:]
	MOVQ       rows+120(FP), R13 // R13 = the rows left
	TESTQ      R13, R13
	JLE        nextLast

rowLast:
	VMASKMOVPS  (AX), Y15, Y0 // x = the columns of a row
	VSUBPS      Y8, Y0, Y0    // y = x − mean
	VFMADD213PS Y12, Y10, Y0  // y = y·scale + shift
	VMASKMOVPS  Y0, Y15, (BX) // y[r,c:] = y
	ADDQ        R8, AX        // to the next row
	ADDQ        R8, BX
	DECQ        R13
	JGT         rowLast

nextLast:
	ADDQ $32, DI // to the next 8 columns
	ADDQ $32, SI
	ADDQ $32, R9
	ADDQ $32, R10
	ADDQ $32, DX
	SUBQ $8, CX  // n -= 8
	JGT  columnsLast

done:
	VZEROUPPER
	RET

// func batch_norm_bwd_f32_avx2(dx, dy, x, mean, offset, slope, scale []float32, rows int, m Mode)
TEXT ·batch_norm_bwd_f32_avx2(SB), NOSPLIT, $0-177
	MOVQ         mean_len+80(FP), CX // CX = n, the columns left
	MOVQ         CX, R8
	SHLQ         $2, R8              // R8 = the bytes of a row
	MOVBLZX      m+176(FP), R9
	NEGL         R9
	VMOVD        R9, X4
	VPBROADCASTD X4, Y4              // Y4 = all lanes if m is Accumulate, otherwise none
	XORL         DX, DX              // DX = the bytes of the columns that are done
	SUBQ         $16, CX             // n -= 16
	JLT          last

columns:
	MOVQ    mean_base+72(FP), AX
	VMOVUPS (AX)(DX*1), Y8   // Y8, Y9 = mean[c:]
	VMOVUPS 32(AX)(DX*1), Y9
	MOVQ    offset_base+96(FP), AX
	VMOVUPS (AX)(DX*1), Y10  // Y10, Y11 = offset[c:]
	VMOVUPS 32(AX)(DX*1), Y11
	MOVQ    slope_base+120(FP), AX
	VMOVUPS (AX)(DX*1), Y12  // Y12, Y13 = slope[c:]
	VMOVUPS 32(AX)(DX*1), Y13
	MOVQ    scale_base+144(FP), AX
	VMOVUPS (AX)(DX*1), Y14  // Y14, Y15 = scale[c:]
	VMOVUPS 32(AX)(DX*1), Y15
	MOVQ    dx_base+0(FP), DI
	ADDQ    DX, DI           // DI = dx[r,c:]
	MOVQ    dy_base+24(FP), SI
	ADDQ    DX, SI           // SI = dy[r,c:]
	MOVQ    x_base+48(FP), BX
	ADDQ    DX, BX           // BX = x[r,c:]
	MOVQ    rows+168(FP), R13 // R13 = the rows left
	TESTQ   R13, R13
	JLE     next

row:
	VMOVUPS      (SI), Y0     // e = dy, 16 columns of a row
	VMOVUPS      32(SI), Y1
	VMOVUPS      (BX), Y2     // x likewise
	VMOVUPS      32(BX), Y3
	VSUBPS       Y10, Y0, Y0  // e −= offset
	VSUBPS       Y11, Y1, Y1
	VSUBPS       Y8, Y2, Y2   // x −= mean
	VSUBPS       Y9, Y3, Y3
	VFNMADD231PS Y12, Y2, Y0  // e −= x·slope
	VFNMADD231PS Y13, Y3, Y1
	VMULPS       Y14, Y0, Y0  // e *= scale
	VMULPS       Y15, Y1, Y1
	TESTL        R9, R9
	JZ           store
	VADDPS       (DI), Y0, Y0 // if m: e += dx
	VADDPS       32(DI), Y1, Y1

store:
	VMOVUPS Y0, (DI)   // dx[r,c:] = e
	VMOVUPS Y1, 32(DI)
	ADDQ    R8, DI     // to the next row
	ADDQ    R8, SI
	ADDQ    R8, BX
	DECQ    R13
	JGT     row

next:
	ADDQ $64, DX // to the next 16 columns
	SUBQ $16, CX // n -= 16
	JGE  columns

last:
	ADDQ $16, CX // n = the rest, at most 15
	JLE  done

columnsLast:
	LANES8(CX, Y15)             // Y15 = the valid columns of 8
	VPAND      Y15, Y4, Y5      // Y5 = those to accumulate
	MOVQ       mean_base+72(FP), AX
	VMASKMOVPS (AX)(DX*1), Y15, Y8  // Y8 = mean[c:]
	MOVQ       offset_base+96(FP), AX
	VMASKMOVPS (AX)(DX*1), Y15, Y10 // Y10 = offset[c:]
	MOVQ       slope_base+120(FP), AX
	VMASKMOVPS (AX)(DX*1), Y15, Y12 // Y12 = slope[c:]
	MOVQ       scale_base+144(FP), AX
	VMASKMOVPS (AX)(DX*1), Y15, Y14 // Y14 = scale[c:]
	MOVQ       dx_base+0(FP), DI
	ADDQ       DX, DI           // DI = dx[r,c:]
	MOVQ       dy_base+24(FP), SI
	ADDQ       DX, SI           // SI = dy[r,c:]
	MOVQ       x_base+48(FP), BX
	ADDQ       DX, BX           // BX = x[r,c:]
	MOVQ       rows+168(FP), R13 // R13 = the rows left
	TESTQ      R13, R13
	JLE        nextLast

rowLast:
	VMASKMOVPS   (SI), Y15, Y0 // e = dy, the columns of a row
	VMASKMOVPS   (BX), Y15, Y2 // x likewise
	VSUBPS       Y10, Y0, Y0   // e −= offset
	VSUBPS       Y8, Y2, Y2    // x −= mean
	VFNMADD231PS Y12, Y2, Y0   // e −= x·slope
	VMULPS       Y14, Y0, Y0   // e *= scale
	VMASKMOVPS   (DI), Y5, Y2  // if m: e += dx
	VADDPS       Y2, Y0, Y0
	VMASKMOVPS   Y0, Y15, (DI) // dx[r,c:] = e
	ADDQ         R8, DI        // to the next row
	ADDQ         R8, SI
	ADDQ         R8, BX
	DECQ         R13
	JGT          rowLast

nextLast:
	ADDQ $32, DX // to the next 8 columns
	SUBQ $8, CX  // n -= 8
	JGT  columnsLast

done:
	VZEROUPPER
	RET
