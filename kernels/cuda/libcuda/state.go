//go:build cuda

package libcuda

// #include "cuda.h"
import "C"

import (
	"context"
	"errors"
	"sync"

	"baregrad/kernels/cuda/emulator"
)

// The emulated driver has one device, one context and one machine behind them.
// What C code holds of it are numbers that stand for Go values.

// A handle is such a number, as large as a pointer.
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
	shared  map[handle]int // the dynamic shared memory that a kernel has been allowed

	retained int // how often the context is held
	pinned   int // blocks of pinned memory
}

// The dynamic shared memory of a block, in bytes: what it may have without asking, and
// at most.
const defaultShared, sharedPerBlock = 48 << 10, 227 << 10

// A fault is an error that a function was told to answer with.
type fault struct{ after, number int }

// Inject makes a function of the emulated driver, such as cuLaunchKernel, answer
// with the number of an error, once it has been called so many more times. The
// name "" stands for every function that works on the device: a number there from
// some call on is what a lost GPU looks like. A number of 0 ends it.
func Inject(function string, after, number int) {
	state.Lock()
	defer state.Unlock()
	if state.faults == nil {
		state.faults = map[string]*fault{}
	}
	state.faults[function] = &fault{after, number}
}

// injected is what a function was told to answer. The state is locked.
func injected(function string) status {
	for _, name := range [...]string{function, ""} {
		f := state.faults[name]
		switch {
		case f == nil:
		case f.after > 0:
			f.after--
		case f.number != 0:
			state.problem = nil // of another error
			return status(f.number)
		}
	}
	return C.CUDA_SUCCESS
}

// Configure sets what the emulated device is like. It must come before the first
// call of a function of the driver.
func Configure(o emulator.Options) {
	state.Lock()
	defer state.Unlock()
	state.options = o
}

// Machine is the emulated device, for its reports and counters.
func Machine() *emulator.Machine {
	state.Lock()
	defer state.Unlock()
	return machine()
}

// Problem is the last error of the emulated driver: it says more than the number
// that the driver's functions return. It is nil after Problem has been asked.
func Problem() error {
	state.Lock()
	defer state.Unlock()
	err := state.problem
	state.problem = nil
	return err
}

// Held is what users of the emulated driver have not given back: how often they hold the
// context, and how many objects (modules, kernels, streams, graphs, events, pinned
// memory) and bytes of the device's memory they have.
func Held() (contexts, objects int, bytes uint64) {
	state.Lock()
	defer state.Unlock()
	used, _ := machine().Memory()
	return state.retained, len(state.values) + state.pinned, used
}

// machine makes the machine when it is first needed. The state is locked.
func machine() *emulator.Machine {
	if state.machine == nil {
		state.machine = emulator.New(state.options)
		state.values = map[handle]any{}
	}
	return state.machine
}

// keep gives a value a number.
func keep(value any) handle {
	machine()
	state.next += 16 // like an address
	state.values[state.next] = value
	return state.next
}

// held finds the value that a number stands for.
func held[T any](h handle) (T, bool) {
	value, ok := state.values[h].(T)
	return value, ok
}

// stream is a queue. While it is captured, work is noted in place of being done.
type stream struct {
	capturing bool
	spoilt    bool // the capture: something was asked for that can't be, meanwhile
	work      []func() error
}

// do does the work of a function of the driver, unless a fault was injected there.
func do(function string, h handle, work func() error) status {
	if code := injected(function); code != C.CUDA_SUCCESS {
		return code
	}
	return queue(h, work)
}

// queue does a piece of work, or notes it. A stream of 0 is the default one.
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

// answer translates an error into the driver's number for it.
func answer(err error) status {
	if err == nil {
		return C.CUDA_SUCCESS
	}
	var memory *emulator.OutOfMemoryError
	if errors.As(err, &memory) {
		return C.CUDA_ERROR_OUT_OF_MEMORY // which says it all
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
