//go:build !purego

// The optimizers' steps, elementwise, with the formulas of kernels.Device. The caller computes what
// is the same for all elements.
// Shapes: all slices have the same n elements.
// Idea: every array is read once and written once. The divider is the bottleneck, so RMSprop and Adam
// process two registers at a time, and take the roots of one of them by multiplications
// (root_amd64.h). The addend of a multiply-add comes from memory: with three registers it waits for
// stores on a Zen 4. And everything is read before anything is stored, so that arrays a multiple of 4
// KB apart don't wait for each other.

#include "textflag.h"
#include "lanes_amd64.h"
#include "subnormal_amd64.h"
#include "root_amd64.h"

// root_f32 has the bounds of root_amd64.h: the bits of 2⁻¹⁰⁰, and the distance from them to those of
// Inf.
DATA ·root_f32+0(SB)/4, $0x0d800000
DATA ·root_f32+4(SB)/4, $0x72000000
GLOBL ·root_f32(SB), RODATA|NOPTR, $8

// func sgd_momentum_f32_avx512(w, g, v []float32, rate, momentum float32)
TEXT ·sgd_momentum_f32_avx512(SB), NOSPLIT, $8-80
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements left
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         v_base+48(FP), DX    // DX = v
	VBROADCASTSS rate+72(FP), Z14     // Z14 = rate
	VBROADCASTSS momentum+76(FP), Z13 // Z13 = momentum
	XORL         AX, AX               // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the valid lanes
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // g = g[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // v = v[i:]
	VMULPS      Z14, Z1, Z1        // s = rate·g
	VFMSUB213PS Z1, Z13, Z2        // v = momentum·v − s
	VMOVUPS.Z   (DI)(AX*4), K1, Z3 // w = w[i:]
	VADDPS      Z2, Z3, Z3         // w += v
	VMOVUPS     Z2, K1, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Z3, K1, (DI)(AX*4) // w[i:] = w
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func sgd_nesterov_f32_avx512(w, g, v []float32, rate, momentum float32)
TEXT ·sgd_nesterov_f32_avx512(SB), NOSPLIT, $8-80
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements left
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         v_base+48(FP), DX    // DX = v
	VBROADCASTSS rate+72(FP), Z14     // Z14 = rate
	VBROADCASTSS momentum+76(FP), Z13 // Z13 = momentum
	XORL         AX, AX               // AX = i = 0
	TESTQ        CX, CX
	JLE          done

loop:
	LANES16(CX, K1)                // K1 = the valid lanes
	VMOVUPS.Z   (SI)(AX*4), K1, Z1 // g = g[i:]
	VMOVUPS.Z   (DX)(AX*4), K1, Z2 // v = v[i:]
	VMULPS      Z14, Z1, Z1        // s = rate·g
	VFMSUB213PS Z1, Z13, Z2        // v = momentum·v − s
	VFMSUB231PS Z13, Z2, Z1        // s = momentum·v − s
	VMOVUPS.Z   (DI)(AX*4), K1, Z3 // w = w[i:]
	VADDPS      Z1, Z3, Z3         // w += s
	VMOVUPS     Z2, K1, (DX)(AX*4) // v[i:] = v
	VMOVUPS     Z3, K1, (DI)(AX*4) // w[i:] = w
	ADDQ        $16, AX            // i += 16
	SUBQ        $16, CX            // n -= 16
	JGT         loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

// func rmsprop_f32_avx512(w, g, v []float32, rate, rho, rest, epsilon float32)
TEXT ·rmsprop_f32_avx512(SB), NOSPLIT, $8-88
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI    // DI = w
	MOVQ         w_len+8(FP), CX     // CX = n, the elements left
	MOVQ         g_base+24(FP), SI   // SI = g
	MOVQ         v_base+48(FP), DX   // DX = v
	VBROADCASTSS rate+72(FP), Z14    // Z14 = rate
	VBROADCASTSS rho+76(FP), Z13     // Z13 = rho
	VBROADCASTSS rest+80(FP), Z12    // Z12 = rest
	VBROADCASTSS epsilon+84(FP), Z11 // Z11 = epsilon
	XORL         AX, AX              // AX = i = 0
	KXNORW       K1, K1, K1          // K1 = all lanes
	TESTQ        CX, CX
	JLE          done
	SUBQ         $32, CX             // two registers at a time
	JLT          rest
	ROOT_CONSTANTS(Z16, Z17, Z18, Z19)
	PCALIGN      $64

pair:
	VMOVUPS      (SI)(AX*4), Z1          // g = g[i:]
	VMOVUPS      64(SI)(AX*4), Z2
	VMULPS       Z1, Z1, Z3              // v = g²
	VMULPS       Z2, Z2, Z4
	VMULPS       Z12, Z3, Z3             // v *= rest
	VMULPS       Z12, Z4, Z4
	VFMADD231PS  (DX)(AX*4), Z13, Z3     // v += rho·v[i:]
	VFMADD231PS  64(DX)(AX*4), Z13, Z4
	VADDPS       Z11, Z3, Z5             // s = v + epsilon
	VADDPS       Z11, Z4, Z6
	ROOT32(Z5, Z7, Z6, Z8, Z9, Z10, Z16, Z17, Z18, Z19) // s = √s
	JNE          special

rooted:
	VDIVPS       Z7, Z1, Z1              // g /= s
	VDIVPS       Z8, Z2, Z2
	VFNMADD213PS (DI)(AX*4), Z14, Z1     // g = w[i:] − rate·g
	VFNMADD213PS 64(DI)(AX*4), Z14, Z2
	VMOVUPS      Z3, (DX)(AX*4)          // v[i:] = v
	VMOVUPS      Z4, 64(DX)(AX*4)
	VMOVUPS      Z1, (DI)(AX*4)          // w[i:] = g
	VMOVUPS      Z2, 64(DI)(AX*4)
	ADDQ         $32, AX                 // i += 32
	SUBQ         $32, CX                 // n −= 32
	JGE          pair

rest:
	ADDQ $32, CX
	JLE  done

loop:
	CMPQ CX, $16
	JLT  last

vector:
	VMOVUPS.Z      (SI)(AX*4), K1, Z1      // g = g[i:]
	VMULPS         Z1, Z1, Z3              // v = g²
	VMULPS         Z12, Z3, Z3             // v *= rest
	VFMADD231PS.Z  (DX)(AX*4), Z13, K1, Z3 // v += rho·v[i:]
	VADDPS         Z11, Z3, Z5             // s = v + epsilon
	VSQRTPS        Z5, Z5                  // s = √s
	VDIVPS         Z5, Z1, Z1              // g /= s
	VFNMADD213PS.Z (DI)(AX*4), Z14, K1, Z1 // g = w[i:] − rate·g
	VMOVUPS        Z3, K1, (DX)(AX*4)      // v[i:] = v
	VMOVUPS        Z1, K1, (DI)(AX*4)      // w[i:] = g
	ADDQ           $16, AX                 // i += 16
	SUBQ           $16, CX                 // n -= 16
	JGT            loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

last:
	LANES16(CX, K1) // K1 = the valid lanes
	JMP  vector

special:
	VSQRTPS Z6, Z8
	JMP     rooted

// func adam_f32_avx512(w, g, m, v []float32, alpha, rest1, rest2, epsilon, keep float32)
TEXT ·adam_f32_avx512(SB), NOSPLIT, $8-116
	FLUSH_SUBNORMALS
	MOVQ         w_base+0(FP), DI     // DI = w
	MOVQ         w_len+8(FP), CX      // CX = n, the elements left
	MOVQ         g_base+24(FP), SI    // SI = g
	MOVQ         m_base+48(FP), DX    // DX = m
	MOVQ         v_base+72(FP), BX    // BX = v
	VBROADCASTSS alpha+96(FP), Z14    // Z14 = alpha
	VBROADCASTSS rest1+100(FP), Z13   // Z13 = rest1
	VBROADCASTSS rest2+104(FP), Z12   // Z12 = rest2
	VBROADCASTSS epsilon+108(FP), Z11 // Z11 = epsilon
	VBROADCASTSS keep+112(FP), Z15    // Z15 = keep
	MOVL         keep+112(FP), R8     // R8 = its bits
	XORL         AX, AX               // AX = i = 0
	KXNORW       K1, K1, K1           // K1 = all lanes
	TESTQ        CX, CX
	JLE          done
	CMPL         R8, $0x3f800000
	JNE          loop                 // if keep == 1 {
	SUBQ         $32, CX              // two registers at a time
	JLT          rest
	ROOT_CONSTANTS(Z16, Z17, Z18, Z19)
	PCALIGN      $64

pair:
	VMOVUPS      (SI)(AX*4), Z1       // v = g = g[i:]
	VMOVUPS      64(SI)(AX*4), Z2
	VSUBPS       (DX)(AX*4), Z1, Z3   // m = g − m[i:]
	VSUBPS       64(DX)(AX*4), Z2, Z4
	VFMADD213PS  (DX)(AX*4), Z13, Z3  // m = m·rest1 + m[i:]
	VFMADD213PS  64(DX)(AX*4), Z13, Z4
	VFMSUB213PS  (BX)(AX*4), Z1, Z1   // v = g·g − v[i:]
	VFMSUB213PS  64(BX)(AX*4), Z2, Z2
	VFMADD213PS  (BX)(AX*4), Z12, Z1  // v = v·rest2 + v[i:]
	VFMADD213PS  64(BX)(AX*4), Z12, Z2
	ROOT32(Z1, Z5, Z2, Z6, Z7, Z8, Z16, Z17, Z18, Z19) // s = √v
	JNE          special

rooted:
	VADDPS       Z11, Z5, Z5          // s += epsilon
	VADDPS       Z11, Z6, Z6
	VDIVPS       Z5, Z3, Z5           // s = m/s
	VDIVPS       Z6, Z4, Z6
	VFNMADD213PS (DI)(AX*4), Z14, Z5  // s = w[i:] − alpha·s
	VFNMADD213PS 64(DI)(AX*4), Z14, Z6
	VMOVUPS      Z3, (DX)(AX*4)       // m[i:] = m
	VMOVUPS      Z4, 64(DX)(AX*4)
	VMOVUPS      Z1, (BX)(AX*4)       // v[i:] = v
	VMOVUPS      Z2, 64(BX)(AX*4)
	VMOVUPS      Z5, (DI)(AX*4)       // w[i:] = s
	VMOVUPS      Z6, 64(DI)(AX*4)
	ADDQ         $32, AX              // i += 32
	SUBQ         $32, CX              // n −= 32
	JGE          pair

rest:
	ADDQ $32, CX
	JLE  done // }

loop:
	CMPQ CX, $16
	JLT  last

vector:
	VMOVUPS.Z      (SI)(AX*4), K1, Z1      // g = g[i:]
	VSUBPS.Z       (DX)(AX*4), Z1, K1, Z2  // m = g − m[i:]
	VFMADD213PS.Z  (DX)(AX*4), Z13, K1, Z2 // m = m·rest1 + m[i:]
	VMOVAPS        Z1, Z3
	VFMSUB213PS.Z  (BX)(AX*4), Z1, K1, Z3  // v = g·g − v[i:]
	VFMADD213PS.Z  (BX)(AX*4), Z12, K1, Z3 // v = v·rest2 + v[i:]
	VSQRTPS        Z3, Z4                  // s = √v
	VADDPS         Z11, Z4, Z4             // s += epsilon
	VDIVPS         Z4, Z2, Z4              // s = m/s
	CMPL           R8, $0x3f800000
	JNE            decay                   // if keep == 1 {
	VFNMADD213PS.Z (DI)(AX*4), Z14, K1, Z4 // s = w[i:] − alpha·s
	JMP            store

decay:  // } else {
	VMULPS.Z     (DI)(AX*4), Z15, K1, Z5
	VFNMADD213PS Z5, Z14, Z4             // s = w[i:]·keep − alpha·s

store:  // }
	VMOVUPS Z2, K1, (DX)(AX*4) // m[i:] = m
	VMOVUPS Z3, K1, (BX)(AX*4) // v[i:] = v
	VMOVUPS Z4, K1, (DI)(AX*4) // w[i:] = s
	ADDQ    $16, AX            // i += 16
	SUBQ    $16, CX            // n -= 16
	JGT     loop

done:
	KEEP_SUBNORMALS
	VZEROUPPER
	RET

last:
	LANES16(CX, K1) // K1 = the valid lanes
	JMP  vector

special:
	VSQRTPS Z2, Z6
	JMP     rooted
