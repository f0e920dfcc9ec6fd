package avx

import (
	"syscall"
	"time"
	"unsafe"
)

// threadClock is the processor time that this thread has used: what a benchmark on one core should
// measure while other programs keep interrupting it.
func threadClock() time.Duration {
	const threadCPU = 3 // CLOCK_THREAD_CPUTIME_ID
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		panic(errno)
	}
	return time.Duration(now.Nano())
}
