// GATHER_ROW(bytes): BX = x[index[i]], the row whose index is at R8. The row that comes ahead rows
// later in the index, if there is one, is prefetched into the L2 cache. SI = x, R9 = the rest of the
// index, bytes = the size of a row. AX, CX and DX are scratch.
#define GATHER_ROW(bytes) \
	MOVLQSX    (R8), BX          \
	IMULQ      bytes, BX         \
	ADDQ       SI, BX            \
	MOVQ       ahead+88(FP), AX  \
	CMPQ       AX, R9            \
	JGE        copy              \
	MOVLQSX    (R8)(AX*4), DX    \
	IMULQ      bytes, DX         \
	ADDQ       SI, DX            \ // DX = x[index[i+ahead]]
	LEAQ       (DX)(bytes*1), CX \ // CX = its end
	ANDQ       $-64, DX          \ // DX = its first line
fetch:                           \
	PREFETCHT1 (DX)              \
	ADDQ       $64, DX           \
	CMPQ       DX, CX            \
	JLT        fetch             \
copy:
