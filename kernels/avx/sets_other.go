//go:build !amd64 || purego

package avx

// buildNote ends the sentence about a build without assembly.
const buildNote = ", or with the tag purego"

// instructionSets is empty: there is no assembly in this build.
var instructionSets []*instructionSet

// pause does nothing.
func pause() {}

// cpuid returns nothing about this processor.
func cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32) { return 0, 0, 0, 0 }
