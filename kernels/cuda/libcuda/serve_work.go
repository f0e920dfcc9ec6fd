//go:build cuda

package libcuda

// #include "cuda.h"
import "C"

import (
	"time"
	"unsafe"

	"baregrad/kernels/cuda/emulator"
)

// The functions for modules, launches, streams, graphs and events.

func addressOf(p C.ulonglong) emulator.Address { return emulator.Address(p) }

//export emulated_cuModuleLoadData
func emulated_cuModuleLoadData(module *handle, image *C.char) status {
	return emulated_cuModuleLoadDataEx(module, image, 0, nil, nil)
}

//export emulated_cuModuleLoadDataEx
func emulated_cuModuleLoadDataEx(module *handle, image *C.char, n C.uint, options *C.CUjit_option, values *unsafe.Pointer) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuModuleLoadDataEx"); code != C.CUDA_SUCCESS {
		return code
	}
	parsed, err := emulator.Parse("module", C.GoString(image))
	var program *emulator.Program
	if err == nil {
		program, err = machine().Load(parsed)
	}
	if err != nil {
		writeLog(err.Error(), unsafe.Slice(options, int(n)), unsafe.Slice(values, int(n)))
		return answer(err)
	}
	*module = keep(&loaded{program: program})
	return C.CUDA_SUCCESS
}

// writeLog copies an error message into the log buffer provided by the caller.
func writeLog(text string, options []C.CUjit_option, values []unsafe.Pointer) {
	var room unsafe.Pointer
	size := 0
	for i, o := range options {
		switch o {
		case C.CU_JIT_ERROR_LOG_BUFFER:
			room = values[i]
		case C.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
			size = int(uintptr(values[i]))
		}
	}
	if room == nil || size < 1 {
		return
	}
	to := unsafe.Slice((*byte)(room), size)
	to[copy(to[:size-1], text)] = 0
}

// loaded is a module with the kernels obtained from it, which are freed with it.
type loaded struct {
	program *emulator.Program
	kernels []handle
}

//export emulated_cuModuleUnload
func emulated_cuModuleUnload(module handle) status {
	state.Lock()
	defer state.Unlock()
	m, ok := held[*loaded](module)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	for _, kernel := range m.kernels {
		delete(state.values, kernel)
		delete(state.shared, kernel)
	}
	delete(state.values, module)
	return C.CUDA_SUCCESS
}

// forget drops the value of a handle.
func forget(h handle) status {
	state.Lock()
	defer state.Unlock()
	if _, ok := state.values[h]; !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	delete(state.values, h)
	return C.CUDA_SUCCESS
}

//export emulated_cuModuleGetFunction
func emulated_cuModuleGetFunction(function *handle, module handle, name *C.char) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuModuleGetFunction"); code != C.CUDA_SUCCESS {
		return code
	}
	m, ok := held[*loaded](module)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	kernel, err := m.program.Kernel(C.GoString(name))
	if err != nil {
		state.problem = err
		return C.CUDA_ERROR_NOT_FOUND
	}
	*function = keep(kernel)
	m.kernels = append(m.kernels, *function)
	return C.CUDA_SUCCESS
}

//export emulated_cuFuncSetAttribute
func emulated_cuFuncSetAttribute(function handle, attribute, value C.int) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuFuncSetAttribute"); code != C.CUDA_SUCCESS {
		return code
	}
	kernel, ok := held[*emulator.Kernel](function)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	if attribute == C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES {
		if value < 0 || int(value)+kernel.StaticShared() > sharedPerBlock {
			return C.CUDA_ERROR_INVALID_VALUE
		}
		if state.shared == nil {
			state.shared = map[handle]int{}
		}
		state.shared[function] = int(value)
	}
	return C.CUDA_SUCCESS
}

//export emulated_cuLaunchKernel
func emulated_cuLaunchKernel(function handle, gridX, gridY, gridZ, blockX, blockY, blockZ, shared C.uint,
	s handle, parameters *unsafe.Pointer, extra *unsafe.Pointer) status {
	state.Lock()
	defer state.Unlock()
	kernel, ok := held[*emulator.Kernel](function)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	if extra != nil {
		return C.CUDA_ERROR_NOT_SUPPORTED
	}
	allowed, requested := state.shared[function]
	if !requested {
		allowed = defaultShared - kernel.StaticShared()
	}
	if int(shared) > allowed {
		return C.CUDA_ERROR_INVALID_VALUE
	}
	arguments := make([]uint64, len(kernel.Params))
	for i, from := range unsafe.Slice(parameters, len(kernel.Params)) {
		switch kernel.Params[i].Size {
		case 1:
			arguments[i] = uint64(*(*uint8)(from))
		case 2:
			arguments[i] = uint64(*(*uint16)(from))
		case 4:
			arguments[i] = uint64(*(*uint32)(from))
		case 8:
			arguments[i] = *(*uint64)(from)
		default:
			return C.CUDA_ERROR_NOT_SUPPORTED
		}
	}
	return do("cuLaunchKernel", s, launch(kernel, emulator.LaunchConfig{
		Grid:        emulator.Dim3{X: uint32(gridX), Y: uint32(gridY), Z: uint32(gridZ)},
		Block:       emulator.Dim3{X: uint32(blockX), Y: uint32(blockY), Z: uint32(blockZ)},
		SharedBytes: int(shared),
	}, arguments))
}

//export emulated_cuStreamCreate
func emulated_cuStreamCreate(s *handle, flags C.uint) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuStreamCreate"); code != C.CUDA_SUCCESS {
		return code
	}
	*s = keep(&stream{})
	return C.CUDA_SUCCESS
}

//export emulated_cuStreamDestroy_v2
func emulated_cuStreamDestroy_v2(s handle) status { return forget(s) }

//export emulated_cuStreamSynchronize
func emulated_cuStreamSynchronize(s handle) status {
	return withStream(s, func(s *stream) status {
		if code := begin("cuStreamSynchronize"); code != C.CUDA_SUCCESS {
			return code
		}
		if s.capturing {
			s.spoilt = true
			return C.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
		}
		return C.CUDA_SUCCESS
	})
}

//export emulated_cuStreamQuery
func emulated_cuStreamQuery(s handle) status { return emulated_cuStreamSynchronize(s) }

// withStream calls f with the stream of a handle.
func withStream(h handle, f func(*stream) status) status {
	state.Lock()
	defer state.Unlock()
	s, ok := held[*stream](h)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	return f(s)
}

//export emulated_cuStreamBeginCapture_v2
func emulated_cuStreamBeginCapture_v2(s handle, mode C.int) status {
	return withStream(s, func(s *stream) status {
		if code := begin("cuStreamBeginCapture_v2"); code != C.CUDA_SUCCESS {
			return code
		}
		if s.capturing {
			return C.CUDA_ERROR_ILLEGAL_STATE
		}
		s.capturing, s.spoilt, s.work = true, false, nil
		return C.CUDA_SUCCESS
	})
}

// graph is work recorded by a stream.
type graph struct{ work []func() error }

//export emulated_cuStreamEndCapture
func emulated_cuStreamEndCapture(s handle, g *handle) status {
	return withStream(s, func(s *stream) status {
		if !s.capturing {
			return C.CUDA_ERROR_ILLEGAL_STATE
		}
		s.capturing = false
		if code := begin("cuStreamEndCapture"); code != C.CUDA_SUCCESS {
			return code
		}
		if s.spoilt {
			*g = 0
			return C.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
		}
		*g = keep(&graph{s.work})
		return C.CUDA_SUCCESS
	})
}

//export emulated_cuGraphInstantiateWithFlags
func emulated_cuGraphInstantiateWithFlags(exec *handle, g handle, flags C.ulonglong) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuGraphInstantiateWithFlags"); code != C.CUDA_SUCCESS {
		return code
	}
	noted, ok := held[*graph](g)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	*exec = keep(&graph{noted.work})
	return C.CUDA_SUCCESS
}

//export emulated_cuGraphLaunch
func emulated_cuGraphLaunch(exec, s handle) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuGraphLaunch"); code != C.CUDA_SUCCESS {
		return code
	}
	g, ok := held[*graph](exec)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	for _, work := range g.work {
		if code := queue(s, work); code != C.CUDA_SUCCESS {
			return code
		}
	}
	return C.CUDA_SUCCESS
}

//export emulated_cuGraphExecDestroy
func emulated_cuGraphExecDestroy(exec handle) status { return forget(exec) }

//export emulated_cuGraphDestroy
func emulated_cuGraphDestroy(g handle) status { return forget(g) }

// event is a point in time. All work is done at once, so an event is never pending.
type event struct{ at time.Time }

//export emulated_cuEventCreate
func emulated_cuEventCreate(e *handle, flags C.uint) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuEventCreate"); code != C.CUDA_SUCCESS {
		return code
	}
	*e = keep(&event{})
	return C.CUDA_SUCCESS
}

//export emulated_cuEventDestroy_v2
func emulated_cuEventDestroy_v2(e handle) status { return forget(e) }

//export emulated_cuEventRecord
func emulated_cuEventRecord(e, s handle) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuEventRecord"); code != C.CUDA_SUCCESS {
		return code
	}
	moment, ok := held[*event](e)
	if !ok {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	moment.at = time.Now()
	return C.CUDA_SUCCESS
}

//export emulated_cuEventSynchronize
func emulated_cuEventSynchronize(e handle) status { return C.CUDA_SUCCESS }

//export emulated_cuEventElapsedTime
func emulated_cuEventElapsedTime(milliseconds *C.float, start, end handle) status {
	state.Lock()
	defer state.Unlock()
	from, ok := held[*event](start)
	to, also := held[*event](end)
	if !ok || !also || from.at.IsZero() || to.at.IsZero() {
		return C.CUDA_ERROR_INVALID_HANDLE
	}
	*milliseconds = C.float(to.at.Sub(from.at).Seconds() * 1e3)
	return C.CUDA_SUCCESS
}
