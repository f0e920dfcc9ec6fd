// GATHER_ROW(bytes): the row whose place in the index is at R8, BX = x[index[i]], and the
// one that is ahead rows on in the index, if there is one, fetched into the second cache.
// SI = x, R9 = how much of the index is left, bytes = those of a row. AX, CX and DX are
// scratch.
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
