package kernels

import (
	"runtime"
	"runtime/metrics"
	"sync/atomic"
)

// machineMemory is hostMemory, but in tests.
var machineMemory = hostMemory

// memoryStep is how many bytes of host buffers may come to be without a look at what the
// machine has.
const memoryStep = 64 << 20

// unseen is how many bytes came to be since the last look.
var unseen atomic.Int64

// checkHostMemory panics if so many bytes can't be had: if the machine's memory does not hold
// them together with all that the program has. A training is refused so while its first step
// is recorded, before Linux looks for a program to end. What other programs have is not
// looked at, as it may be theirs for a moment only.
func checkHostMemory(size int64) {
	if unseen.Add(size) < memoryStep {
		return
	}
	unseen.Store(0)
	all, free := machineMemory()
	if all == 0 || size <= all-held() {
		return
	}
	own := int64(0)
	if size <= all {
		runtime.GC() // some of it may be of use to nobody any more
		if own = held(); size <= all-own {
			return
		}
	}
	unseen.Store(memoryStep) // who asks for less may ask at once
	panic(&DeviceError{Device: "host memory", Op: "alloc", Hint: "a smaller model or batch needs less",
		Err: &OutOfMemoryError{Asked: size, Used: max(own, all-free), Free: max(0, min(free, all-own))}})
}

// Heap is how many bytes Go has in objects, those included that it has not collected yet, and
// how many were in use at the last collection.
func Heap() (held, inUse int64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()), int64(samples[1].Value.Uint64())
}

func held() int64 {
	held, _ := Heap()
	return held
}
