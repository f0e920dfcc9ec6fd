//go:build !purego

// Arithmetic with broadcasting: y[r,c] = a[r,c] ∘ b[r,c], where ∘ is +, −, · or /.
// Shapes: y is [rows,cols]. rowA and rowB are the elements of a and b from one row to the next (0
// repeats a row, as for a bias), and stepA and stepB those from one column to the next, 1 or 0.
// Idea: an operand that is repeated along the columns is stored on the stack as a whole vector, and
// its pointer does not advance: so one loop serves all cases.

#include "textflag.h"
#include "lanes_amd64.h"

// func add_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·add_fwd_f32_avx512(SB), NOSPLIT, $128-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $6, R9          // R9 = stepA·64, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $6, R10         // R10 = stepB·64
	CMPQ  cols+32(FP), $0
	JLE   done
	TESTQ R8, R8
	JLE   done

row:
	MOVQ         cols+32(FP), CX      // CX = n, the columns left
	XORL         AX, AX               // AX = c = 0
	MOVQ         SI, BX               // BX = where a is read
	MOVQ         DX, R13              // R13 = where b is read
	TESTQ        R9, R9
	JNZ          walkA
	VBROADCASTSS (SI), Z1
	VMOVUPS      Z1, repeatedA-64(SP) // a[r,0], 16 times
	LEAQ         repeatedA-64(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Z1
	VMOVUPS      Z1, repeatedB-128(SP) // b[r,0], 16 times
	LEAQ         repeatedB-128(SP), R13

column:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (BX), K1, Z1       // a = a[r,c:]
	VMOVUPS.Z (R13), K1, Z2      // b = b[r,c:]
	VADDPS    Z2, Z1, Z1         // y = a + b
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[r,c:] = y
	ADDQ      R9, BX             // to the next columns
	ADDQ      R10, R13
	ADDQ      $16, AX            // c += 16
	SUBQ      $16, CX            // n -= 16
	JGT       column
	MOVQ      cols+32(FP), R11
	LEAQ      (DI)(R11*4), DI    // to the next row
	MOVQ      rowA+40(FP), R11
	LEAQ      (SI)(R11*4), SI
	MOVQ      rowB+48(FP), R11
	LEAQ      (DX)(R11*4), DX
	DECQ      R8
	JGT       row

done:
	VZEROUPPER
	RET

// func sub_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·sub_fwd_f32_avx512(SB), NOSPLIT, $128-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $6, R9          // R9 = stepA·64, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $6, R10         // R10 = stepB·64
	CMPQ  cols+32(FP), $0
	JLE   done
	TESTQ R8, R8
	JLE   done

row:
	MOVQ         cols+32(FP), CX      // CX = n, the columns left
	XORL         AX, AX               // AX = c = 0
	MOVQ         SI, BX               // BX = where a is read
	MOVQ         DX, R13              // R13 = where b is read
	TESTQ        R9, R9
	JNZ          walkA
	VBROADCASTSS (SI), Z1
	VMOVUPS      Z1, repeatedA-64(SP) // a[r,0], 16 times
	LEAQ         repeatedA-64(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Z1
	VMOVUPS      Z1, repeatedB-128(SP) // b[r,0], 16 times
	LEAQ         repeatedB-128(SP), R13

column:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (BX), K1, Z1       // a = a[r,c:]
	VMOVUPS.Z (R13), K1, Z2      // b = b[r,c:]
	VSUBPS    Z2, Z1, Z1         // y = a − b
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[r,c:] = y
	ADDQ      R9, BX             // to the next columns
	ADDQ      R10, R13
	ADDQ      $16, AX            // c += 16
	SUBQ      $16, CX            // n -= 16
	JGT       column
	MOVQ      cols+32(FP), R11
	LEAQ      (DI)(R11*4), DI    // to the next row
	MOVQ      rowA+40(FP), R11
	LEAQ      (SI)(R11*4), SI
	MOVQ      rowB+48(FP), R11
	LEAQ      (DX)(R11*4), DX
	DECQ      R8
	JGT       row

done:
	VZEROUPPER
	RET

// func mul_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·mul_fwd_f32_avx512(SB), NOSPLIT, $128-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $6, R9          // R9 = stepA·64, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $6, R10         // R10 = stepB·64
	CMPQ  cols+32(FP), $0
	JLE   done
	TESTQ R8, R8
	JLE   done

row:
	MOVQ         cols+32(FP), CX      // CX = n, the columns left
	XORL         AX, AX               // AX = c = 0
	MOVQ         SI, BX               // BX = where a is read
	MOVQ         DX, R13              // R13 = where b is read
	TESTQ        R9, R9
	JNZ          walkA
	VBROADCASTSS (SI), Z1
	VMOVUPS      Z1, repeatedA-64(SP) // a[r,0], 16 times
	LEAQ         repeatedA-64(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Z1
	VMOVUPS      Z1, repeatedB-128(SP) // b[r,0], 16 times
	LEAQ         repeatedB-128(SP), R13

column:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (BX), K1, Z1       // a = a[r,c:]
	VMOVUPS.Z (R13), K1, Z2      // b = b[r,c:]
	VMULPS    Z2, Z1, Z1         // y = a·b
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[r,c:] = y
	ADDQ      R9, BX             // to the next columns
	ADDQ      R10, R13
	ADDQ      $16, AX            // c += 16
	SUBQ      $16, CX            // n -= 16
	JGT       column
	MOVQ      cols+32(FP), R11
	LEAQ      (DI)(R11*4), DI    // to the next row
	MOVQ      rowA+40(FP), R11
	LEAQ      (SI)(R11*4), SI
	MOVQ      rowB+48(FP), R11
	LEAQ      (DX)(R11*4), DX
	DECQ      R8
	JGT       row

done:
	VZEROUPPER
	RET

// func div_fwd_f32_avx512(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·div_fwd_f32_avx512(SB), NOSPLIT, $128-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $6, R9          // R9 = stepA·64, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $6, R10         // R10 = stepB·64
	CMPQ  cols+32(FP), $0
	JLE   done
	TESTQ R8, R8
	JLE   done

row:
	MOVQ         cols+32(FP), CX      // CX = n, the columns left
	XORL         AX, AX               // AX = c = 0
	MOVQ         SI, BX               // BX = where a is read
	MOVQ         DX, R13              // R13 = where b is read
	TESTQ        R9, R9
	JNZ          walkA
	VBROADCASTSS (SI), Z1
	VMOVUPS      Z1, repeatedA-64(SP) // a[r,0], 16 times
	LEAQ         repeatedA-64(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Z1
	VMOVUPS      Z1, repeatedB-128(SP) // b[r,0], 16 times
	LEAQ         repeatedB-128(SP), R13

column:
	LANES16(CX, K1)              // K1 = the valid lanes
	VMOVUPS.Z (BX), K1, Z1       // a = a[r,c:]
	VMOVUPS.Z (R13), K1, Z2      // b = b[r,c:]
	VDIVPS    Z2, Z1, Z1         // y = a/b
	VMOVUPS   Z1, K1, (DI)(AX*4) // y[r,c:] = y
	ADDQ      R9, BX             // to the next columns
	ADDQ      R10, R13
	ADDQ      $16, AX            // c += 16
	SUBQ      $16, CX            // n -= 16
	JGT       column
	MOVQ      cols+32(FP), R11
	LEAQ      (DI)(R11*4), DI    // to the next row
	MOVQ      rowA+40(FP), R11
	LEAQ      (SI)(R11*4), SI
	MOVQ      rowB+48(FP), R11
	LEAQ      (DX)(R11*4), DX
	DECQ      R8
	JGT       row

done:
	VZEROUPPER
	RET
