//go:build !purego

// Softmax of a row, its logarithm and their gradients, one row per call.
// Shapes: all slices are one row of n columns.
// Idea: softmax_fwd passes over the row three times: for its maximum M, for e^(x−M) and their sum,
// and to divide by the sum. The row stays in the L1 cache. The sums over a row that the gradients
// need are arguments: dot and sum.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"
#include "reduce_amd64.h"

// func softmax_bwd_f32_avx512(dx, dy, y []float32, dot float32, m Mode)
TEXT ·softmax_bwd_f32_avx512(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	VBROADCASTSS dot+72(FP), Z14    // Z14 = dot
	MOVBLZX      m+76(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // d = dy[i:]
	VSUBPS    Z14, Z1, Z1            // d −= dot
	VMOVUPS.Z (DX)(AX*4), K1, Z2     // y = y[i:]
	VMULPS    Z2, Z1, Z1             // d *= y
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func log_softmax_fwd_f32_avx512(y, x []float32, max, log float32)
TEXT ·log_softmax_fwd_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS max+48(FP), Z14   // Z14 = max
	VBROADCASTSS log+52(FP), Z13   // Z13 = log
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1 // y = x[i:]
	VSUBPS    Z14, Z1, Z1        // y −= max
	VSUBPS    Z13, Z1, Z1        // y −= log
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[i:] = y
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func log_softmax_bwd_f32_avx512(dx, dy, y []float32, sum float32, m Mode)
TEXT ·log_softmax_bwd_f32_avx512(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	VBROADCASTSS sum+72(FP), Z14    // Z14 = sum
	MOVBLZX      m+76(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                     // K1 = the valid lanes
	KANDW        K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z    (DX)(AX*4), K1, Z1     // y = y[i:]
	EXP_AVX512(Z1, Z2, Z3, Z4)          // y = exp(y)
	VMOVUPS.Z    (SI)(AX*4), K1, Z2     // d = dy[i:]
	VFNMADD213PS Z2, Z14, Z1            // d = d − sum·y
	VADDPS       (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS      Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ         $16, AX                // i += 16
	SUBQ         $16, CX                // n -= 16
	JGT          loop

done:
	VZEROUPPER
	RET

// func softmax_fwd_f32_avx512(y, x []float32) (max, sum float32)
TEXT ·softmax_fwd_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI       // DI = y
	MOVQ         y_len+8(FP), CX        // CX = n, the columns left
	MOVQ         x_base+24(FP), SI      // SI = x
	VBROADCASTSS ·minus_inf_f32(SB), Z0 // Z0 = the maximum of each lane, −Inf at first
	XORL         AX, AX                 // AX = i = 0
	TESTQ        CX, CX
	JLE          largest

maximum:
	LANES16(CX, K1)               // K1 = the valid lanes
	VMAXPS (SI)(AX*4), Z0, K1, Z0 // the maximum, in these lanes
	ADDQ   $16, AX                // i += 16
	SUBQ   $16, CX                // n -= 16
	JGT    maximum

largest:
	MAX_LANES_AVX512
	VMOVSS           X0, max+48(FP)
	VBROADCASTSS     X0, Z14         // Z14 = the row's maximum
	VXORPS           Z0, Z0, Z0      // Z0 = 16 sums
	MOVQ             y_len+8(FP), CX // start again
	XORL             AX, AX
	TESTQ            CX, CX
	JLE              total

power:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1 // e = x[i:]
	VSUBPS    Z14, Z1, Z1        // e −= maximum
	EXP_AVX512(Z1, Z2, Z3, Z4)   // e = exp(e)
	VADDPS    Z1, Z0, K1, Z0     // sums += e
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[i:] = e
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JGT       power

total:
	SUM_LANES_AVX512
	VMOVSS           X0, sum+52(FP)
	VBROADCASTSS     X0, Z0          // Z0 = the row's sum
	MOVQ             y_len+8(FP), CX // start again
	XORL             AX, AX
	TESTQ            CX, CX
	JLE              done

divide:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (DI)(AX*4), K1, Z1 // e = y[i:]
	VDIVPS    Z0, Z1, Z1         // e /= sum
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[i:] = e
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JGT       divide

done:
	VZEROUPPER
	RET

// func dot_f32_avx512(a, b []float32) float32
TEXT ·dot_f32_avx512(SB), NOSPLIT, $0-52
	MOVQ   a_base+0(FP), SI  // SI = a
	MOVQ   a_len+8(FP), CX   // CX = n, the elements left
	MOVQ   b_base+24(FP), DX // DX = b
	XORL   AX, AX            // AX = i = 0
	VXORPS Z0, Z0, Z0        // Z0 = 16 sums
	TESTQ  CX, CX
	JLE    total

loop:
	LANES16(CX, K1)                // K1 = the valid lanes
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // a = a[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // b = b[i:]
	VFMADD231PS Z2, Z1, Z0         // sums += a·b
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

total:
	SUM_LANES_AVX512
	VMOVSS           X0, ret+48(FP)
	VZEROUPPER
	RET
