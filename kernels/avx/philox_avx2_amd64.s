//go:build !purego

// Dropout and uniform random numbers from Philox4x32-10.
// Shapes: all slices have n elements; counter i gives the bits of elements 4·i to 4·i+3.
// Idea: 4 counters at once, for 16 elements. The masks are bit for bit those of kernels.Philox. (The
// constants are in philox_avx512_amd64.s.)

#include "textflag.h"
#include "lanes_amd64.h"
#include "philox_amd64.h"

// bits8 has, in each of 8 lanes, the lane's bit.
DATA ·bits8+0(SB)/8, $0x0000000200000001
DATA ·bits8+8(SB)/8, $0x0000000800000004
DATA ·bits8+16(SB)/8, $0x0000002000000010
DATA ·bits8+24(SB)/8, $0x0000008000000040
GLOBL ·bits8(SB), RODATA|NOPTR, $32

// LANES8X2: Y14 and Y15 = the valid lanes of two vectors when n elements are left.
#define LANES8X2(n) \
	XORL    R8, R8     \
	MOVQ    n, R10     \
	SUBQ    $8, R10    \ // R10 = max(n−8, 0)
	CMOVQLT R8, R10    \
	LANES8(n, Y14)     \
	LANES8(R10, Y15)

// func dropout_f32_avx2(y, x []float32, kept []uint32, keys *[10][2]uint32, block, step, layer, threshold uint32, scale float32, m Mode)
TEXT ·dropout_f32_avx2(SB), NOSPLIT, $0-101
	MOVQ         y_base+0(FP), DI              // DI = y
	MOVQ         y_len+8(FP), CX               // CX = n, the elements left
	MOVQ         x_base+24(FP), SI             // SI = x
	MOVQ         kept_base+48(FP), BX          // BX = kept
	MOVQ         keys+72(FP), R13              // R13 = the rounds' keys
	VBROADCASTSS block+80(FP), Y8
	VPADDD       ·counters4(SB), Y8, Y8        // Y8 = word 0 of 4 counters: block and the next three
	VBROADCASTSS step+84(FP), Y9               // Y9 = word 1: step
	VBROADCASTSS layer+88(FP), Y10             // Y10 = word 2: layer
	VBROADCASTSS threshold+92(FP), Y11         // Y11 = threshold
	VBROADCASTSS scale+96(FP), Y12             // Y12 = scale
	MOVBLZX      m+100(FP), R9                  // R9 = m
	VPBROADCASTD ·philox_multipliers+0(SB), Y6 // Y6, Y7 = the multipliers
	VPBROADCASTD ·philox_multipliers+4(SB), Y7
	TESTQ        CX, CX
	JLE          done

loop:
	VMOVDQA      Y8, Y0        // counters = block … block+3, step, layer, 0
	VMOVDQA      Y9, Y1
	VMOVDQA      Y10, Y2
	VPXOR        Y3, Y3, Y3
	PHILOX_AVX2
	PHILOX_ORDER_AVX2          // Y0 = bits of elements 0 to 7, Y1 = of 8 to 15
	MOVL         $4, R8
	VMOVD        R8, X4
	VPBROADCASTD X4, Y4
	VPADDD       Y4, Y8, Y8    // block += 4
	VPSRLD       $8, Y0, Y0    // bits >>= 8
	VPSRLD       $8, Y1, Y1
	VPCMPGTD     Y0, Y11, Y0   // Y0, Y1 = threshold > bits: those to drop
	VPCMPGTD     Y1, Y11, Y1
	VMOVMSKPS    Y0, R8
	VMOVMSKPS    Y1, R10
	SHLL         $8, R10
	ORL          R10, R8
	NOTL         R8
	MOVW         R8, (BX)      // kept = 16 bits of those to keep
	ADDQ         $2, BX
	CMPQ         CX, $16
	JLT          last
	VMULPS       (SI), Y12, Y2 // v = x·scale
	VMULPS       32(SI), Y12, Y3
	VANDNPS      Y2, Y0, Y0    // v = dropped ? 0 : v
	VANDNPS      Y3, Y1, Y1
	TESTL        R9, R9
	JZ           store
	VADDPS       (DI), Y0, Y0  // if m: v += y
	VADDPS       32(DI), Y1, Y1

store:
	VMOVUPS Y0, (DI) // y = v
	VMOVUPS Y1, 32(DI)
	ADDQ    $64, SI  // to the next 16 elements
	ADDQ    $64, DI
	SUBQ    $16, CX  // n -= 16
	JGT     loop
	JMP     done

last:
	LANES8X2(CX)             // Y14, Y15 = the valid lanes
	VMASKMOVPS (SI), Y14, Y2 // v = x·scale
	VMASKMOVPS 32(SI), Y15, Y3
	VMULPS     Y12, Y2, Y2
	VMULPS     Y12, Y3, Y3
	VANDNPS    Y2, Y0, Y0    // v = dropped ? 0 : v
	VANDNPS    Y3, Y1, Y1
	TESTL      R9, R9
	JZ         storeLast
	VMASKMOVPS (DI), Y14, Y2 // if m: v += y
	VMASKMOVPS 32(DI), Y15, Y3
	VADDPS     Y2, Y0, Y0
	VADDPS     Y3, Y1, Y1

storeLast:
	VMASKMOVPS Y0, Y14, (DI) // y = v
	VMASKMOVPS Y1, Y15, 32(DI)

done:
	VZEROUPPER
	RET

// func keep_f32_avx2(y, x []float32, kept []uint32, scale float32, m Mode)
TEXT ·keep_f32_avx2(SB), NOSPLIT, $0-77
	MOVQ         y_base+0(FP), DI     // DI = y
	MOVQ         y_len+8(FP), CX      // CX = n, the elements left
	MOVQ         x_base+24(FP), SI    // SI = x
	MOVQ         kept_base+48(FP), BX // BX = kept
	VBROADCASTSS scale+72(FP), Y12    // Y12 = scale
	MOVBLZX      m+76(FP), R9         // R9 = m
	VMOVDQU      ·bits8(SB), Y11      // Y11 = the bit of each lane
	TESTQ        CX, CX
	JLE          done

loop:
	MOVBLZX      (BX), R8
	VMOVD        R8, X0
	VPBROADCASTD X0, Y0
	VPAND        Y11, Y0, Y0
	VPCMPEQD     Y11, Y0, Y0     // Y0 = those to keep
	CMPQ         CX, $8
	JLT          last
	VMULPS       (SI), Y12, Y2   // v = kept ? x·scale : 0
	VANDPS       Y2, Y0, Y0
	TESTL        R9, R9
	JZ           store
	VADDPS       (DI), Y0, Y0    // if m: v += y

store:
	VMOVUPS Y0, (DI) // y = v
	INCQ    BX
	ADDQ    $32, SI  // to the next 8 elements
	ADDQ    $32, DI
	SUBQ    $8, CX   // n -= 8
	JGT     loop
	JMP     done

last:
	LANES8(CX, Y14)          // Y14 = the valid lanes
	VMASKMOVPS (SI), Y14, Y2 // v = kept ? x·scale : 0
	VMULPS     Y12, Y2, Y2
	VANDPS     Y2, Y0, Y0
	TESTL      R9, R9
	JZ         storeLast
	VMASKMOVPS (DI), Y14, Y2 // if m: v += y
	VADDPS     Y2, Y0, Y0

storeLast:
	VMASKMOVPS Y0, Y14, (DI) // y = v

done:
	VZEROUPPER
	RET

// func uniform_f32_avx2(y []float32, keys *[10][2]uint32, block uint32, low, scale float32)
TEXT ·uniform_f32_avx2(SB), NOSPLIT, $0-44
	MOVQ         y_base+0(FP), DI              // DI = y
	MOVQ         y_len+8(FP), CX               // CX = n, the elements left
	MOVQ         keys+24(FP), R13              // R13 = the rounds' keys
	VBROADCASTSS block+32(FP), Y8
	VPADDD       ·counters4(SB), Y8, Y8        // Y8 = word 0 of 4 counters: block and the next three
	VBROADCASTSS low+36(FP), Y11               // Y11 = low
	VBROADCASTSS scale+40(FP), Y12             // Y12 = scale
	VPBROADCASTD ·philox_multipliers+0(SB), Y6 // Y6, Y7 = the multipliers
	VPBROADCASTD ·philox_multipliers+4(SB), Y7
	MOVL         $1, R8
	VMOVD        R8, X9
	VPBROADCASTD X9, Y9                        // Y9 = 1
	VPSLLD       $2, Y9, Y10                   // Y10 = 4
	TESTQ        CX, CX
	JLE          done

loop:
	VMOVDQA     Y8, Y0       // counters = block … block+3, 0, 0, 1
	VPXOR       Y1, Y1, Y1
	VPXOR       Y2, Y2, Y2
	VMOVDQA     Y9, Y3
	VPADDD      Y10, Y8, Y8  // block += 4
	PHILOX_AVX2
	PHILOX_ORDER_AVX2        // Y0 = bits of elements 0 to 7, Y1 = of 8 to 15
	VPSRLD      $8, Y0, Y0   // bits >>= 8
	VPSRLD      $8, Y1, Y1
	VCVTDQ2PS   Y0, Y0       // v = float32(bits)
	VCVTDQ2PS   Y1, Y1
	VFMADD213PS Y11, Y12, Y0 // v = v·scale + low
	VFMADD213PS Y11, Y12, Y1
	CMPQ        CX, $16
	JLT         last
	VMOVUPS     Y0, (DI)     // y = v
	VMOVUPS     Y1, 32(DI)
	ADDQ        $64, DI      // to the next 16 elements
	SUBQ        $16, CX      // n -= 16
	JGT         loop
	JMP         done

last:
	LANES8X2(CX)             // Y14, Y15 = the valid lanes
	VMASKMOVPS Y0, Y14, (DI) // y = v
	VMASKMOVPS Y1, Y15, 32(DI)

done:
	VZEROUPPER
	RET
