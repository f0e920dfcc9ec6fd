//go:build !purego

package avx

// cpuid executes CPUID with the given EAX (leaf) and ECX (sub).
//
//go:noescape
func cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32)

// pause tells the processor that this loop waits for memory to change.
//
//go:noescape
func pause()
