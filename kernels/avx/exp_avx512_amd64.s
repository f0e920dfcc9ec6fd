//go:build !purego

// Exponential functions, their relatives and their gradients, elementwise.
// Shapes: all slices have the same n elements.
// Idea: the functions themselves are macros, explained in exp_amd64.h, so that softmax and the losses
// can use them too. exp_test.go states and tests their largest errors.

#include "textflag.h"
#include "lanes_amd64.h"
#include "exp_amd64.h"

// func exp_fwd_f32_avx512(y, x []float32)
TEXT ·exp_fwd_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ  y_base+0(FP), DI  // DI = y
	MOVQ  y_len+8(FP), CX   // CX = n, the elements left
	MOVQ  x_base+24(FP), SI // SI = x
	XORL  AX, AX            // AX = i = 0
	TESTQ CX, CX
	JLE   done

loop:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1 // x = x[i:]
	EXP_AVX512(Z1, Z2, Z3, Z4)   // y = exp(x)
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[i:] = y
	ADDQ      $16, AX            // i += 16
	SUBQ      $16, CX            // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func log_fwd_f32_avx512(y, x []float32)
TEXT ·log_fwd_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ  y_base+0(FP), DI  // DI = y
	MOVQ  y_len+8(FP), CX   // CX = n, the elements left
	MOVQ  x_base+24(FP), SI // SI = x
	XORL  AX, AX            // AX = i = 0
	TESTQ CX, CX
	JLE   done

loop:
	LANES16(CX, K1)                // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1   // x = x[i:]
	LOG_AVX512(Z1, Z2, Z3, Z4, Z5) // y = log(x)
	VMOVUPS   Z1, K1, (DI)(AX*4)   // y[i:] = y
	ADDQ      $16, AX              // i += 16
	SUBQ      $16, CX              // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func sigmoid_fwd_f32_avx512(y, x []float32)
TEXT ·sigmoid_fwd_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ  y_base+0(FP), DI  // DI = y
	MOVQ  y_len+8(FP), CX   // CX = n, the elements left
	MOVQ  x_base+24(FP), SI // SI = x
	XORL  AX, AX            // AX = i = 0
	TESTQ CX, CX
	JLE   done

loop:
	LANES16(CX, K1)                    // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1       // x = x[i:]
	SIGMOID_AVX512(Z1, Z2, Z3, Z4, Z5) // y = sigmoid(x)
	VMOVUPS   Z1, K1, (DI)(AX*4)       // y[i:] = y
	ADDQ      $16, AX                  // i += 16
	SUBQ      $16, CX                  // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func sigmoid_bwd_f32_avx512(dx, dy, y []float32, m Mode)
TEXT ·sigmoid_bwd_f32_avx512(SB), NOSPLIT, $0-73
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	MOVBLZX      m+72(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	VBROADCASTSS ·one_f32(SB), Z0   // Z0 = 1
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (DX)(AX*4), K1, Z1     // d = y[i:]
	VSUBPS    Z1, Z0, Z2             // s = 1 − y
	VMULPS    Z2, Z1, Z1             // d *= s
	VMOVUPS.Z (SI)(AX*4), K1, Z2     // s = dy[i:]
	VMULPS    Z2, Z1, Z1             // d *= s
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func tanh_fwd_f32_avx512(y, x []float32)
TEXT ·tanh_fwd_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ  y_base+0(FP), DI  // DI = y
	MOVQ  y_len+8(FP), CX   // CX = n, the elements left
	MOVQ  x_base+24(FP), SI // SI = x
	XORL  AX, AX            // AX = i = 0
	TESTQ CX, CX
	JLE   done

loop:
	LANES16(CX, K1)                 // K1 = the valid lanes
	VMOVUPS.Z (SI)(AX*4), K1, Z1    // x = x[i:]
	TANH_AVX512(Z1, Z2, Z3, Z4, Z5) // y = tanh(x)
	VMOVUPS   Z1, K1, (DI)(AX*4)    // y[i:] = y
	ADDQ      $16, AX               // i += 16
	SUBQ      $16, CX               // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func tanh_bwd_f32_avx512(dx, dy, y []float32, m Mode)
TEXT ·tanh_bwd_f32_avx512(SB), NOSPLIT, $0-73
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	MOVQ         y_base+48(FP), DX  // DX = y
	MOVBLZX      m+72(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	VBROADCASTSS ·one_f32(SB), Z0   // Z0 = 1
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                     // K1 = the valid lanes
	KANDW        K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z    (DX)(AX*4), K1, Z1     // d = y[i:]
	VFNMADD213PS Z0, Z1, Z1             // d = 1 − d²
	VMOVUPS.Z    (SI)(AX*4), K1, Z2     // s = dy[i:]
	VMULPS       Z2, Z1, Z1             // d *= s
	VADDPS       (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS      Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ         $16, AX                // i += 16
	SUBQ         $16, CX                // n -= 16
	JGT          loop

done:
	VZEROUPPER
	RET
