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

// func softmax_bwd_f32_avx2(dx, dy, y []float32, dot float32, m Mode)
TEXT ·softmax_bwd_f32_avx2(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	VBROADCASTSS dot+72(FP), Y14    // Y14 = dot
	MOVBLZX      m+76(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1     // d = dy[i:]
	VSUBPS  Y14, Y1, Y1        // d −= dot
	VMOVUPS (DX)(AX*4), Y2     // y = y[i:]
	VMULPS  Y2, Y1, Y1         // d *= y
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
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = dy[i:]
	VSUBPS     Y14, Y1, Y1         // d −= dot
	VMASKMOVPS (DX)(AX*4), Y15, Y2 // y = y[i:]
	VMULPS     Y2, Y1, Y1          // d *= y
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func log_softmax_fwd_f32_avx2(y, x []float32, max, log float32)
TEXT ·log_softmax_fwd_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS max+48(FP), Y14   // Y14 = max
	VBROADCASTSS log+52(FP), Y13   // Y13 = log
	XORL         AX, AX            // AX = i = 0
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1 // y = x[i:]
	VSUBPS  Y14, Y1, Y1    // y −= max
	VSUBPS  Y13, Y1, Y1    // y −= log
	VMOVUPS Y1, (DI)(AX*4) // y[i:] = y
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // y = x[i:]
	VSUBPS     Y14, Y1, Y1         // y −= max
	VSUBPS     Y13, Y1, Y1         // y −= log
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = y

done:
	VZEROUPPER
	RET

// func log_softmax_bwd_f32_avx2(dx, dy, y []float32, sum float32, m Mode)
TEXT ·log_softmax_bwd_f32_avx2(SB), NOSPLIT, $0-77
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	VBROADCASTSS sum+72(FP), Y14    // Y14 = sum
	MOVBLZX      m+76(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS      (DX)(AX*4), Y1     // y = y[i:]
	EXP_AVX2(Y1, Y2, Y3, Y4)        // y = exp(y)
	VMOVUPS      (SI)(AX*4), Y2     // d = dy[i:]
	VFNMADD213PS Y2, Y14, Y1        // d = d − sum·y
	TESTL        R8, R8
	JZ           store
	VADDPS       (DI)(AX*4), Y1, Y1 // if m: d += dx[i:]

store:
	VMOVUPS Y1, (DI)(AX*4) // dx[i:] = d
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     loop

last:
	ADDQ         $8, CX              // n = the rest, at most 7
	JLE          done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS   (DX)(AX*4), Y15, Y1 // y = y[i:]
	EXP_AVX2(Y1, Y2, Y3, Y4)         // y = exp(y)
	VMASKMOVPS   (SI)(AX*4), Y15, Y2 // d = dy[i:]
	VFNMADD213PS Y2, Y14, Y1         // d = d − sum·y
	TESTL        R8, R8
	JZ           storeLast
	VMASKMOVPS   (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS       Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func softmax_fwd_f32_avx2(y, x []float32) (max, sum float32)
TEXT ·softmax_fwd_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI       // DI = y
	MOVQ         y_len+8(FP), CX        // CX = n, the columns left
	MOVQ         x_base+24(FP), SI      // SI = x
	VBROADCASTSS ·minus_inf_f32(SB), Y9 // Y9 = −Inf
	VMOVAPS      Y9, Y0                 // Y0 = the maximum of each lane, −Inf at first
	XORL         AX, AX                 // AX = i = 0
	SUBQ         $8, CX                 // n -= 8
	JLT          maximumLast

maximum:
	VMAXPS (SI)(AX*4), Y0, Y0 // the maximum
	ADDQ   $8, AX             // i += 8
	SUBQ   $8, CX             // n -= 8
	JGE    maximum

maximumLast:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        largest
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:], or −Inf past the end
	VBLENDVPS  Y15, Y1, Y9, Y1
	VMAXPS     Y1, Y0, Y0          // the maximum

largest:
	MAX_LANES_AVX2
	VMOVSS         X0, max+48(FP)
	VBROADCASTSS   X0, Y14         // Y14 = the row's maximum
	VXORPS         Y0, Y0, Y0      // Y0 = 8 sums
	MOVQ           y_len+8(FP), CX // start again
	XORL           AX, AX
	SUBQ           $8, CX          // n -= 8
	JLT            powerLast

power:
	VMOVUPS (SI)(AX*4), Y1   // e = x[i:]
	VSUBPS  Y14, Y1, Y1      // e −= maximum
	EXP_AVX2(Y1, Y2, Y3, Y4) // e = exp(e)
	VADDPS  Y1, Y0, Y0       // sums += e
	VMOVUPS Y1, (DI)(AX*4)   // y[i:] = e
	ADDQ    $8, AX           // i += 8
	SUBQ    $8, CX           // n -= 8
	JGE     power

powerLast:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        total
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // e = x[i:]
	VSUBPS     Y14, Y1, Y1         // e −= maximum
	EXP_AVX2(Y1, Y2, Y3, Y4)       // e = exp(e)
	VANDPS     Y15, Y1, Y1         // e = 0 past the end
	VADDPS     Y1, Y0, Y0          // sums += e
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = e

total:
	SUM_LANES_AVX2
	VMOVSS         X0, sum+52(FP)
	VBROADCASTSS   X0, Y0          // Y0 = the row's sum
	MOVQ           y_len+8(FP), CX // start again
	XORL           AX, AX
	SUBQ           $8, CX          // n -= 8
	JLT            divideLast

divide:
	VMOVUPS (DI)(AX*4), Y1 // e = y[i:]
	VDIVPS  Y0, Y1, Y1     // e /= sum
	VMOVUPS Y1, (DI)(AX*4) // y[i:] = e
	ADDQ    $8, AX         // i += 8
	SUBQ    $8, CX         // n -= 8
	JGE     divide

divideLast:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (DI)(AX*4), Y15, Y1 // e = y[i:]
	VDIVPS     Y0, Y1, Y1          // e /= sum
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = e

done:
	VZEROUPPER
	RET

// func dot_f32_avx2(a, b []float32) float32
TEXT ·dot_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ   a_base+0(FP), SI  // SI = a
	MOVQ   a_len+8(FP), CX   // CX = n, the elements left
	MOVQ   b_base+24(FP), DX // DX = b
	XORL   AX, AX            // AX = i = 0
	VXORPS Y0, Y0, Y0        // Y0 = 8 sums
	SUBQ   $8, CX            // n -= 8
	JLT    last

loop:
	VMOVUPS     (SI)(AX*4), Y1     // a = a[i:]
	VFMADD231PS (DX)(AX*4), Y1, Y0 // sums += a·b[i:]
	ADDQ        $8, AX             // i += 8
	SUBQ        $8, CX             // n -= 8
	JGE         loop

last:
	ADDQ        $8, CX              // n = the rest, at most 7
	JLE         total
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS  (SI)(AX*4), Y15, Y1 // a = a[i:]
	VMASKMOVPS  (DX)(AX*4), Y15, Y2 // b = b[i:]
	VFMADD231PS Y2, Y1, Y0          // sums += a·b

total:
	SUM_LANES_AVX2
	VMOVSS         X0, ret+48(FP)
	VZEROUPPER
	RET
