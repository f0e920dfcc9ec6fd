//go:build !purego

// Arithmetic with broadcasting: y[r,c] = a[r,c] ∘ b[r,c], where ∘ is +, −, · or /.
// Shapes: y is [rows,cols]. rowA and rowB are the elements of a and b from one row to the next (0
// repeats a row, as for a bias), and stepA and stepB those from one column to the next, 1 or 0.
// Idea: an operand that is repeated along the columns is stored on the stack as a whole vector, and
// its pointer does not advance: so one loop serves all cases.

#include "textflag.h"
#include "lanes_amd64.h"

// func add_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·add_fwd_f32_avx2(SB), NOSPLIT, $64-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $5, R9          // R9 = stepA·32, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $5, R10         // R10 = stepB·32
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
	VBROADCASTSS (SI), Y1
	VMOVUPS      Y1, repeatedA-32(SP) // a[r,0], 8 times
	LEAQ         repeatedA-32(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Y1
	VMOVUPS      Y1, repeatedB-64(SP) // b[r,0], 8 times
	LEAQ         repeatedB-64(SP), R13

column:
	SUBQ $8, CX // n -= 8
	JLT  last

full:
	VMOVUPS (BX), Y1       // a = a[r,c:]
	VADDPS  (R13), Y1, Y1  // y = a + b, with b = b[r,c:]
	VMOVUPS Y1, (DI)(AX*4) // y[r,c:] = y
	ADDQ    R9, BX         // to the next columns
	ADDQ    R10, R13
	ADDQ    $8, AX         // c += 8
	SUBQ    $8, CX         // n -= 8
	JGE     full

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        next
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (BX), Y15, Y1       // a = a[r,c:]
	VMASKMOVPS (R13), Y15, Y2      // b = b[r,c:]
	VADDPS     Y2, Y1, Y1          // y = a + b
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[r,c:] = y

next:
	MOVQ cols+32(FP), R11
	LEAQ (DI)(R11*4), DI // to the next row
	MOVQ rowA+40(FP), R11
	LEAQ (SI)(R11*4), SI
	MOVQ rowB+48(FP), R11
	LEAQ (DX)(R11*4), DX
	DECQ R8
	JGT  row

done:
	VZEROUPPER
	RET

// func sub_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·sub_fwd_f32_avx2(SB), NOSPLIT, $64-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $5, R9          // R9 = stepA·32, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $5, R10         // R10 = stepB·32
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
	VBROADCASTSS (SI), Y1
	VMOVUPS      Y1, repeatedA-32(SP) // a[r,0], 8 times
	LEAQ         repeatedA-32(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Y1
	VMOVUPS      Y1, repeatedB-64(SP) // b[r,0], 8 times
	LEAQ         repeatedB-64(SP), R13

column:
	SUBQ $8, CX // n -= 8
	JLT  last

full:
	VMOVUPS (BX), Y1       // a = a[r,c:]
	VSUBPS  (R13), Y1, Y1  // y = a − b, with b = b[r,c:]
	VMOVUPS Y1, (DI)(AX*4) // y[r,c:] = y
	ADDQ    R9, BX         // to the next columns
	ADDQ    R10, R13
	ADDQ    $8, AX         // c += 8
	SUBQ    $8, CX         // n -= 8
	JGE     full

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        next
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (BX), Y15, Y1       // a = a[r,c:]
	VMASKMOVPS (R13), Y15, Y2      // b = b[r,c:]
	VSUBPS     Y2, Y1, Y1          // y = a − b
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[r,c:] = y

next:
	MOVQ cols+32(FP), R11
	LEAQ (DI)(R11*4), DI // to the next row
	MOVQ rowA+40(FP), R11
	LEAQ (SI)(R11*4), SI
	MOVQ rowB+48(FP), R11
	LEAQ (DX)(R11*4), DX
	DECQ R8
	JGT  row

done:
	VZEROUPPER
	RET

// func mul_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·mul_fwd_f32_avx2(SB), NOSPLIT, $64-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $5, R9          // R9 = stepA·32, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $5, R10         // R10 = stepB·32
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
	VBROADCASTSS (SI), Y1
	VMOVUPS      Y1, repeatedA-32(SP) // a[r,0], 8 times
	LEAQ         repeatedA-32(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Y1
	VMOVUPS      Y1, repeatedB-64(SP) // b[r,0], 8 times
	LEAQ         repeatedB-64(SP), R13

column:
	SUBQ $8, CX // n -= 8
	JLT  last

full:
	VMOVUPS (BX), Y1       // a = a[r,c:]
	VMULPS  (R13), Y1, Y1  // y = a·b, with b = b[r,c:]
	VMOVUPS Y1, (DI)(AX*4) // y[r,c:] = y
	ADDQ    R9, BX         // to the next columns
	ADDQ    R10, R13
	ADDQ    $8, AX         // c += 8
	SUBQ    $8, CX         // n -= 8
	JGE     full

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        next
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (BX), Y15, Y1       // a = a[r,c:]
	VMASKMOVPS (R13), Y15, Y2      // b = b[r,c:]
	VMULPS     Y2, Y1, Y1          // y = a·b
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[r,c:] = y

next:
	MOVQ cols+32(FP), R11
	LEAQ (DI)(R11*4), DI // to the next row
	MOVQ rowA+40(FP), R11
	LEAQ (SI)(R11*4), SI
	MOVQ rowB+48(FP), R11
	LEAQ (DX)(R11*4), DX
	DECQ R8
	JGT  row

done:
	VZEROUPPER
	RET

// func div_fwd_f32_avx2(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)
TEXT ·div_fwd_f32_avx2(SB), NOSPLIT, $64-72
	MOVQ  y+0(FP), DI     // DI = y's row
	MOVQ  a+8(FP), SI     // SI = a's row
	MOVQ  b+16(FP), DX    // DX = b's row
	MOVQ  rows+24(FP), R8 // R8 = the rows left
	MOVQ  stepA+56(FP), R9
	SHLQ  $5, R9          // R9 = stepA·32, the bytes of one step along a
	MOVQ  stepB+64(FP), R10
	SHLQ  $5, R10         // R10 = stepB·32
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
	VBROADCASTSS (SI), Y1
	VMOVUPS      Y1, repeatedA-32(SP) // a[r,0], 8 times
	LEAQ         repeatedA-32(SP), BX

walkA:
	TESTQ        R10, R10
	JNZ          column
	VBROADCASTSS (DX), Y1
	VMOVUPS      Y1, repeatedB-64(SP) // b[r,0], 8 times
	LEAQ         repeatedB-64(SP), R13

column:
	SUBQ $8, CX // n -= 8
	JLT  last

full:
	VMOVUPS (BX), Y1       // a = a[r,c:]
	VDIVPS  (R13), Y1, Y1  // y = a/b, with b = b[r,c:]
	VMOVUPS Y1, (DI)(AX*4) // y[r,c:] = y
	ADDQ    R9, BX         // to the next columns
	ADDQ    R10, R13
	ADDQ    $8, AX         // c += 8
	SUBQ    $8, CX         // n -= 8
	JGE     full

last:
	ADDQ       $8, CX              // n = the rest, at most 7
	JLE        next
	LANES8(CX, Y15)                // Y15 = the valid lanes
	VMASKMOVPS (BX), Y15, Y1       // a = a[r,c:]
	VMASKMOVPS (R13), Y15, Y2      // b = b[r,c:]
	VDIVPS     Y2, Y1, Y1          // y = a/b
	VMASKMOVPS Y1, Y15, (DI)(AX*4) // y[r,c:] = y

next:
	MOVQ cols+32(FP), R11
	LEAQ (DI)(R11*4), DI // to the next row
	MOVQ rowA+40(FP), R11
	LEAQ (SI)(R11*4), SI
	MOVQ rowB+48(FP), R11
	LEAQ (DX)(R11*4), DX
	DECQ R8
	JGT  row

done:
	VZEROUPPER
	RET
