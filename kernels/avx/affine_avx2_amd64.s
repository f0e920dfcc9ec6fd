//go:build !purego

// Scaling: y = scale·x + shift and its gradient dx = scale·dy; y += scale·x; y = value.
// Shapes: all slices have the same n elements.
// Idea: one multiply-add for each vector; memory is the bottleneck.

#include "textflag.h"
#include "lanes_amd64.h"

// func affine_fwd_f32_avx2(y, x []float32, scale, shift float32)
TEXT ·affine_fwd_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS scale+48(FP), Y14 // Y14 = scale
	VBROADCASTSS shift+52(FP), Y13 // Y13 = shift
	XORL         AX, AX            // AX = i = 0
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS     (SI)(AX*4), Y1 // x = x[i:]
	VFMADD213PS Y13, Y14, Y1   // y = scale·x + shift
	VMOVUPS     Y1, (DI)(AX*4) // y[i:] = y
	ADDQ        $8, AX         // i += 8
	SUBQ        $8, CX         // n -= 8
	JGE         loop

last:
	ADDQ        $8, CX              // n = the rest, at most 7
	JLE         done
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS  (SI)(AX*4), Y15, Y1 // x = x[i:]
	VFMADD213PS Y13, Y14, Y1        // y = scale·x + shift
	VMASKMOVPS  Y1, Y15, (DI)(AX*4) // y[i:] = y

done:
	VZEROUPPER
	RET

// func affine_bwd_f32_avx2(dx, dy []float32, scale float32, m Mode)
TEXT ·affine_bwd_f32_avx2(SB), NOSPLIT, $0-53
	MOVQ         dx_base+0(FP), DI  // DI = dx
	MOVQ         dx_len+8(FP), CX   // CX = n, the elements left
	MOVQ         dy_base+24(FP), SI // SI = dy
	VBROADCASTSS scale+48(FP), Y14  // Y14 = scale
	MOVBLZX      m+52(FP), R8       // R8 = m
	XORL         AX, AX             // AX = i = 0
	SUBQ         $8, CX             // n -= 8
	JLT          last

loop:
	VMOVUPS (SI)(AX*4), Y1     // d = dy[i:]
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
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // d = dy[i:]
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

// func add_scaled_f32_avx2(y, x []float32, scale float32)
TEXT ·add_scaled_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS scale+48(FP), Y14 // Y14 = scale
	XORL         AX, AX            // AX = i = 0
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS     (DI)(AX*4), Y1 // y = y[i:]
	VMOVUPS     (SI)(AX*4), Y2 // x = x[i:]
	VFMADD231PS Y14, Y2, Y1    // y += scale·x
	VMOVUPS     Y1, (DI)(AX*4) // y[i:] = y
	ADDQ        $8, AX         // i += 8
	SUBQ        $8, CX         // n -= 8
	JGE         loop

last:
	ADDQ        $8, CX              // n = the rest, at most 7
	JLE         done
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS  (DI)(AX*4), Y15, Y1 // y = y[i:]
	VMASKMOVPS  (SI)(AX*4), Y15, Y2 // x = x[i:]
	VFMADD231PS Y14, Y2, Y1         // y += scale·x
	VMASKMOVPS  Y1, Y15, (DI)(AX*4) // y[i:] = y

done:
	VZEROUPPER
	RET

// func fill_f32_avx2(y []float32, value float32)
TEXT ·fill_f32_avx2(SB), NOSPLIT, $0-28
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	VBROADCASTSS value+24(FP), Y14 // Y14 = value
	XORL         AX, AX            // AX = i = 0
	SUBQ         $8, CX            // n -= 8
	JLT          last

loop:
	VMOVUPS Y14, (DI)(AX*4) // y[i:] = value
	ADDQ    $8, AX          // i += 8
	SUBQ    $8, CX          // n -= 8
	JGE     loop

last:
	ADDQ       $8, CX               // n = the rest, at most 7
	JLE        done
	LANES8(CX, Y15)                 // Y15 = the valid lanes
	VMASKMOVPS Y14, Y15, (DI)(AX*4) // y[i:] = value

done:
	VZEROUPPER
	RET
