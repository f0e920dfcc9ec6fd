//go:build !purego

#include "textflag.h"

// func cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL AX, eax+8(FP)
	MOVL BX, ebx+12(FP)
	MOVL CX, ecx+16(FP)
	MOVL DX, edx+20(FP)
	RET

// func pause()
TEXT ·pause(SB), NOSPLIT, $0-0
	// One PAUSE, 5 to 40 ns depending on the processor, then as much again in a plain loop: a virtual
	// machine may lose its processor for a while when PAUSEs follow each other within about 100
	// cycles.
	PAUSE
	MOVL $150, CX

count:
	DECL CX
	JNZ  count
	RET
