//go:build !purego

// Prefetching: the instruction starts to load a line of 64 bytes and waits for nothing. The L2 cache
// can have more loads in flight than L1: data from beyond all caches arrives there nearly twice as
// fast.

#include "go_asm.h"
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

// func fetch_rest(s *strip)
TEXT ·fetch_rest(SB), NOSPLIT, $0-8
	MOVQ  s+0(FP), DI
	MOVQ  strip_ahead(DI), R12     // the line
	MOVQ  strip_aheadStep(DI), R13 // and the step to the next one
	TESTQ R13, R13
	JZ    done

loop:
	CMPQ       R12, strip_aheadEnd(DI)
	JCC        done
	PREFETCHT1 (R12)
	ADDQ       R13, R12
	JMP        loop

done:
	RET
