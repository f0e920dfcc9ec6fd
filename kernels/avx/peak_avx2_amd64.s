//go:build !purego

#include "textflag.h"

// The processor's peak in AVX2 with FMA, in multiply-adds and in copied bytes.

#define FMA4(y0, y1, y2, y3) \
	VFMADD231PS Y14, Y15, y0 \ // y0 += a * b
	VFMADD231PS Y14, Y15, y1 \
	VFMADD231PS Y14, Y15, y2 \
	VFMADD231PS Y14, Y15, y3

// func peak_fma_avx2(loops int)
TEXT ·peak_fma_avx2(SB), NOSPLIT, $0-8
	MOVQ   loops+0(FP), CX // CX = loops
	VXORPS Y14, Y14, Y14   // a = 0, so that no sum overflows
	VXORPS Y15, Y15, Y15   // b = 0

loop:
	CMPQ CX, $0
	JLE  end
	FMA4(Y0, Y1, Y2, Y3)
	FMA4(Y4, Y5, Y6, Y7)
	FMA4(Y8, Y9, Y10, Y11)
	DECQ CX
	JMP  loop

end:
	VZEROUPPER
	RET

// func peak_copy_avx2(dst, src *float32, n int)
TEXT ·peak_copy_avx2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	CMPQ CX, $32
	JLT  end
	VMOVUPS  (SI), Y0   // 32 floats at a time
	VMOVUPS  32(SI), Y1
	VMOVUPS  64(SI), Y2
	VMOVUPS  96(SI), Y3
	VMOVNTPS Y0, (DI)   // bypass the caches: nobody reads it soon
	VMOVNTPS Y1, 32(DI)
	VMOVNTPS Y2, 64(DI)
	VMOVNTPS Y3, 96(DI)
	ADDQ     $128, SI
	ADDQ     $128, DI
	SUBQ     $32, CX
	JMP      loop

end:
	SFENCE
	VZEROUPPER
	RET
