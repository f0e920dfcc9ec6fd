//go:build !purego

// Memory that will be needed is fetched into the caches ahead: an instruction that
// begins to load a line of 64 bytes and waits for nothing. The second cache can have
// more lines on their way than the first: what lies beyond all caches arrives nearly
// twice as fast there.

#include "textflag.h"

// func prefetch2(from uintptr, bytes int)
TEXT ·prefetch2(SB), NOSPLIT, $0-16
	MOVQ from+0(FP), SI
	MOVQ bytes+8(FP), CX
	LEAQ (SI)(CX*1), CX // CX = the end
	ANDQ $-64, SI       // SI = the first line

loop:
	CMPQ       SI, CX
	JGE        done
	PREFETCHT1 (SI)
	ADDQ       $64, SI
	JMP        loop

done:
	RET
