//go:build !purego

// Losses: sums over a row, and their gradients, one row per call.
// Shapes: all slices are one row of n columns.
// Idea: factors that are the same for the whole row are computed by the caller: dloss, divided by the
// number of columns if the loss is a mean.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"
#include "reduce_amd64.h"

// func softmax_cross_entropy_bwd_f32_avx2(dx, p, t []float32, dloss, weight float32, m Mode)
TEXT ·softmax_cross_entropy_bwd_f32_avx2(SB), NOSPLIT, $0-81
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         p_base+24(FP), SI  // SI = p
	MOVQ         t_base+48(FP), DX  // DX = t
	VBROADCASTSS dloss+72(FP), Y14  // Y14 = dloss
	VBROADCASTSS weight+76(FP), Y13 // Y13 = weight
	MOVBLZX      m+80(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS     (SI)(AX*4), Y1     // d = p[i:]
	VMOVUPS     (DX)(AX*4), Y2     // t = t[i:]
	VFMSUB213PS Y2, Y13, Y1        // d = d·weight − t
	VMULPS      Y14, Y1, Y1        // d *= dloss
	TESTL       R8, R8
	JZ          store
	VADDPS      (DI)(AX*4), Y1, Y1 // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ        $8, CX              // n = the rest, at most 7
	JLE         done
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS  (SI)(AX*4), Y15, Y1 // d = p[i:]
	VMASKMOVPS  (DX)(AX*4), Y15, Y2 // t = t[i:]
	VFMSUB213PS Y2, Y13, Y1         // d = d·weight − t
	VMULPS      Y14, Y1, Y1         // d *= dloss
	TESTL       R8, R8
	JZ          storeLast
	VMASKMOVPS  (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS      Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func mean_squared_error_bwd_f32_avx2(dx, x, t []float32, scale float32, m Mode)
TEXT ·mean_squared_error_bwd_f32_avx2(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI // DI = dx
	MOVQ         dx_len+8(FP), CX  // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	MOVQ         t_base+48(FP), DX // DX = t
	VBROADCASTSS scale+72(FP), Y14 // Y14 = scale
	MOVBLZX      m+76(FP), R8      // R8 = m
	XORL         AX, AX            // AX = i = 0
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1     // d = x[i:]
	VMOVUPS (DX)(AX*4), Y2     // t = t[i:]
	VSUBPS  Y2, Y1, Y1         // d −= t
	VMULPS  Y14, Y1, Y1        // d *= scale
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1 // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = x[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // t = t[i:]
	VSUBPS     Y2, Y1, Y1          // d −= t
	VMULPS     Y14, Y1, Y1         // d *= scale
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func sigmoid_binary_cross_entropy_bwd_f32_avx2(dx, x, t []float32, scale float32, m Mode)
TEXT ·sigmoid_binary_cross_entropy_bwd_f32_avx2(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI // DI = dx
	MOVQ         dx_len+8(FP), CX  // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	MOVQ         t_base+48(FP), DX // DX = t
	VBROADCASTSS scale+72(FP), Y14 // Y14 = scale
	MOVBLZX      m+76(FP), R8      // R8 = m
	XORL         AX, AX            // AX = i = 0
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1           // x = x[i:]
	SIGMOID_AVX2(Y1, Y2, Y3, Y4, Y5) // d = sigmoid(x)
	VMOVUPS (DX)(AX*4), Y2           // t = t[i:]
	VSUBPS  Y2, Y1, Y1               // d −= t
	VMULPS  Y14, Y1, Y1              // d *= scale
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1       // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX                // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1   // x = x[i:]
	SIGMOID_AVX2(Y1, Y2, Y3, Y4, Y5) // d = sigmoid(x)
	VMASKMOVPS (DX)(AX*4), Y15, Y2   // t = t[i:]
	VSUBPS     Y2, Y1, Y1            // d −= t
	VMULPS     Y14, Y1, Y1           // d *= scale
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2   // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func binary_cross_entropy_bwd_f32_avx2(dp, p, t []float32, scale float32, m Mode)
TEXT ·binary_cross_entropy_bwd_f32_avx2(SB), NOSPLIT, $0-77
	MOVQ         dp_base+0(FP), DI // DI = dp
	MOVQ         dp_len+8(FP), CX  // CX = n, the elements left
	MOVQ         p_base+24(FP), SI // SI = p
	MOVQ         t_base+48(FP), DX // DX = t
	VBROADCASTSS scale+72(FP), Y14 // Y14 = scale
	MOVBLZX      m+76(FP), R8      // R8 = m
	XORL         AX, AX            // AX = i = 0
	VBROADCASTSS CLIP_LOW, Y13     // Y13 = clipLow
	VBROADCASTSS CLIP_HIGH, Y12    // Y12 = clipHigh
	VBROADCASTSS ONE, Y11          // Y11 = 1
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1     // p = p[i:]
	VMOVUPS (DX)(AX*4), Y2     // t = t[i:]
	VCMPPS  $5, Y13, Y1, Y4    // Y4 = not p < clipLow
	VCMPPS  $10, Y12, Y1, Y5   // Y5 = not p > clipHigh
	VANDPS  Y5, Y4, Y4         // Y4 = inside: both
	VSUBPS  Y1, Y11, Y3        // q = 1 − p
	VMULPS  Y1, Y3, Y3         // q *= p
	VSUBPS  Y2, Y1, Y1         // d = p − t
	VDIVPS  Y3, Y1, Y1         // d /= q
	VANDPS  Y4, Y1, Y1         // d = Y4 ? d : 0
	VMULPS  Y14, Y1, Y1        // d *= scale, which may be NaN
	TESTL   R8, R8
	JZ      store
	VADDPS  (DI)(AX*4), Y1, Y1 // if m: d += dp[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dp[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // p = p[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // t = t[i:]
	VCMPPS     $5, Y13, Y1, Y4     // Y4 = not p < clipLow
	VCMPPS     $10, Y12, Y1, Y5    // Y5 = not p > clipHigh
	VANDPS     Y5, Y4, Y4          // Y4 = inside: both
	VSUBPS     Y1, Y11, Y3         // q = 1 − p
	VMULPS     Y1, Y3, Y3          // q *= p
	VSUBPS     Y2, Y1, Y1          // d = p − t
	VDIVPS     Y3, Y1, Y1          // d /= q
	VANDPS     Y4, Y1, Y1          // d = Y4 ? d : 0
	VMULPS     Y14, Y1, Y1         // d *= scale, which may be NaN
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dp[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dp[i:] = d

done:
	VZEROUPPER
	RET

// func squared_error_f32_avx2(x, t []float32) float32
TEXT ·squared_error_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ   x_base+0(FP), SI  // SI = x
	MOVQ   x_len+8(FP), CX   // CX = n, the columns left
	MOVQ   t_base+24(FP), DX // DX = t
	XORL   AX, AX            // AX = i = 0
	VXORPS Y0, Y0, Y0        // Y0 = 8 sums
	SUBQ   $8, CX            // n -= 8
	JLT    last

loop:
	VMOVUPS (SI)(AX*4), Y1 // x = x[i:]
	VMOVUPS (DX)(AX*4), Y2 // t = t[i:]
	VSUBPS  Y2, Y1, Y1     // v = x − t
	VMULPS  Y1, Y1, Y1     // v *= v
	VADDPS  Y1, Y0, Y0     // sums += v
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        total
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // t = t[i:]
	VSUBPS     Y2, Y1, Y1          // v = x − t
	VMULPS     Y1, Y1, Y1          // v *= v
	VANDPS     Y15, Y1, Y1         // v = 0 past the end
	VADDPS     Y1, Y0, Y0          // sums += v

total:
	SUM_LANES_AVX2
	VMOVSS         X0, ret+48(FP)
	VZEROUPPER
	RET

// Y1 = v = max(x, 0) − x·t + ln(1+e^−|x|), for x in Y7 and t in Y6. Y2 to Y9 are overwritten.
#define CROSS_ENTROPY_AVX2 \
	VXORPS       Y2, Y2, Y2            \
	VMAXPS       Y7, Y2, Y8            \ // a = max(x, 0), and NaN for NaN
	VFNMADD231PS Y6, Y7, Y8            \ // a −= x·t
	VBROADCASTSS SIGN, Y2              \
	VORPS        Y2, Y7, Y7            \ // x = −|x|
	EXP_AVX2(Y7, Y2, Y3, Y4)           \ // E = exp(x)
	VBROADCASTSS ONE, Y2               \
	VADDPS       Y2, Y7, Y9            \ // u = 1 + E
	VSUBPS       Y2, Y9, Y6            \
	VSUBPS       Y6, Y7, Y7            \ // E −= u − 1: what is left is the rounding error of u
	LOG_AVX2(Y9, Y2, Y3, Y4, Y5, Y6)   \ // u = ln u
	VADDPS       Y7, Y9, Y1            \ // v = u + E = ln(1+e^−|x|)
	VADDPS       Y8, Y1, Y1              // v += a

// func sigmoid_binary_cross_entropy_f32_avx2(x, t []float32) float32
TEXT ·sigmoid_binary_cross_entropy_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ   x_base+0(FP), SI  // SI = x
	MOVQ   x_len+8(FP), CX   // CX = n, the columns left
	MOVQ   t_base+24(FP), DX // DX = t
	XORL   AX, AX            // AX = i = 0
	VXORPS Y0, Y0, Y0        // Y0 = 8 sums
	SUBQ   $8, CX            // n -= 8
	JLT    last

loop:
	VMOVUPS      (SI)(AX*4), Y7      // x = x[i:]
	VMOVUPS      (DX)(AX*4), Y6      // t = t[i:]
	CROSS_ENTROPY_AVX2               // v = the loss
	VADDPS       Y1, Y0, Y0          // sums += v
	ADDQ         $8, AX              // i += 8
	SUBQ         $8, CX              // n -= 8
	JGE          loop

last:
	ADDQ         $8, CX              // n = the rest, at most 7
	JLE          total
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS   (SI)(AX*4), Y15, Y7 // x = x[i:]
	VMASKMOVPS   (DX)(AX*4), Y15, Y6 // t = t[i:]
	CROSS_ENTROPY_AVX2               // v = the loss
	VANDPS       Y15, Y1, Y1         // v = 0 past the end
	VADDPS       Y1, Y0, Y0          // sums += v

total:
	SUM_LANES_AVX2
	VMOVSS         X0, ret+48(FP)
	VZEROUPPER
	RET

// func sigmoid_binary_cross_entropy_fwd_f32_avx2(y, x, t []float32)
TEXT ·sigmoid_binary_cross_entropy_fwd_f32_avx2(SB), NOSPLIT, $0-72
	MOVQ y_base+0(FP), DI  // DI = y
	MOVQ y_len+8(FP), CX   // CX = n, the elements left
	MOVQ x_base+24(FP), SI // SI = x
	MOVQ t_base+48(FP), DX // DX = t
	XORL AX, AX            // AX = i = 0
	SUBQ $8, CX            // n -= 8
	JLT  last

loop:
	VMOVUPS (SI)(AX*4), Y7 // x = x[i:]
	VMOVUPS (DX)(AX*4), Y6 // t = t[i:]
	CROSS_ENTROPY_AVX2     // v = the loss
	VMOVUPS Y1, (DI)(AX*4) // y[i:] = v
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX                // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y7   // x = x[i:]
	VMASKMOVPS (DX)(AX*4), Y15, Y6   // t = t[i:]
	CROSS_ENTROPY_AVX2               // v = the loss
	VMASKMOVPS Y1, Y15, (DI)(AX*4)   // y[i:] = v

done:
	VZEROUPPER
	RET

// func binary_cross_entropy_f32_avx2(x, t []float32) float32
TEXT ·binary_cross_entropy_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ   x_base+0(FP), SI  // SI = x
	MOVQ   x_len+8(FP), CX   // CX = n, the columns left
	MOVQ   t_base+24(FP), DX // DX = t
	XORL   AX, AX            // AX = i = 0
	VXORPS Y0, Y0, Y0        // Y0 = 8 sums
	SUBQ   $8, CX            // n -= 8
	JLT    last

loop:
	VMOVUPS      (SI)(AX*4), Y7       // x = x[i:]
	VMOVUPS      (DX)(AX*4), Y6       // t = t[i:]
	VBROADCASTSS CLIP_LOW, Y2
	VMAXPS       Y7, Y2, Y7
	VBROADCASTSS CLIP_HIGH, Y2
	VMINPS       Y7, Y2, Y7           // p = clip(x), and NaN for NaN
	VBROADCASTSS ONE, Y10
	VSUBPS       Y7, Y10, Y9          // q = 1 − p
	VSUBPS       Y9, Y10, Y8
	VSUBPS       Y7, Y8, Y8           // c = 1 − q − p, what rounding q lost
	LOG_AVX2(Y9, Y2, Y3, Y4, Y5, Y11) // q = ln q
	VADDPS       Y8, Y9, Y9           // q += c, so that q = ln(1−p)
	LOG_AVX2(Y7, Y2, Y3, Y4, Y5, Y11) // p = ln p
	VSUBPS       Y6, Y10, Y8
	VMULPS       Y8, Y9, Y9           // q *= 1 − t
	VFNMSUB213PS Y9, Y6, Y7
	VMOVAPS      Y7, Y1               // v = −t·p − q
	VADDPS       Y1, Y0, Y0           // sums += v
	ADDQ         $8, AX               // i += 8
	SUBQ         $8, CX               // n -= 8
	JGE          loop

last:
	ADDQ         $8, CX               // n = the rest, at most 7
	JLE          total
	LANES8(CX, Y15)                   // Y15 = the valid lanes
	VMASKMOVPS   (SI)(AX*4), Y15, Y7  // x = x[i:]
	VMASKMOVPS   (DX)(AX*4), Y15, Y6  // t = t[i:]
	VBROADCASTSS CLIP_LOW, Y2
	VMAXPS       Y7, Y2, Y7
	VBROADCASTSS CLIP_HIGH, Y2
	VMINPS       Y7, Y2, Y7           // p = clip(x), and NaN for NaN
	VBROADCASTSS ONE, Y10
	VSUBPS       Y7, Y10, Y9          // q = 1 − p
	VSUBPS       Y9, Y10, Y8
	VSUBPS       Y7, Y8, Y8           // c = 1 − q − p, what rounding q lost
	LOG_AVX2(Y9, Y2, Y3, Y4, Y5, Y11) // q = ln q
	VADDPS       Y8, Y9, Y9           // q += c, so that q = ln(1−p)
	LOG_AVX2(Y7, Y2, Y3, Y4, Y5, Y11) // p = ln p
	VSUBPS       Y6, Y10, Y8
	VMULPS       Y8, Y9, Y9           // q *= 1 − t
	VFNMSUB213PS Y9, Y6, Y7
	VMOVAPS      Y7, Y1               // v = −t·p − q
	VANDPS       Y15, Y1, Y1          // v = 0 past the end
	VADDPS       Y1, Y0, Y0           // sums += v

total:
	SUM_LANES_AVX2
	VMOVSS         X0, ret+48(FP)
	VZEROUPPER
	RET
