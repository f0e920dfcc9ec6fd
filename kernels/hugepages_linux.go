package kernels

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a large page of memory on x86-64 and, mostly, on arm64.
const hugePage = 2 << 20

// preferHugePages asks Linux to back large buffers by pages of 2 MB. The processor
// remembers where some thousand pages lie; in pages of 4 KB that is less than one
// activation of a convolution, and every row of a shuffled batch is on another page.
// A system that does not want to refuses, and nothing changes.
func preferHugePages(memory []byte) {
	if len(memory) < 2*hugePage {
		return
	}
	start := int(-uintptr(unsafe.Pointer(&memory[0])) & (hugePage - 1))
	end := start + (len(memory)-start)&^(hugePage-1)
	const advice = 14 // MADV_HUGEPAGE
	_ = syscall.Madvise(memory[start:end], advice)
}
