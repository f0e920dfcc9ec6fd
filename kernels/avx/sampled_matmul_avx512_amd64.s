//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Sampled products in AVX-512: see sampled_matmul.go, and the Go loops at the declarations.

// MERGE reduces two registers to one: in each, every lane is added to the lane n away. The sums go to
// a: those of a into the lanes whose bit is 0 in K1…K4, those of b into the others.

// n = 8: a = [a.lo + a.hi, b.lo + b.hi], where lo and hi are 8 lanes
#define MERGE8(a, b) \
	VSHUFF64X2 $0x4e, b, a, Z30; \ // a.hi, b.lo
	VBLENDMPS  b, a, K1, a;      \ // a.lo, b.hi
	VADDPS     Z30, a, a

// n = 4
#define MERGE4(a, b) \
	VBLENDMPS  a, b, K2, Z30; \
	VBLENDMPS  b, a, K2, a; \
	VSHUFF64X2 $0xb1, Z30, Z30, Z30; \ // swap groups of 4 lanes
	VADDPS     Z30, a, a

// n = 2
#define MERGE2(a, b) \
	VSHUFPS   $0x4e, b, a, Z30; \ // of each 4 lanes: a2, a3, b0, b1
	VBLENDMPS b, a, K3, a;      \ // a0, a1, b2, b3
	VADDPS    Z30, a, a

// n = 1
#define MERGE1(a, b) \
	VBLENDMPS a, b, K4, Z30; \
	VBLENDMPS b, a, K4, a; \
	VPERMILPS $0xb1, Z30, Z30; \ // swap neighbours
	VADDPS    Z30, a, a

// Z8 = the next 16 columns of a row of C: the sums from DX on where AX has bits, else 0. K7 gets the
// bits.
#define EXPAND \
	KMOVW       AX, K7; \
	MOVWLZX     AX, R15; \
	POPCNTL     R15, R15; \
	VEXPANDPS.Z (DX), K7, Z8; \
	LEAQ        (DX)(R15*4), DX; \
	SHRL        $16, AX

// Registers: DI = s, SI the row of A, BX = B, R14 its step, CX the rows left, R11 the row's word of
// open, DX the end of the products; R8 and R9 the first row's word and C that are not written yet;
// R10, R12 and R13 prefetch addresses: the gate, B and C. Z0…Z7 hold the row of A.

// func sampled_matmul_f32_avx512(s *sampled)
TEXT ·sampled_matmul_f32_avx512(SB), NOSPLIT, $0-8
	MOVQ  s+0(FP), DI
	MOVL  $0xff00, AX
	KMOVW AX, K1
	MOVL  $0xf0f0, AX
	KMOVW AX, K2
	MOVL  $0xcccc, AX
	KMOVW AX, K3
	MOVL  $0xaaaa, AX
	KMOVW AX, K4
	MOVQ  sampled_a(DI), SI
	MOVQ  sampled_b(DI), BX
	MOVQ  sampled_bStep(DI), R14
	MOVQ  sampled_m(DI), CX
	MOVQ  sampled_open(DI), R8
	MOVQ  sampled_c(DI), R9
	MOVQ  sampled_aheadGate(DI), R10
	MOVQ  sampled_aheadB(DI), R12
	MOVQ  sampled_aheadC(DI), R13
	MOVQ  R8, R11

group:
	MOVQ sampled_sums(DI), DX

row:
	MOVL       (R11), AX
	VMOVUPS    (SI), Z0
	VMOVUPS    64(SI), Z1
	VMOVUPS    128(SI), Z2
	VMOVUPS    192(SI), Z3
	VMOVUPS    256(SI), Z4
	VMOVUPS    320(SI), Z5
	VMOVUPS    384(SI), Z6
	VMOVUPS    448(SI), Z7
	PREFETCHT1 (R12)
	PREFETCHT1 64(R12)
	PREFETCHT1 (R10)
	PREFETCHT1 64(R10)
	PREFETCHT0 (R13)
	PREFETCHT0 64(R13)
	ADDQ       $128, R12
	ADDQ       sampled_cStep(DI), R10
	ADDQ       sampled_cStep(DI), R13
	ADDQ       sampled_aStep(DI), SI
	ADDQ       sampled_openStep(DI), R11
	TESTL      AX, AX
	JZ         next

	PCALIGN $32
column:
	TZCNTL      AX, R15
	BLSRL       AX, AX
	IMULQ       R14, R15
	VMULPS      (BX)(R15*1), Z0, Z8
	VFMADD231PS 64(BX)(R15*1), Z1, Z8
	VFMADD231PS 128(BX)(R15*1), Z2, Z8
	VFMADD231PS 192(BX)(R15*1), Z3, Z8
	VFMADD231PS 256(BX)(R15*1), Z4, Z8
	VFMADD231PS 320(BX)(R15*1), Z5, Z8
	VFMADD231PS 384(BX)(R15*1), Z6, Z8
	VFMADD231PS 448(BX)(R15*1), Z7, Z8
	VMOVUPS     Z8, (DX)
	ADDQ        $64, DX
	TESTL       AX, AX
	JNZ         column

next:
	DECQ CX
	JZ   products
	MOVQ DX, R15
	SUBQ sampled_sums(DI), R15
	CMPQ R15, $(const_sampledProducts*64)
	JLT  row

	// Add up the lanes of the products, 16 products at a time. The sums overwrite the products.
products:
	MOVQ sampled_sums(DI), R15
	MOVQ R15, AX
	CMPQ R15, DX
	JGE  summed

sum:
	VMOVUPS (R15), Z8
	VMOVUPS 64(R15), Z9
	VMOVUPS 128(R15), Z10
	VMOVUPS 192(R15), Z11
	VMOVUPS 256(R15), Z12
	VMOVUPS 320(R15), Z13
	VMOVUPS 384(R15), Z14
	VMOVUPS 448(R15), Z15
	VMOVUPS 512(R15), Z16
	VMOVUPS 576(R15), Z17
	VMOVUPS 640(R15), Z18
	VMOVUPS 704(R15), Z19
	VMOVUPS 768(R15), Z20
	VMOVUPS 832(R15), Z21
	VMOVUPS 896(R15), Z22
	VMOVUPS 960(R15), Z23
	MERGE8(Z8, Z16)
	MERGE8(Z9, Z17)
	MERGE8(Z10, Z18)
	MERGE8(Z11, Z19)
	MERGE8(Z12, Z20)
	MERGE8(Z13, Z21)
	MERGE8(Z14, Z22)
	MERGE8(Z15, Z23)
	MERGE4(Z8, Z12)
	MERGE4(Z9, Z13)
	MERGE4(Z10, Z14)
	MERGE4(Z11, Z15)
	MERGE2(Z8, Z10)
	MERGE2(Z9, Z11)
	MERGE1(Z8, Z9)
	VMOVUPS Z8, (AX)
	ADDQ    $64, AX
	ADDQ    $1024, R15
	CMPQ    R15, DX
	JLT     sum

summed:
	MOVQ sampled_sums(DI), DX

write:
	MOVL (R8), AX
	ADDQ sampled_openStep(DI), R8
	CMPB sampled_add(DI), $0
	JNE  add
	MOVL  sampled_columns(DI), R15
	KMOVW R15, K5
	SHRL  $16, R15
	KMOVW R15, K6
	EXPAND
	VMOVUPS Z8, K5, (R9)
	EXPAND
	VMOVUPS Z8, K6, 64(R9)

written:
	ADDQ  sampled_cStep(DI), R9
	CMPQ  R8, R11
	JLT   write
	TESTQ CX, CX
	JNZ   group
	VZEROUPPER
	RET

add:
	EXPAND
	VADDPS.Z (R9), Z8, K7, Z8
	VMOVUPS  Z8, K7, (R9)
	EXPAND
	VADDPS.Z 64(R9), Z8, K7, Z8
	VMOVUPS  Z8, K7, 64(R9)
	JMP      written

// Registers: DI = open, R8 its step, SI the row of x, R9 its step, DX the columns, CX the rows left;
// R10 the offset in the row in bytes, R11 the columns left, R12 the address in the row of open, R13
// the row to prefetch. Z0 is 0.

// func positive_f32_avx512(open *uint32, openStep int, x *float32, xStep, columns, rows int)
TEXT ·positive_f32_avx512(SB), NOSPLIT, $0-48
	MOVQ   open+0(FP), DI
	MOVQ   openStep+8(FP), R8
	MOVQ   x+16(FP), SI
	MOVQ   xStep+24(FP), R9
	MOVQ   columns+32(FP), DX
	MOVQ   rows+40(FP), CX
	VPXORD Z0, Z0, Z0
	LEAQ   (SI)(R9*4), R13 // four rows ahead

row:
	MOVQ DI, R12
	XORL R10, R10
	MOVQ DX, R11

loop:
	SUBQ       $32, R11
	JLT        rest
	PREFETCHT0 (R13)(R10*1)
	PREFETCHT0 64(R13)(R10*1)
	VMOVUPS    (SI)(R10*1), Z1
	VMOVUPS    64(SI)(R10*1), Z2
	VCMPPS     $0x1e, Z0, Z1, K1 // greater than 0, and not NaN
	VCMPPS     $0x1e, Z0, Z2, K2
	KUNPCKWD   K1, K2, K1
	KMOVD      K1, (R12)
	ADDQ       $4, R12
	ADDQ       $128, R10
	JMP        loop

rest:
	ADDQ $32, R11
	JZ   next
	MOVL $-1, AX
	BZHIL R11, AX, AX
	KMOVW AX, K1
	SHRL  $16, AX
	KMOVW AX, K2
	VMOVUPS.Z (SI)(R10*1), K1, Z1
	VMOVUPS.Z 64(SI)(R10*1), K2, Z2
	VCMPPS     $0x1e, Z0, Z1, K1
	VCMPPS     $0x1e, Z0, Z2, K2
	KUNPCKWD   K1, K2, K1
	KMOVD      K1, (R12)

next:
	ADDQ R8, DI
	ADDQ R9, SI
	ADDQ R9, R13
	DECQ CX
	JNZ  row
	VZEROUPPER
	RET
