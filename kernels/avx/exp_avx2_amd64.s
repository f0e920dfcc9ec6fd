//go:build !purego

// Exponential functions, their relatives and their gradients, elementwise.
// Shapes: all slices have the same n elements.
// Idea: the functions themselves are macros, explained in exp_amd64.h, so that softmax and the losses
// can use them too. exp_test.go states and tests their largest errors.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"

// func exp_fwd_f32_avx2(y, x []float32)
TEXT ·exp_fwd_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI  // DI = y
	MOVQ y_len+8(FP), CX   // CX = n, the elements left
	MOVQ x_base+24(FP), SI // SI = x
	XORL AX, AX            // AX = i = 0
	SUBQ $8, CX            // n -= 8
	JLT  last

loop:
	VMOVUPS (SI)(AX*4), Y1   // x = x[i:]
	EXP_AVX2(Y1, Y2, Y3, Y4) // y = exp(x)
	VMOVUPS Y1, (DI)(AX*4)   // y[i:] = y
	ADDQ    $8, AX           // i += 8
	SUBQ    $8, CX           // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	EXP_AVX2(Y1, Y2, Y3, Y4)       // y = exp(x)
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = y

done:
	VZEROUPPER
	RET

// func log_fwd_f32_avx2(y, x []float32)
TEXT ·log_fwd_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI  // DI = y
	MOVQ y_len+8(FP), CX   // CX = n, the elements left
	MOVQ x_base+24(FP), SI // SI = x
	XORL AX, AX            // AX = i = 0
	SUBQ $8, CX            // n -= 8
	JLT  last

loop:
	VMOVUPS (SI)(AX*4), Y1           // x = x[i:]
	LOG_AVX2(Y1, Y2, Y3, Y4, Y5, Y6) // y = log(x)
	VMOVUPS Y1, (DI)(AX*4)           // y[i:] = y
	ADDQ    $8, AX                   // i += 8
	SUBQ    $8, CX                   // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX                // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1   // x = x[i:]
	LOG_AVX2(Y1, Y2, Y3, Y4, Y5, Y6) // y = log(x)
	VMASKMOVPS Y1, Y15, (DI)(AX*4)   // y[i:] = y

done:
	VZEROUPPER
	RET

// func sigmoid_fwd_f32_avx2(y, x []float32)
TEXT ·sigmoid_fwd_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI  // DI = y
	MOVQ y_len+8(FP), CX   // CX = n, the elements left
	MOVQ x_base+24(FP), SI // SI = x
	XORL AX, AX            // AX = i = 0
	SUBQ $8, CX            // n -= 8
	JLT  last

loop:
	VMOVUPS (SI)(AX*4), Y1           // x = x[i:]
	SIGMOID_AVX2(Y1, Y2, Y3, Y4, Y5) // y = sigmoid(x)
	VMOVUPS Y1, (DI)(AX*4)           // y[i:] = y
	ADDQ    $8, AX                   // i += 8
	SUBQ    $8, CX                   // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX                // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                  // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1   // x = x[i:]
	SIGMOID_AVX2(Y1, Y2, Y3, Y4, Y5) // y = sigmoid(x)
	VMASKMOVPS Y1, Y15, (DI)(AX*4)   // y[i:] = y

done:
	VZEROUPPER
	RET

// func sigmoid_bwd_f32_avx2(dx, dy, y []float32, m Mode)
TEXT ·sigmoid_bwd_f32_avx2(SB), NOSPLIT, $0-73
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	MOVBLZX      m+72(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	VBROADCASTSS ·one_f32(SB), Y0   // Y0 = 1
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS (DX)(AX*4), Y1     // d = y[i:]
	VSUBPS  Y1, Y0, Y2         // s = 1 − y
	VMULPS  Y2, Y1, Y1         // d *= s
	VMOVUPS (SI)(AX*4), Y2     // s = dy[i:]
	VMULPS  Y2, Y1, Y1         // d *= s
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
	VMASKMOVPS (DX)(AX*4), Y15, Y1 // d = y[i:]
	VSUBPS     Y1, Y0, Y2          // s = 1 − y
	VMULPS     Y2, Y1, Y1          // d *= s
	VMASKMOVPS (SI)(AX*4), Y15, Y2 // s = dy[i:]
	VMULPS     Y2, Y1, Y1          // d *= s
	TESTL      R8, R8
	JZ         storeLast
	VMASKMOVPS (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS     Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET

// func tanh_fwd_f32_avx2(y, x []float32)
TEXT ·tanh_fwd_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI  // DI = y
	MOVQ y_len+8(FP), CX   // CX = n, the elements left
	MOVQ x_base+24(FP), SI // SI = x
	XORL AX, AX            // AX = i = 0
	SUBQ $8, CX            // n -= 8
	JLT  last

loop:
	VMOVUPS (SI)(AX*4), Y1        // x = x[i:]
	TANH_AVX2(Y1, Y2, Y3, Y4, Y5) // y = tanh(x)
	VMOVUPS Y1, (DI)(AX*4)        // y[i:] = y
	ADDQ    $8, AX                // i += 8
	SUBQ    $8, CX                // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	TANH_AVX2(Y1, Y2, Y3, Y4, Y5)  // y = tanh(x)
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = y

done:
	VZEROUPPER
	RET

// func tanh_bwd_f32_avx2(dx, dy, y []float32, m Mode)
TEXT ·tanh_bwd_f32_avx2(SB), NOSPLIT, $0-73
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	MOVBLZX      m+72(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	VBROADCASTSS ·one_f32(SB), Y0   // Y0 = 1
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS      (DX)(AX*4), Y1     // d = y[i:]
	VFNMADD213PS Y0, Y1, Y1         // d = 1 − d²
	VMOVUPS      (SI)(AX*4), Y2     // s = dy[i:]
	VMULPS       Y2, Y1, Y1         // d *= s
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
	VMASKMOVPS   (DX)(AX*4), Y15, Y1 // d = y[i:]
	VFNMADD213PS Y0, Y1, Y1          // d = 1 − d²
	VMASKMOVPS   (SI)(AX*4), Y15, Y2 // s = dy[i:]
	VMULPS       Y2, Y1, Y1          // d *= s
	TESTL        R8, R8
	JZ           storeLast
	VMASKMOVPS   (DI)(AX*4), Y15, Y2 // if m: d += dx[i:]
	VADDPS       Y2, Y1, Y1

storeLast:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // dx[i:] = d

done:
	VZEROUPPER
	RET
