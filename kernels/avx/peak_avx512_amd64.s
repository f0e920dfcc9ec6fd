//go:build !purego

#include "textflag.h"

// The processor's peak in AVX-512, in multiply-adds and in copied bytes.

#define FMA4(z0, z1, z2, z3) \
	VFMADD231PS Z30, Z31, z0 \ // z0 += a * b
	VFMADD231PS Z30, Z31, z1 \
	VFMADD231PS Z30, Z31, z2 \
	VFMADD231PS Z30, Z31, z3

// func peak_fma_avx512(loops int)
TEXT ·peak_fma_avx512(SB), NOSPLIT, $0-8
	MOVQ   loops+0(FP), CX // CX = loops
	VPXORD Z30, Z30, Z30   // a = 0, so that no sum overflows
	VPXORD Z31, Z31, Z31   // b = 0

loop:
	CMPQ CX, $0
	JLE  end
	FMA4(Z0, Z1, Z2, Z3)
	FMA4(Z4, Z5, Z6, Z7)
	FMA4(Z8, Z9, Z10, Z11)
	FMA4(Z12, Z13, Z14, Z15)
	FMA4(Z16, Z17, Z18, Z19)
	FMA4(Z20, Z21, Z22, Z23)
	DECQ CX
	JMP  loop

end:
	VZEROUPPER
	RET

// func peak_copy_avx512(dst, src *float32, n int)
TEXT ·peak_copy_avx512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	CMPQ CX, $64
	JLT  end
	VMOVUPS  (SI), Z0    // 64 floats at a time
	VMOVUPS  64(SI), Z1
	VMOVUPS  128(SI), Z2
	VMOVUPS  192(SI), Z3
	VMOVNTPS Z0, (DI)    // bypass the caches: nobody reads it soon
	VMOVNTPS Z1, 64(DI)
	VMOVNTPS Z2, 128(DI)
	VMOVNTPS Z3, 192(DI)
	ADDQ     $256, SI
	ADDQ     $256, DI
	SUBQ     $64, CX
	JMP      loop

end:
	SFENCE
	VZEROUPPER
	RET
