//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// Sampled products in AVX2: see sampled_matmul.go, and the Go loops at the declarations.

// MERGE reduces two registers to one: in each, every lane is added to the lane n away. The sums go to
// a: those of a into the lanes whose number has a 0 in bit n, those of b into the others.

#define MERGE4(a, b) \
	VPERM2F128 $0x21, b, a, Y15; \ // a4…7, b0…3
	VBLENDPS   $0xf0, b, a, a;   \ // a0…3, b4…7
	VADDPS     Y15, a, a

#define MERGE2(a, b) \
	VSHUFPS  $0x4e, b, a, Y15; \ // of each 4 lanes: a2, a3, b0, b1
	VBLENDPS $0xcc, b, a, a;   \ // a0, a1, b2, b3
	VADDPS   Y15, a, a

#define MERGE1(a, b) \
	VBLENDPS  $0xaa, a, b, Y15;  \ // of each 2 lanes: b0, a1
	VBLENDPS  $0xaa, b, a, a;    \ // a0, b1
	VPERMILPS $0xb1, Y15, Y15;   \ // a1, b0
	VADDPS    Y15, a, a

// Registers: DI = s, SI the row of A, BX = B, R14 its step, CX the rows left, R11 the row's word of
// open, DX the end of the products; R8 and R9 the first row's word and C that are not written yet;
// R10, R12 and R13 prefetch addresses: the gate, B and C. Y0…Y11 hold three quarters of the row of A,
// Y12 and Y13 the products of even and odd registers.

// func sampled_matmul_f32_avx2(s *sampled)
TEXT ·sampled_matmul_f32_avx2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ sampled_a(DI), SI
	MOVQ sampled_b(DI), BX
	MOVQ sampled_bStep(DI), R14
	MOVQ sampled_m(DI), CX
	MOVQ sampled_open(DI), R8
	MOVQ sampled_c(DI), R9
	MOVQ sampled_aheadGate(DI), R10
	MOVQ sampled_aheadB(DI), R12
	MOVQ sampled_aheadC(DI), R13
	MOVQ R8, R11

group:
	MOVQ sampled_sums(DI), DX

row:
	MOVL       (R11), AX
	VMOVUPS    (SI), Y0
	VMOVUPS    32(SI), Y1
	VMOVUPS    64(SI), Y2
	VMOVUPS    96(SI), Y3
	VMOVUPS    128(SI), Y4
	VMOVUPS    160(SI), Y5
	VMOVUPS    192(SI), Y6
	VMOVUPS    224(SI), Y7
	VMOVUPS    256(SI), Y8
	VMOVUPS    288(SI), Y9
	VMOVUPS    320(SI), Y10
	VMOVUPS    352(SI), Y11
	PREFETCHT0 (R12)
	PREFETCHT0 64(R12)
	PREFETCHT1 (R10)
	PREFETCHT1 64(R10)
	PREFETCHT0 (R13)
	PREFETCHT0 64(R13)
	ADDQ       $128, R12
	ADDQ       sampled_cStep(DI), R10
	ADDQ       sampled_cStep(DI), R13
	ADDQ       sampled_openStep(DI), R11
	TESTL      AX, AX
	JZ         next

	PCALIGN $32
column:
	TZCNTL      AX, R15
	BLSRL       AX, AX
	IMULQ       R14, R15
	VMULPS      (BX)(R15*1), Y0, Y12
	VMULPS      32(BX)(R15*1), Y1, Y13
	VFMADD231PS 64(BX)(R15*1), Y2, Y12
	VFMADD231PS 96(BX)(R15*1), Y3, Y13
	VFMADD231PS 128(BX)(R15*1), Y4, Y12
	VFMADD231PS 160(BX)(R15*1), Y5, Y13
	VFMADD231PS 192(BX)(R15*1), Y6, Y12
	VFMADD231PS 224(BX)(R15*1), Y7, Y13
	VFMADD231PS 256(BX)(R15*1), Y8, Y12
	VFMADD231PS 288(BX)(R15*1), Y9, Y13
	VFMADD231PS 320(BX)(R15*1), Y10, Y12
	VFMADD231PS 352(BX)(R15*1), Y11, Y13
	VMOVUPS     384(SI), Y14
	VMOVUPS     416(SI), Y15
	VFMADD231PS 384(BX)(R15*1), Y14, Y12
	VFMADD231PS 416(BX)(R15*1), Y15, Y13
	VMOVUPS     448(SI), Y14
	VMOVUPS     480(SI), Y15
	VFMADD231PS 448(BX)(R15*1), Y14, Y12
	VFMADD231PS 480(BX)(R15*1), Y15, Y13
	VADDPS      Y13, Y12, Y12
	VMOVUPS     Y12, (DX)
	ADDQ        $32, DX
	TESTL       AX, AX
	JNZ         column

next:
	ADDQ sampled_aStep(DI), SI
	DECQ CX
	JZ   products
	MOVQ DX, R15
	SUBQ sampled_sums(DI), R15
	CMPQ R15, $(const_sampledProducts*32)
	JLT  row

	// Add up the lanes of the products, 8 products at a time. The sums overwrite the products.
products:
	MOVQ sampled_sums(DI), R15
	MOVQ R15, AX
	CMPQ R15, DX
	JGE  summed

sum:
	VMOVUPS (R15), Y0
	VMOVUPS 32(R15), Y1
	VMOVUPS 64(R15), Y2
	VMOVUPS 96(R15), Y3
	VMOVUPS 128(R15), Y4
	VMOVUPS 160(R15), Y5
	VMOVUPS 192(R15), Y6
	VMOVUPS 224(R15), Y7
	MERGE4(Y0, Y4)
	MERGE4(Y1, Y5)
	MERGE4(Y2, Y6)
	MERGE4(Y3, Y7)
	MERGE2(Y0, Y2)
	MERGE2(Y1, Y3)
	MERGE1(Y0, Y1)
	VMOVUPS Y0, (AX)
	ADDQ    $32, AX
	ADDQ    $256, R15
	CMPQ    R15, DX
	JLT     sum

	// Each row of C gets its sums, and 0 elsewhere unless it adds.
summed:
	MOVQ   sampled_sums(DI), DX
	VXORPS Y0, Y0, Y0

write:
	CMPB sampled_add(DI), $0
	JNE  cleared
	MOVL sampled_columns(DI), AX
	CMPL AX, $-1
	JNE  fewer
	VMOVUPS Y0, (R9)
	VMOVUPS Y0, 32(R9)
	VMOVUPS Y0, 64(R9)
	VMOVUPS Y0, 96(R9)

cleared:
	MOVL  (R8), AX
	TESTL AX, AX
	JZ    written

element:
	TZCNTL AX, R15
	BLSRL  AX, AX
	VMOVSS (DX), X1
	CMPB   sampled_add(DI), $0
	JEQ    put
	VADDSS (R9)(R15*4), X1, X1

put:
	VMOVSS X1, (R9)(R15*4)
	ADDQ   $4, DX
	TESTL  AX, AX
	JNZ    element

written:
	ADDQ  sampled_openStep(DI), R8
	ADDQ  sampled_cStep(DI), R9
	CMPQ  R8, R11
	JLT   write
	TESTQ CX, CX
	JNZ   group
	VZEROUPPER
	RET

fewer: // than 32 columns
	POPCNTL AX, AX

clear:
	MOVL $0, -4(R9)(AX*4)
	DECQ AX
	JNZ  clear
	JMP  cleared

// Registers: DI = open, R8 its step, SI the row of x, R9 its step, BX the columns; R10 the address in
// the row, R13 the columns left; R14 the address in the row of open, DX its word, R15 8 bits of it,
// CX where they go. Y0 is 0.

// func positive_f32_avx2(open *uint32, openStep int, x *float32, xStep, columns, rows int)
TEXT ·positive_f32_avx2(SB), NOSPLIT, $0-48
	MOVQ   open+0(FP), DI
	MOVQ   openStep+8(FP), R8
	MOVQ   x+16(FP), SI
	MOVQ   xStep+24(FP), R9
	MOVQ   columns+32(FP), BX
	VXORPS Y0, Y0, Y0

row:
	MOVQ SI, R10
	MOVQ BX, R13
	MOVQ DI, R14

loop:
	SUBQ       $32, R13
	JLT        rest
	VMOVUPS    (R10), Y1
	VMOVUPS    32(R10), Y2
	VMOVUPS    64(R10), Y3
	VMOVUPS    96(R10), Y4
	VCMPPS     $0x1e, Y0, Y1, Y1 // greater than 0, and not NaN
	VCMPPS     $0x1e, Y0, Y2, Y2
	VCMPPS     $0x1e, Y0, Y3, Y3
	VCMPPS     $0x1e, Y0, Y4, Y4
	VMOVMSKPS  Y1, DX
	VMOVMSKPS  Y2, R15
	SHLL       $8, R15
	ORL        R15, DX
	VMOVMSKPS  Y3, R15
	SHLL       $16, R15
	ORL        R15, DX
	VMOVMSKPS  Y4, R15
	SHLL       $24, R15
	ORL        R15, DX
	MOVL       DX, (R14)
	ADDQ       $4, R14
	ADDQ       $128, R10
	JMP        loop

rest:
	ADDQ $32, R13
	JZ   next
	XORL DX, DX
	XORL CX, CX

eight: // columns, or fewer
	LANES8(R13, Y2)
	VMASKMOVPS (R10), Y2, Y1
	VCMPPS     $0x1e, Y0, Y1, Y1
	VMOVMSKPS  Y1, R15
	SHLL       CX, R15
	ORL        R15, DX
	ADDL       $8, CX
	ADDQ       $32, R10
	SUBQ       $8, R13
	JGT        eight
	MOVL       DX, (R14)

next:
	ADDQ R8, DI
	ADDQ R9, SI
	DECQ rows+40(FP)
	JNZ  row
	VZEROUPPER
	RET
