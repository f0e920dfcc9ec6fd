package kernels

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a huge page on x86-64 and, mostly, on arm64.
const hugePage = 2 << 20

// preferHugePages asks Linux to back large buffers by 2 MB pages. The processor's TLB
// covers a few thousand pages; with 4 KB pages that is less than one activation of a
// convolution, and every row of a shuffled batch is on another page. If Linux
// refuses, nothing changes.
func preferHugePages(memory []byte) {
	if len(memory) < 2*hugePage {
		return
	}
	start := int(-uintptr(unsafe.Pointer(&memory[0])) & (hugePage - 1))
	end := start + (len(memory)-start)&^(hugePage-1)
	const advice = 14 // MADV_HUGEPAGE
	_ = syscall.Madvise(memory[start:end], advice)
}
