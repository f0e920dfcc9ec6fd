//go:build !purego

// Losses: sums over a row, and their gradients, one row per call.
// Shapes: all slices are one row of n columns.
// Idea: factors that are the same for the whole row are computed by the caller: dloss, divided by the
// number of columns if the loss is a mean.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"
#include "reduce_amd64.h"

// func softmax_cross_entropy_bwd_f32_avx512(dx, p, t []float32, dloss, weight float32, m Mode)
TEXT ·softmax_cross_entropy_bwd_f32_avx512(SB), NOSPLIT, $0-81
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         p_base+24(FP), SI  // SI = p
	MOVQ         t_base+48(FP), DX  // DX = t
	VBROADCASTSS dloss+72(FP), Z14  // Z14 = dloss
	VBROADCASTSS weight+76(FP), Z13 // Z13 = weight
	MOVBLZX      m+80(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                    // K1 = the valid lanes
	KANDW       K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z   (SI)(AX*4), K1, Z1     // d = p[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2     // t = t[i:]
	VFMSUB213PS Z2, Z13, Z1            // d = d·weight − t
	VMULPS      Z14, Z1, Z1            // d *= dloss
	VADDPS      (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS     Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ        $16, AX                // i += 16
	SUBQ        $16, CX                // n -= 16
	JGT         loop

done:
	VZEROUPPER
	RET

// func mean_squared_error_bwd_f32_avx512(dx, x, t []float32, scale float32, m Mode)
TEXT ·mean_squared_error_bwd_f32_avx512(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI // DI = dx
	MOVQ         dx_len+8(FP), CX  // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	MOVQ         t_base+48(FP), DX // DX = t
	VBROADCASTSS scale+72(FP), Z14 // Z14 = scale
	MOVBLZX      m+76(FP), R8      // R8 = m
	MODE16(R8, K7)                 // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // d = x[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z2     // t = t[i:]
	VSUBPS    Z2, Z1, Z1             // d −= t
	VMULPS    Z14, Z1, Z1            // d *= scale
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func sigmoid_binary_cross_entropy_bwd_f32_avx512(dx, x, t []float32, scale float32, m Mode)
TEXT ·sigmoid_binary_cross_entropy_bwd_f32_avx512(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI // DI = dx
	MOVQ         dx_len+8(FP), CX  // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	MOVQ         t_base+48(FP), DX // DX = t
	VBROADCASTSS scale+72(FP), Z14 // Z14 = scale
	MOVBLZX      m+76(FP), R8      // R8 = m
	MODE16(R8, K7)                 // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                    // K1 = the valid lanes
	KANDW     K1, K7, K2               // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1       // x = x[i:]
	SIGMOID_AVX512(Z1, Z2, Z3, Z4, Z5) // d = sigmoid(x)
	VMOVUPS.Z (DX)(AX*4), K1, Z2       // t = t[i:]
	VSUBPS    Z2, Z1, Z1               // d −= t
	VMULPS    Z14, Z1, Z1              // d *= scale
	VADDPS    (DI)(AX*4), Z1, K2, Z1   // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)       // dx[i:] = d
	ADDQ      $16, AX                  // i += 16
	SUBQ      $16, CX                  // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func binary_cross_entropy_bwd_f32_avx512(dp, p, t []float32, scale float32, m Mode)
TEXT ·binary_cross_entropy_bwd_f32_avx512(SB), NOSPLIT, $0-77
	MOVQ         dp_base+0(FP), DI // DI = dp
	MOVQ         dp_len+8(FP), CX  // CX = n, the elements left
	MOVQ         p_base+24(FP), SI // SI = p
	MOVQ         t_base+48(FP), DX // DX = t
	VBROADCASTSS scale+72(FP), Z14 // Z14 = scale
	MOVBLZX      m+76(FP), R8      // R8 = m
	MODE16(R8, K7)                 // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX            // AX = i = 0
	VBROADCASTSS CLIP_LOW, Z13     // Z13 = clipLow
	VBROADCASTSS CLIP_HIGH, Z12    // Z12 = clipHigh
	VBROADCASTSS ONE, Z11          // Z11 = 1
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // p = p[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z2     // t = t[i:]
	VCMPPS    $5, Z13, Z1, K1, K3    // K3 = not p < clipLow
	VCMPPS    $10, Z12, Z1, K3, K3   // K3 = inside: and not p > clipHigh
	VSUBPS    Z1, Z11, Z3            // q = 1 − p
	VMULPS    Z1, Z3, Z3             // q *= p
	VSUBPS    Z2, Z1, Z1             // d = p − t
	VDIVPS    Z3, Z1, Z1             // d /= q
	VMOVAPS.Z Z1, K3, Z1             // d = K3 ? d : 0
	VMULPS    Z14, Z1, Z1            // d *= scale, which may be NaN
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dp[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dp[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func squared_error_f32_avx512(x, t []float32) float32
TEXT ·squared_error_f32_avx512(SB), NOSPLIT, $0-52
	MOVQ   x_base+0(FP), SI  // SI = x
	MOVQ   x_len+8(FP), CX   // CX = n, the columns left
	MOVQ   t_base+24(FP), DX // DX = t
	XORL   AX, AX            // AX = i = 0
	VXORPS Z0, Z0, Z0        // Z0 = 16 sums
	TESTQ  CX, CX
	JLE    total

loop:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1 // x = x[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z2 // t = t[i:]
	VSUBPS    Z2, Z1, Z1         // v = x − t
	VMULPS    Z1, Z1, Z1         // v *= v
	VADDPS    Z1, Z0, K1, Z0     // sums += v
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JGT       loop

total:
	SUM_LANES_AVX512
	VMOVSS           X0, ret+48(FP)
	VZEROUPPER
	RET

// Z1 = v = max(x, 0) − x·t + ln(1+e^−|x|), for x in Z7 and t in Z6. Z2 to Z9 are overwritten.
#define CROSS_ENTROPY_AVX512 \
	VXORPS       Z2, Z2, Z2            \
	VMAXPS       Z7, Z2, Z8            \ // a = max(x, 0), and NaN for NaN
	VFNMADD231PS Z6, Z7, Z8            \ // a −= x·t
	VORPS.BCST   SIGN, Z7, Z7          \ // x = −|x|
	EXP_AVX512(Z7, Z2, Z3, Z4)         \ // E = exp(x)
	VADDPS.BCST  ONE, Z7, Z9           \ // u = 1 + E
	VSUBPS.BCST  ONE, Z9, Z6           \
	VSUBPS       Z6, Z7, Z7            \ // E −= u − 1: what is left is the rounding error of u
	LOG_AVX512(Z9, Z2, Z3, Z4, Z5)     \ // u = ln u
	VADDPS       Z7, Z9, Z1            \ // v = u + E = ln(1+e^−|x|)
	VADDPS       Z8, Z1, Z1              // v += a

// func sigmoid_binary_cross_entropy_f32_avx512(x, t []float32) float32
TEXT ·sigmoid_binary_cross_entropy_f32_avx512(SB), NOSPLIT, $0-52
	MOVQ   x_base+0(FP), SI  // SI = x
	MOVQ   x_len+8(FP), CX   // CX = n, the columns left
	MOVQ   t_base+24(FP), DX // DX = t
	XORL   AX, AX            // AX = i = 0
	VXORPS Z0, Z0, Z0        // Z0 = 16 sums
	TESTQ  CX, CX
	JLE    total

loop:
	LANES16(CX, K1)                 // K1 = the valid lanes
	VMOVUPS.Z    (SI)(AX*4), K1, Z7 // x = x[i:]
	VMOVUPS.Z    (DX)(AX*4), K1, Z6 // t = t[i:]
	CROSS_ENTROPY_AVX512            // v = the loss
	VADDPS       Z1, Z0, K1, Z0     // sums += v
	ADDQ         $16, AX            // i += 16
	SUBQ         $16, CX            // n -= 16
	JGT          loop

total:
	SUM_LANES_AVX512
	VMOVSS           X0, ret+48(FP)
	VZEROUPPER
	RET

// func sigmoid_binary_cross_entropy_fwd_f32_avx512(y, x, t []float32)
TEXT ·sigmoid_binary_cross_entropy_fwd_f32_avx512(SB), NOSPLIT, $0-72
	MOVQ  y_base+0(FP), DI  // DI = y
	MOVQ  y_len+8(FP), CX   // CX = n, the elements left
	MOVQ  x_base+24(FP), SI // SI = x
	MOVQ  t_base+48(FP), DX // DX = t
	XORL  AX, AX            // AX = i = 0
	TESTQ CX, CX
	JLE   done

loop:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z7 // x = x[i:]
	VMOVUPS.Z (DX)(AX*4), K1, Z6 // t = t[i:]
	CROSS_ENTROPY_AVX512         // v = the loss
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[i:] = v
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func binary_cross_entropy_f32_avx512(x, t []float32) float32
TEXT ·binary_cross_entropy_f32_avx512(SB), NOSPLIT, $0-52
	MOVQ   x_base+0(FP), SI  // SI = x
	MOVQ   x_len+8(FP), CX   // CX = n, the columns left
	MOVQ   t_base+24(FP), DX // DX = t
	XORL   AX, AX            // AX = i = 0
	VXORPS Z0, Z0, Z0        // Z0 = 16 sums
	TESTQ  CX, CX
	JLE    total

loop:
	LANES16(CX, K1)                 // K1 = the valid lanes
	VMOVUPS.Z    (SI)(AX*4), K1, Z7 // x = x[i:]
	VMOVUPS.Z    (DX)(AX*4), K1, Z6 // t = t[i:]
	VBROADCASTSS CLIP_LOW, Z2
	VMAXPS       Z7, Z2, Z7
	VBROADCASTSS CLIP_HIGH, Z2
	VMINPS       Z7, Z2, Z7         // p = clip(x), and NaN for NaN
	VBROADCASTSS ONE, Z10
	VSUBPS       Z7, Z10, Z9        // q = 1 − p
	VSUBPS       Z9, Z10, Z8
	VSUBPS       Z7, Z8, Z8         // c = 1 − q − p, what rounding q lost
	LOG_AVX512(Z9, Z2, Z3, Z4, Z5)  // q = ln q
	VADDPS       Z8, Z9, Z9         // q += c, so that q = ln(1−p)
	LOG_AVX512(Z7, Z2, Z3, Z4, Z5)  // p = ln p
	VSUBPS       Z6, Z10, Z8
	VMULPS       Z8, Z9, Z9         // q *= 1 − t
	VFNMSUB213PS Z9, Z6, Z7
	VMOVAPS      Z7, Z1             // v = −t·p − q
	VADDPS       Z1, Z0, K1, Z0     // sums += v
	ADDQ         $16, AX            // i += 16
	SUBQ         $16, CX            // n -= 16
	JGT          loop

total:
	SUM_LANES_AVX512
	VMOVSS           X0, ret+48(FP)
	VZEROUPPER
	RET
