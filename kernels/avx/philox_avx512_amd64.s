//go:build !purego

// Dropout and uniform random numbers from Philox4x32-10.
// Shapes: all slices have n elements; counter i gives the bits of elements 4·i to 4·i+3.
// Idea: 8 counters at once, for 32 elements. The masks are bit for bit those of kernels.Philox.

#include "textflag.h"
#include "lanes_amd64.h"
#include "philox_amd64.h"

// The constants: two multipliers, and the orders of 8 and of 4 counters in which unpacking pairs of
// lanes leaves their words in the order of the elements.
DATA ·philox_multipliers+0(SB)/4, $0xd2511f53
DATA ·philox_multipliers+4(SB)/4, $0xcd9e8d57
GLOBL ·philox_multipliers(SB), RODATA|NOPTR, $8

DATA ·counters8+0(SB)/8, $0
DATA ·counters8+8(SB)/8, $4
DATA ·counters8+16(SB)/8, $1
DATA ·counters8+24(SB)/8, $5
DATA ·counters8+32(SB)/8, $2
DATA ·counters8+40(SB)/8, $6
DATA ·counters8+48(SB)/8, $3
DATA ·counters8+56(SB)/8, $7
GLOBL ·counters8(SB), RODATA|NOPTR, $64

DATA ·counters4+0(SB)/8, $0
DATA ·counters4+8(SB)/8, $2
DATA ·counters4+16(SB)/8, $1
DATA ·counters4+24(SB)/8, $3
GLOBL ·counters4(SB), RODATA|NOPTR, $32

// func dropout_f32_avx512(y, x []float32, kept []uint32, keys *[10][2]uint32, block, step, layer, threshold uint32, scale float32, m Mode)
TEXT ·dropout_f32_avx512(SB), NOSPLIT, $0-101
	MOVQ         y_base+0(FP), DI              // DI = y
	MOVQ         y_len+8(FP), CX               // CX = n, the elements left
	MOVQ         x_base+24(FP), SI             // SI = x
	MOVQ         kept_base+48(FP), BX          // BX = kept
	MOVQ         keys+72(FP), R13              // R13 = the rounds' keys
	VBROADCASTSS block+80(FP), Z8
	VPADDD       ·counters8(SB), Z8, Z8        // Z8 = word 0 of 8 counters: block and the next seven
	VBROADCASTSS step+84(FP), Z9               // Z9 = word 1: step
	VBROADCASTSS layer+88(FP), Z10             // Z10 = word 2: layer
	VBROADCASTSS threshold+92(FP), Z11         // Z11 = threshold
	VBROADCASTSS scale+96(FP), Z12             // Z12 = scale
	MOVBLZX      m+100(FP), R8                  // R8 = m
	MODE16(R8, K7)                             // K7 = all lanes if m is Accumulate, otherwise none
	VPBROADCASTD ·philox_multipliers+0(SB), Z6 // Z6, Z7 = the multipliers
	VPBROADCASTD ·philox_multipliers+4(SB), Z7
	MOVL         $8, R8
	VPBROADCASTD R8, Z13                       // Z13 = 8
	MOVL         $0xaaaa, R8
	KMOVW        R8, K6                        // K6 = every second lane
	TESTQ        CX, CX
	JLE          done

loop:
	VMOVDQA64 Z8, Z0              // counters = block … block+7, step, layer, 0
	VMOVDQA64 Z9, Z1
	VMOVDQA64 Z10, Z2
	VPXORD    Z3, Z3, Z3
	VPADDD    Z13, Z8, Z8         // block += 8
	PHILOX_AVX512
	PHILOX_ORDER_AVX512           // Z0 = bits of elements 0 to 15, Z1 = of 16 to 31
	VPSRLD    $8, Z0, Z0          // bits >>= 8
	VPSRLD    $8, Z1, Z1
	LANES32(CX, K1)               // K1 = the lanes of 0 to 15 that exist
	KSHIFTRD  $16, K1, K2         // K2 = of 16 to 31
	VPCMPUD   $5, Z11, Z0, K1, K3 // K3, K4 = bits ≥ threshold: those to keep
	VPCMPUD   $5, Z11, Z1, K2, K4
	KUNPCKWD  K3, K4, K5          // kept = 32 bits of them
	KMOVD     K5, (BX)
	VMULPS.Z  (SI), Z12, K3, Z0   // v = kept ? x·scale : 0
	VMULPS.Z  64(SI), Z12, K4, Z1
	KANDW     K1, K7, K3
	KANDW     K2, K7, K4
	VADDPS    (DI), Z0, K3, Z0    // if m: v += y
	VADDPS    64(DI), Z1, K4, Z1
	VMOVUPS   Z0, K1, (DI)        // y = v
	VMOVUPS   Z1, K2, 64(DI)
	ADDQ      $4, BX
	ADDQ      $128, SI            // to the next 32 elements
	ADDQ      $128, DI
	SUBQ      $32, CX             // n -= 32
	JGT       loop

done:
	VZEROUPPER
	RET

// func keep_f32_avx512(y, x []float32, kept []uint32, scale float32, m Mode)
TEXT ·keep_f32_avx512(SB), NOSPLIT, $0-77
	MOVQ         y_base+0(FP), DI     // DI = y
	MOVQ         y_len+8(FP), CX      // CX = n, the elements left
	MOVQ         x_base+24(FP), SI    // SI = x
	MOVQ         kept_base+48(FP), BX // BX = kept
	VBROADCASTSS scale+72(FP), Z12    // Z12 = scale
	MOVBLZX      m+76(FP), R8         // R8 = m
	MODE16(R8, K7)                    // K7 = all lanes if m is Accumulate, otherwise none
	TESTQ        CX, CX
	JLE          done

loop:
	LANES32(CX, K1)            // K1 = the lanes of 0 to 15 that exist
	KMOVD     (BX), K3
	KANDD     K1, K3, K3       // K3 = those to keep
	KSHIFTRD  $16, K1, K2      // K2, K4 = the same of 16 to 31
	KSHIFTRD  $16, K3, K4
	VMULPS.Z  (SI), Z12, K3, Z0   // v = kept ? x·scale : 0
	VMULPS.Z  64(SI), Z12, K4, Z1
	KANDW     K1, K7, K3
	KANDW     K2, K7, K4
	VADDPS    (DI), Z0, K3, Z0 // if m: v += y
	VADDPS    64(DI), Z1, K4, Z1
	VMOVUPS   Z0, K1, (DI)     // y = v
	VMOVUPS   Z1, K2, 64(DI)
	ADDQ      $4, BX
	ADDQ      $128, SI         // to the next 32 elements
	ADDQ      $128, DI
	SUBQ      $32, CX          // n -= 32
	JGT       loop

done:
	VZEROUPPER
	RET

// func uniform_f32_avx512(y []float32, keys *[10][2]uint32, block uint32, low, scale float32)
TEXT ·uniform_f32_avx512(SB), NOSPLIT, $0-44
	MOVQ         y_base+0(FP), DI              // DI = y
	MOVQ         y_len+8(FP), CX               // CX = n, the elements left
	MOVQ         keys+24(FP), R13              // R13 = the rounds' keys
	VBROADCASTSS block+32(FP), Z8
	VPADDD       ·counters8(SB), Z8, Z8        // Z8 = word 0 of 8 counters: block and the next seven
	VBROADCASTSS low+36(FP), Z11               // Z11 = low
	VBROADCASTSS scale+40(FP), Z12             // Z12 = scale
	VPBROADCASTD ·philox_multipliers+0(SB), Z6 // Z6, Z7 = the multipliers
	VPBROADCASTD ·philox_multipliers+4(SB), Z7
	MOVL         $8, R8
	VPBROADCASTD R8, Z13                       // Z13 = 8
	MOVL         $1, R8
	VPBROADCASTD R8, Z9                        // Z9 = 1
	MOVL         $0xaaaa, R8
	KMOVW        R8, K6                        // K6 = every second lane
	TESTQ        CX, CX
	JLE          done

loop:
	VMOVDQA64   Z8, Z0       // counters = block … block+7, 0, 0, 1
	VPXORD      Z1, Z1, Z1
	VPXORD      Z2, Z2, Z2
	VMOVDQA64   Z9, Z3
	VPADDD      Z13, Z8, Z8  // block += 8
	PHILOX_AVX512
	PHILOX_ORDER_AVX512      // Z0 = bits of elements 0 to 15, Z1 = of 16 to 31
	VPSRLD      $8, Z0, Z0   // bits >>= 8
	VPSRLD      $8, Z1, Z1
	LANES32(CX, K1)          // K1 = the lanes of 0 to 15 that exist
	KSHIFTRD    $16, K1, K2  // K2 = of 16 to 31
	VCVTDQ2PS   Z0, Z0       // v = float32(bits)
	VCVTDQ2PS   Z1, Z1
	VFMADD213PS Z11, Z12, Z0 // v = v·scale + low
	VFMADD213PS Z11, Z12, Z1
	VMOVUPS     Z0, K1, (DI) // y = v
	VMOVUPS     Z1, K2, 64(DI)
	ADDQ        $128, DI     // to the next 32 elements
	SUBQ        $32, CX      // n -= 32
	JGT         loop

done:
	VZEROUPPER
	RET
