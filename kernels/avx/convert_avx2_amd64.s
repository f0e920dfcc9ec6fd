//go:build !purego

// Conversions on the way into and out of training: images from uint8 to float32,
// and comparisons to 1 and 0.
// Shapes: all slices have n elements.
// Idea: 8 bytes widen to 8 floats in two instructions; a comparison gives a
// mask, which picks ones.

#include "textflag.h"
#include "lanes_amd64.h"

// func gather_u8_f32_avx2(y []float32, x []uint8, scale, shift float32)
TEXT ·gather_u8_f32_avx2(SB), NOSPLIT, $0-56
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements to go
	MOVQ         x_base+24(FP), SI // SI = x
	VBROADCASTSS scale+48(FP), Y14 // Y14 = scale
	VBROADCASTSS shift+52(FP), Y13 // Y13 = shift
	XORL         AX, AX            // AX = i = 0

loop:
	SUBQ        $8, CX         // n -= 8
	JLT         rest
	VPMOVZXBD   (SI)(AX*1), Y1 // v = x[i:], as int32
	VCVTDQ2PS   Y1, Y1         // as float32
	VFMADD213PS Y13, Y14, Y1   // v = v·scale + shift
	VMOVUPS     Y1, (DI)(AX*4) // y[i:] = v
	ADDQ        $8, AX         // i += 8
	JMP         loop

rest:
	ADDQ $8, CX // AVX2 has no masks for bytes: the rest goes one by one
	JLE  done

single:
	MOVBLZX     (SI)(AX*1), R8 // v = x[i]
	VCVTSI2SSL  R8, X1, X1     // as float32
	VFMADD213SS X13, X14, X1   // v = v·scale + shift
	VMOVSS      X1, (DI)(AX*4) // y[i] = v
	INCQ        AX             // i++
	DECQ        CX             // n--
	JGT         single

done:
	VZEROUPPER
	RET

// func equal_i32_avx2(y []float32, a, b []int32)
TEXT ·equal_i32_avx2(SB), NOSPLIT, $0-72
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements to go
	MOVQ         a_base+24(FP), SI // SI = a
	MOVQ         b_base+48(FP), DX // DX = b
	VBROADCASTSS ·one_f32(SB), Y14 // Y14 = 1
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES8(CX, Y15)                // Y15 = the lanes that exist
	VPMASKMOVD (SI)(AX*4), Y15, Y1 // a = a[i:]
	VPMASKMOVD (DX)(AX*4), Y15, Y2 // b = b[i:]
	VPCMPEQD   Y2, Y1, Y1          // v = a is b ? −1 : 0
	VANDPS     Y14, Y1, Y1         // v = v ? 1 : 0
	CMPQ       CX, $8
	JLT        last
	VMOVUPS    Y1, (DI)(AX*4)      // y[i:] = v
	ADDQ       $8, AX              // i += 8
	SUBQ       $8, CX              // n -= 8
	JGT        loop
	JMP        done

last:
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = v, the lanes that exist

done:
	VZEROUPPER
	RET

// func greater_f32_avx2(y []int32, x []float32, threshold float32)
TEXT ·greater_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ         y_base+0(FP), DI      // DI = y
	MOVQ         y_len+8(FP), CX       // CX = n, the elements to go
	MOVQ         x_base+24(FP), SI     // SI = x
	VBROADCASTSS threshold+48(FP), Y14 // Y14 = threshold
	XORL         AX, AX                // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES8(CX, Y15)                // Y15 = the lanes that exist
	VMASKMOVPS (SI)(AX*4), Y15, Y1 // x = x[i:]
	VCMPPS     $0x1e, Y14, Y1, Y1  // v = x > threshold ? −1 : 0
	VPSRLD     $31, Y1, Y1         // v = v ? 1 : 0
	CMPQ       CX, $8
	JLT        last
	VMOVDQU    Y1, (DI)(AX*4)      // y[i:] = v
	ADDQ       $8, AX              // i += 8
	SUBQ       $8, CX              // n -= 8
	JGT        loop
	JMP        done

last:
	VPMASKMOVD Y1, Y15, (DI)(AX*4) // y[i:] = v, the lanes that exist

done:
	VZEROUPPER
	RET
