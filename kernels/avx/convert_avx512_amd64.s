//go:build !purego

// Conversions on the way into and out of training: images from uint8 to float32, and comparisons to 1
// and 0.
// Shapes: gathered rows have width elements each; other slices have n elements.
// Idea: 16 bytes widen to 16 floats in two instructions; a comparison gives a mask, which selects
// ones. The rows of a batch are anywhere in a data set, which hardware prefetching cannot follow: so
// while one row is copied, a later one is prefetched.

#include "textflag.h"
#include "lanes_amd64.h"
#include "gather_amd64.h"

// func gather_u8_f32_avx512(y []float32, x []uint8, index []int32, rows, width, ahead int, scale, shift float32)
TEXT ·gather_u8_f32_avx512(SB), NOSPLIT, $0-104
	MOVQ         y_base+0(FP), DI      // DI = the row of y
	MOVQ         x_base+24(FP), SI     // SI = x
	MOVQ         index_base+48(FP), R8 // R8 = the row's place in the index
	MOVQ         index_len+56(FP), R9  // R9 = how much of the index is left
	MOVQ         rows+72(FP), R10      // R10 = the rows left
	MOVQ         width+80(FP), R13     // R13 = the elements of a row
	VBROADCASTSS scale+96(FP), Z14     // Z14 = scale
	VBROADCASTSS shift+100(FP), Z13    // Z13 = shift
	TESTQ        R10, R10
	JLE          done

row:
	GATHER_ROW(R13) // BX = the row of x; another one is fetched
	XORL AX, AX     // AX = i = 0
	MOVQ R13, CX
	SUBQ $64, CX    // CX = n − 64, for the n elements left
	JLT  vectors

line:
	VPMOVZXBD   (BX)(AX*1), Z1    // v = x[i:], 64 of them as int32
	VPMOVZXBD   16(BX)(AX*1), Z2
	VPMOVZXBD   32(BX)(AX*1), Z3
	VPMOVZXBD   48(BX)(AX*1), Z4
	VCVTDQ2PS   Z1, Z1            // as float32
	VCVTDQ2PS   Z2, Z2
	VCVTDQ2PS   Z3, Z3
	VCVTDQ2PS   Z4, Z4
	VFMADD213PS Z13, Z14, Z1      // v = v·scale + shift
	VFMADD213PS Z13, Z14, Z2
	VFMADD213PS Z13, Z14, Z3
	VFMADD213PS Z13, Z14, Z4
	VMOVUPS     Z1, (DI)(AX*4)    // y[i:] = v
	VMOVUPS     Z2, 64(DI)(AX*4)
	VMOVUPS     Z3, 128(DI)(AX*4)
	VMOVUPS     Z4, 192(DI)(AX*4)
	ADDQ        $64, AX           // i += 64
	SUBQ        $64, CX           // n −= 64
	JGE         line

vectors:
	ADDQ $64, CX // CX = n, at most 63
	JLE  next

vector:
	LANES16(CX, K1)                // K1 = the valid lanes
	VPMOVZXBD.Z (BX)(AX*1), K1, Z1 // v = x[i:], as int32
	VCVTDQ2PS   Z1, Z1             // as float32
	VFMADD213PS Z13, Z14, Z1       // v = v·scale + shift
	VMOVUPS     Z1, K1, (DI)(AX*4) // y[i:] = v
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n −= 16
	JGT         vector

next:
	LEAQ (DI)(R13*4), DI // to the next row
	ADDQ $4, R8
	DECQ R9
	DECQ R10
	JGT  row

done:
	VZEROUPPER
	RET

// func equal_i32_avx512(y []float32, a, b []int32)
TEXT ·equal_i32_avx512(SB), NOSPLIT, $0-72
	MOVQ         y_base+0(FP), DI  // DI = y
	MOVQ         y_len+8(FP), CX   // CX = n, the elements left
	MOVQ         a_base+24(FP), SI // SI = a
	MOVQ         b_base+48(FP), DX // DX = b
	VBROADCASTSS ·one_f32(SB), Z14 // Z14 = 1
	XORL         AX, AX            // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                    // K1 = the valid lanes
	VMOVDQU32.Z (SI)(AX*4), K1, Z1     // a = a[i:]
	VPCMPEQD    (DX)(AX*4), Z1, K1, K3 // K3 = a is b[i:]
	VMOVAPS.Z   Z14, K3, Z1            // v = K3 ? 1 : 0
	VMOVUPS     Z1, K1, (DI)(AX*4)     // y[i:] = v
	ADDQ        $16, AX                // i += 16
	SUBQ        $16, CX                // n -= 16
	JGT         loop

done:
	VZEROUPPER
	RET

// func greater_f32_avx512(y []int32, x []float32, threshold float32)
TEXT ·greater_f32_avx512(SB), NOSPLIT, $0-52
	MOVQ         y_base+0(FP), DI      // DI = y
	MOVQ         y_len+8(FP), CX       // CX = n, the elements left
	MOVQ         x_base+24(FP), SI     // SI = x
	VBROADCASTSS threshold+48(FP), Z14 // Z14 = threshold
	MOVL         $1, R8
	VPBROADCASTD R8, Z13               // Z13 = 1
	XORL         AX, AX                // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                    // K1 = the valid lanes
	VMOVUPS.Z   (SI)(AX*4), K1, Z1     // x = x[i:]
	VCMPPS      $0x1e, Z14, Z1, K1, K3 // K3 = x > threshold
	VMOVDQA32.Z Z13, K3, Z1            // v = K3 ? 1 : 0
	VMOVDQU32   Z1, K1, (DI)(AX*4)     // y[i:] = v
	ADDQ        $16, AX                // i += 16
	SUBQ        $16, CX                // n -= 16
	JGT         loop

done:
	VZEROUPPER
	RET
