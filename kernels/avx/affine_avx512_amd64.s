//go:build !purego

// Scaling: y = scale·x + shift and its gradient dx = scale·dy; y += scale·x; y = value.
// Shapes: all slices have the same n elements.
// Idea: one multiply-add for each vector; memory is the bottleneck.

#include "textflag.h"
#include "lanes_amd64.h"

// func affine_fwd_f32_avx512(y, x []float32, scale, shift float32)
TEXT ·affine_fwd_f32_avx512(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS scale+48(FP), Z14 // Z14 = scale
	VBROADCASTSS shift+52(FP), Z13 // Z13 = shift
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the valid lanes
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // x = x[i:]
	VFMADD213PS Z13, Z14, Z1       // y = scale·x + shift
	VMOVUPS     Z1, K1, (DI)(AX*4) // y[i:] = y
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	VZEROUPPER
	RET

// func affine_bwd_f32_avx512(dx, dy []float32, scale float32, m Mode)
TEXT ·affine_bwd_f32_avx512(SB), NOSPLIT, $0-53
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	VBROADCASTSS scale+48(FP), Z14  // Z14 = scale
	MOVBLZX      m+52(FP), R8       // R8 = m
	MODE16(R8, K7)                  // K7 = all lanes if m is Accumulate, otherwise none
	XORL         AX, AX             // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                  // K1 = the valid lanes
	KANDW     K1, K7, K2             // K2 = those to accumulate
	VMOVUPS.Z (SI)(AX*4), K1, Z1     // d = dy[i:]
	VMULPS    Z14, Z1, Z1            // d *= scale
	VADDPS    (DI)(AX*4), Z1, K2, Z1 // if m: d += dx[i:]
	VMOVUPS   Z1, K1, (DI)(AX*4)     // dx[i:] = d
	ADDQ      $16, AX                // i += 16
	SUBQ      $16, CX                // n -= 16
	JGT       loop

done:
	VZEROUPPER
	RET

// func add_scaled_f32_avx512(y, x []float32, scale float32)
TEXT ·add_scaled_f32_avx512(SB), NOSPLIT, $0-52
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS scale+48(FP), Z14 // Z14 = scale
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the valid lanes
	VMOVUPS.Z   (DI)(AX*4), K1, Z1 // y = y[i:]
	VMOVUPS.Z   (SI)(AX*4), K1, Z2 // x = x[i:]
	VFMADD231PS Z14, Z2, Z1        // y += scale·x
	VMOVUPS     Z1, K1, (DI)(AX*4) // y[i:] = y
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	VZEROUPPER
	RET

// func fill_f32_avx512(y []float32, value float32)
TEXT ·fill_f32_avx512(SB), NOSPLIT, $0-28
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	VBROADCASTSS value+24(FP), Z14 // Z14 = value
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)             // K1 = the valid lanes
	VMOVUPS Z14, K1, (DI)(AX*4) // y[i:] = value
	ADDQ    $16, AX             // i += 16
	SUBQ    $16, CX             // n -= 16
	JGT     loop

done:
	VZEROUPPER
	RET
