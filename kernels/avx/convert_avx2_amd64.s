//go:build !purego

// Conversions on the way into and out of training: images from uint8 to float32, and comparisons to 1
// and 0.
// Shapes: gathered rows have width elements each; other slices have n elements.
// Idea: 8 bytes widen to 8 floats in two instructions; a comparison gives a mask, which selects ones.
// The rows of a batch are anywhere in a data set, which hardware prefetching cannot follow: so while
// one row is copied, a later one is prefetched.

#include "textflag.h"
#include "lanes_amd64.h"
#include "gather_amd64.h"

// func gather_u8_f32_avx2(y []float32, x []uint8, index []int32, rows, width, ahead int, scale, shift float32)
TEXT ·gather_u8_f32_avx2(SB), NOSPLIT, $0-104
	MOVQ         y_base+0(FP), DI      // DI = the row of y
	MOVQ         x_base+24(FP), SI     // SI = x
	MOVQ         index_base+48(FP), R8 // R8 = the row's place in the index
	MOVQ         index_len+56(FP), R9  // R9 = how much of the index is left
	MOVQ         rows+72(FP), R10      // R10 = the rows left
	MOVQ         width+80(FP), R13     // R13 = the elements of a row
	VBROADCASTSS scale+96(FP), Y14     // Y14 = scale
	VBROADCASTSS shift+100(FP), Y13    // Y13 = shift
	TESTQ        R10, R10
	JLE          done

row:
	GATHER_ROW(R13) // BX = the row of x; another one is fetched
	XORL AX, AX     // AX = i = 0
	MOVQ R13, CX
	SUBQ $32, CX    // CX = n − 32, for the n elements left
	JLT  vectors

line:
	VPMOVZXBD   (BX)(AX*1), Y1   // v = x[i:], 32 of them as int32
	VPMOVZXBD   8(BX)(AX*1), Y2
	VPMOVZXBD   16(BX)(AX*1), Y3
	VPMOVZXBD   24(BX)(AX*1), Y4
	VCVTDQ2PS   Y1, Y1           // as float32
	VCVTDQ2PS   Y2, Y2
	VCVTDQ2PS   Y3, Y3
	VCVTDQ2PS   Y4, Y4
	VFMADD213PS Y13, Y14, Y1     // v = v·scale + shift
	VFMADD213PS Y13, Y14, Y2
	VFMADD213PS Y13, Y14, Y3
	VFMADD213PS Y13, Y14, Y4
	VMOVUPS     Y1, (DI)(AX*4)   // y[i:] = v
	VMOVUPS     Y2, 32(DI)(AX*4)
	VMOVUPS     Y3, 64(DI)(AX*4)
	VMOVUPS     Y4, 96(DI)(AX*4)
	ADDQ        $32, AX          // i += 32
	SUBQ        $32, CX          // n −= 32
	JGE         line

vectors:
	ADDQ $24, CX // CX = n − 8, for the n of the rest, at most 31
	JLT  rest

vector:
	VPMOVZXBD   (BX)(AX*1), Y1 // v = x[i:], as int32
	VCVTDQ2PS   Y1, Y1         // as float32
	VFMADD213PS Y13, Y14, Y1   // v = v·scale + shift
	VMOVUPS     Y1, (DI)(AX*4) // y[i:] = v
	ADDQ        $8, AX         // i += 8
	SUBQ        $8, CX         // n −= 8
	JGE         vector

rest:
	ADDQ $8, CX // n = the rest, at most 7: AVX2 has no masks for bytes
	JLE  next

single:
	MOVBLZX     (BX)(AX*1), R11 // v = x[i]
	VCVTSI2SSL  R11, X1, X1     // as float32
	VFMADD213SS X13, X14, X1    // v = v·scale + shift
	VMOVSS      X1, (DI)(AX*4)  // y[i] = v
	INCQ        AX              // i++
	DECQ        CX              // n--
	JGT         single

next:
	LEAQ (DI)(R13*4), DI // to the next row
	ADDQ $4, R8
	DECQ R9
	DECQ R10
	JGT  row

done:
	VZEROUPPER
	RET

// func gather_f32_avx2(y, x []float32, index []int32, rows, width, ahead int, scale, shift float32)
TEXT ·gather_f32_avx2(SB), NOSPLIT, $0-104
	MOVQ         y_base+0(FP), DI      // DI = the row of y
	MOVQ         x_base+24(FP), SI     // SI = x
	MOVQ         index_base+48(FP), R8 // R8 = the row's place in the index
	MOVQ         index_len+56(FP), R9  // R9 = how much of the index is left
	MOVQ         rows+72(FP), R10      // R10 = the rows left
	MOVQ         width+80(FP), R13
	SHLQ         $2, R13               // R13 = the bytes of a row
	VBROADCASTSS scale+96(FP), Y14     // Y14 = scale
	VBROADCASTSS shift+100(FP), Y13    // Y13 = shift
	TESTQ        R10, R10
	JLE          done

row:
	GATHER_ROW(R13) // BX = the row of x; another one is fetched
	XORL AX, AX     // AX = i = 0
	MOVQ width+80(FP), CX
	SUBQ $8, CX     // CX = n − 8, for the n elements left
	JLT  rest

vector:
	VMOVUPS     (BX)(AX*4), Y1 // v = x[i:]
	VFMADD213PS Y13, Y14, Y1   // v = v·scale + shift
	VMOVUPS     Y1, (DI)(AX*4) // y[i:] = v
	ADDQ        $8, AX         // i += 8
	SUBQ        $8, CX         // n −= 8
	JGE         vector

rest:
	ADDQ $8, CX // n = the rest, at most 7: masked stores are slow
	JLE  next

single:
	VMOVSS      (BX)(AX*4), X1 // v = x[i]
	VFMADD213SS X13, X14, X1   // v = v·scale + shift
	VMOVSS      X1, (DI)(AX*4) // y[i] = v
	INCQ        AX             // i++
	DECQ        CX             // n--
	JGT         single

next:
	ADDQ R13, DI // to the next row
	ADDQ $4, R8
	DECQ R9
	DECQ R10
	JGT  row

done:
	VZEROUPPER
	RET

// func equal_i32_avx2(y []float32, a, b []int32)
TEXT ·equal_i32_avx2(SB), NOSPLIT, $0-72
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         a_base+24(FP), SI // SI = a
	MOVQ         b_base+48(FP), DX // DX = b
	VBROADCASTSS ·one_f32(SB), Y14 // Y14 = 1
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES8(CX, Y15)                // Y15 = the valid lanes
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
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[i:] = v, the valid lanes

done:
	VZEROUPPER
	RET

// func greater_f32_avx2(y []int32, x []float32, threshold float32)
TEXT ·greater_f32_avx2(SB), NOSPLIT, $0-52
	MOVQ         y_base+0(FP), DI      // DI = y
	MOVQ         y_len+8(FP), CX       // CX = n, the elements left
	MOVQ         x_base+24(FP), SI     // SI = x
	VBROADCASTSS threshold+48(FP), Y14 // Y14 = threshold
	XORL         AX, AX                // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES8(CX, Y15)                // Y15 = the valid lanes
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
	VPMASKMOVD Y1, Y15, (DI)(AX*4) // y[i:] = v, the valid lanes

done:
	VZEROUPPER
	RET
