//go:build cuda

package libcuda

// #include "cuda.h"
// uintptr_t baregrad_current(void);
import "C"

import (
	"context"
	"errors"
	"sync"

	"baregrad/kernels/cuda/emulator"
)

// The emulated driver has one device, one context and one machine behind them. C code holds numbers
// that stand for Go values.

// A handle is such a number, of the size of a pointer.
type handle = C.uintptr_t

// status is a CUresult.
type status = C.int

var state struct {
	sync.Mutex
	machine *emulator.Machine
	options emulator.Options
	values  map[handle]any
	next    handle
	problem error // the last error, in the emulator's own words
	faults  map[string]*fault
	shared  map[handle]int // the dynamic shared memory allowed per kernel

	retained int // reference count of the context
	pinned   int // number of pinned memory blocks
}

// The shared memory of a block, static and dynamic, in bytes: what is allowed by default, and the
// maximum on request.
const defaultShared, sharedPerBlock = 48 << 10, 227 << 10

// A fault is an error that a function was told to return.
type fault struct{ after, number int }

// Inject makes a function of the emulated driver, such as cuLaunchKernel, return an error number
// after the given number of further calls. The name "" stands for every function that works on the
// device; an error from all of them is how a lost GPU behaves. number 0 ends it.
func Inject(function string, after, number int) {
	state.Lock()
	defer state.Unlock()
	if state.faults == nil {
		state.faults = map[string]*fault{}
	}
	state.faults[function] = &fault{after, number}
}

// begin begins a function that needs the context. It returns an error number if no context is
// current on this thread, or what the function was told to return. The state is locked.
func begin(function string) status {
	if C.baregrad_current() == 0 || state.retained == 0 { // a context that nobody retains no longer exists
		return C.CUDA_ERROR_INVALID_CONTEXT
	}
	return injected(function)
}

// injected returns what a function was told to return. The state is locked.
func injected(function string) status {
	for _, name := range [...]string{function, ""} {
		f := state.faults[name]
		switch {
		case f == nil:
		case f.after > 0:
			f.after--
		case f.number != 0:
			state.problem = nil // it belongs to another error
			return status(f.number)
		}
	}
	return C.CUDA_SUCCESS
}

// Configure sets the options of the emulated device. It must be called before any driver function.
func Configure(o emulator.Options) {
	state.Lock()
	defer state.Unlock()
	state.options = o
}

// Machine returns the emulated device, for its reports and counters.
func Machine() *emulator.Machine {
	state.Lock()
	defer state.Unlock()
	return machine()
}

// Problem returns and clears the last error of the emulated driver, which says more than the error
// number returned by the driver's functions.
func Problem() error {
	state.Lock()
	defer state.Unlock()
	err := state.problem
	state.problem = nil
	return err
}

// Held returns what users of the emulated driver have not released: the context's reference count,
// the number of objects (modules, kernels, streams, graphs, events, pinned memory) and the bytes of
// device memory.
func Held() (contexts, objects int, bytes uint64) {
	state.Lock()
	defer state.Unlock()
	used, _ := machine().Memory()
	return state.retained, len(state.values) + state.pinned, used
}

// machine returns the machine and creates it on first use. The state is locked.
func machine() *emulator.Machine {
	if state.machine == nil {
		state.machine = emulator.New(state.options)
		state.values = map[handle]any{}
	}
	return state.machine
}

// keep assigns a handle to a value.
func keep(value any) handle {
	machine()
	state.next += 16 // multiples of 16, like addresses
	state.values[state.next] = value
	return state.next
}

// held returns the value of a handle.
func held[T any](h handle) (T, bool) {
	value, ok := state.values[h].(T)
	return value, ok
}

// stream is a queue. During a capture, work is recorded instead of done.
type stream struct {
	capturing bool
	spoilt    bool // the capture is invalid: something was called that cannot be captured
	work      []func() error
}

// do does the work of a driver function, unless a fault was injected there.
func do(function string, h handle, work func() error) status {
	if code := begin(function); code != C.CUDA_SUCCESS {
		return code
	}
	return queue(h, work)
}

// queue does a piece of work or records it. Stream 0 is the default stream.
func queue(h handle, work func() error) status {
	if h != 0 {
		s, ok := held[*stream](h)
		if !ok {
			return C.CUDA_ERROR_INVALID_HANDLE
		}
		if s.capturing {
			s.work = append(s.work, work)
			return C.CUDA_SUCCESS
		}
	}
	return answer(work())
}

// answer translates an error into the driver's error number.
func answer(err error) status {
	if err == nil {
		return C.CUDA_SUCCESS
	}
	var memory *emulator.OutOfMemoryError
	if errors.As(err, &memory) {
		return C.CUDA_ERROR_OUT_OF_MEMORY // which needs no explanation
	}
	state.problem = err
	var syntax *emulator.SyntaxError
	var load *emulator.LoadError
	var launch *emulator.LaunchError
	var stop *emulator.StopError
	var findings *emulator.FindingsError
	switch {
	case errors.As(err, &syntax), errors.As(err, &load):
		return C.CUDA_ERROR_INVALID_PTX
	case errors.As(err, &launch):
		return C.CUDA_ERROR_INVALID_VALUE
	case errors.As(err, &stop):
		return C.CUDA_ERROR_LAUNCH_TIMEOUT
	case errors.As(err, &findings):
		return C.CUDA_ERROR_ILLEGAL_ADDRESS
	}
	return C.CUDA_ERROR_INVALID_VALUE
}

func launch(k *emulator.Kernel, c emulator.LaunchConfig, arguments []uint64) func() error {
	m := machine()
	return func() error { return m.Launch(context.Background(), k, c, arguments...) }
}
