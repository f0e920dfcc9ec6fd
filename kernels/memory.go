package kernels

import (
	"runtime"
	"runtime/metrics"
	"sync/atomic"
)

// machineMemory is hostMemory, except in tests.
var machineMemory = hostMemory

// memoryStep is how many bytes of host buffers may be allocated before the machine's memory
// is checked again.
const memoryStep = 64 << 20

// unseen is how many bytes were allocated since the last check.
var unseen atomic.Int64

// checkHostMemory panics if the machine's memory can't hold size bytes in addition to what
// the program has already. A training run that is too large thus fails while its first step
// is recorded, before Linux ends a program to get memory back. Memory used by other programs
// is not counted, because they may free it at any moment.
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
		runtime.GC() // part of it may be garbage
		if own = held(); size <= all-own {
			return
		}
	}
	unseen.Store(memoryStep) // check the next request, however small
	panic(&DeviceError{Device: "host memory", Op: "alloc", Hint: "a smaller batch, model or data set needs less",
		Err: &OutOfMemoryError{Asked: size, Used: max(own, all-free), Free: max(0, min(free, all-own))}})
}

// Heap returns how many bytes Go's heap objects occupy, including garbage that is not
// collected yet, and how many were live at the last collection.
func Heap() (held, inUse int64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()), int64(samples[1].Value.Uint64())
}

func held() int64 {
	held, _ := Heap()
	return held
}
