//go:build cuda

package libcuda

// #include "cuda.h"
// uintptr_t baregrad_current(void);
// void baregrad_make_current(uintptr_t context);
import "C"

import (
	"runtime"
	"unsafe"
)

// The functions for the device, its context and its memory. The driver's handles are numbers of the
// same size here.

// onlyContext is the handle of the only context.
const onlyContext handle = 16

//export emulated_cuInit
func emulated_cuInit(flags C.uint) status { return C.CUDA_SUCCESS }

//export emulated_cuDriverGetVersion
func emulated_cuDriverGetVersion(version *C.int) status {
	*version = C.CUDA_VERSION
	return C.CUDA_SUCCESS
}

//export emulated_cuDeviceGetCount
func emulated_cuDeviceGetCount(count *C.int) status {
	state.Lock()
	defer state.Unlock()
	if code := injected("cuDeviceGetCount"); code != C.CUDA_SUCCESS {
		return code
	}
	*count = 1
	return C.CUDA_SUCCESS
}

//export emulated_cuDeviceGet
func emulated_cuDeviceGet(device *C.int, ordinal C.int) status {
	if ordinal != 0 {
		return C.CUDA_ERROR_INVALID_DEVICE
	}
	*device = 0
	return C.CUDA_SUCCESS
}

//export emulated_cuDeviceGetName
func emulated_cuDeviceGetName(name *C.char, size C.int, device C.int) status {
	if size < 1 {
		return C.CUDA_ERROR_INVALID_VALUE
	}
	text := "PTX emulator"
	to := unsafe.Slice((*byte)(unsafe.Pointer(name)), int(size))
	n := copy(to[:size-1], text)
	to[n] = 0
	return C.CUDA_SUCCESS
}

//export emulated_cuDeviceTotalMem_v2
func emulated_cuDeviceTotalMem_v2(bytes *C.size_t, device C.int) status {
	state.Lock()
	defer state.Unlock()
	_, total := machine().Memory()
	*bytes = C.size_t(total)
	return C.CUDA_SUCCESS
}

//export emulated_cuDeviceGetAttribute
func emulated_cuDeviceGetAttribute(value *C.int, attribute C.int, device C.int) status {
	switch attribute {
	case C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
		*value = 9
	case C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
		*value = 0
	case C.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
		*value = C.int(runtime.GOMAXPROCS(0))
	case C.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
		*value = 1024
	case C.CU_DEVICE_ATTRIBUTE_WARP_SIZE:
		*value = 32
	case C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
		*value = defaultShared
	case C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
		*value = sharedPerBlock
	default:
		return C.CUDA_ERROR_INVALID_VALUE
	}
	return C.CUDA_SUCCESS
}

//export emulated_cuDevicePrimaryCtxRetain
func emulated_cuDevicePrimaryCtxRetain(ctx *handle, device C.int) status {
	state.Lock()
	defer state.Unlock()
	if code := injected("cuDevicePrimaryCtxRetain"); code != C.CUDA_SUCCESS {
		return code
	}
	state.retained++
	*ctx = onlyContext
	return C.CUDA_SUCCESS
}

//export emulated_cuDevicePrimaryCtxRelease_v2
func emulated_cuDevicePrimaryCtxRelease_v2(device C.int) status {
	state.Lock()
	defer state.Unlock()
	if state.retained == 0 {
		return C.CUDA_ERROR_INVALID_CONTEXT
	}
	state.retained--
	return C.CUDA_SUCCESS
}

// A context that nobody retains no longer exists.
//
//export emulated_cuCtxSetCurrent
func emulated_cuCtxSetCurrent(ctx handle) status {
	state.Lock()
	defer state.Unlock()
	if f := state.faults["cuCtxSetCurrent"]; f != nil && f.number != 0 { // a lost GPU's context can still be made current
		return status(f.number)
	}
	if state.retained == 0 {
		return C.CUDA_ERROR_INVALID_CONTEXT
	}
	C.baregrad_make_current(ctx)
	return C.CUDA_SUCCESS
}

//export emulated_cuCtxGetCurrent
func emulated_cuCtxGetCurrent(ctx *handle) status {
	*ctx = C.baregrad_current()
	return C.CUDA_SUCCESS
}

// During a capture its context cannot be synchronised: the attempt invalidates the
// capture.
//
//export emulated_cuCtxSynchronize
func emulated_cuCtxSynchronize() status {
	state.Lock()
	defer state.Unlock()
	answer := status(C.CUDA_SUCCESS)
	for _, value := range state.values {
		if s, ok := value.(*stream); ok && s.capturing {
			s.spoilt, answer = true, C.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
		}
	}
	return answer
}

//export emulated_cuMemGetInfo_v2
func emulated_cuMemGetInfo_v2(free, total *C.size_t) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuMemGetInfo_v2"); code != C.CUDA_SUCCESS {
		return code
	}
	used, all := machine().Memory()
	*free, *total = C.size_t(all-used), C.size_t(all)
	return C.CUDA_SUCCESS
}

//export emulated_cuMemAlloc_v2
func emulated_cuMemAlloc_v2(p *C.ulonglong, bytes C.size_t) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuMemAlloc_v2"); code != C.CUDA_SUCCESS {
		return code
	}
	if bytes == 0 {
		return C.CUDA_ERROR_INVALID_VALUE
	}
	address, err := machine().Alloc(uint64(bytes))
	*p = C.ulonglong(address)
	return answer(err)
}

//export emulated_cuMemFree_v2
func emulated_cuMemFree_v2(p C.ulonglong) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuMemFree_v2"); code != C.CUDA_SUCCESS {
		return code
	}
	return answer(machine().Free(addressOf(p)))
}

//export emulated_cuMemHostAlloc
func emulated_cuMemHostAlloc(p *unsafe.Pointer, bytes C.size_t, flags C.uint) status {
	state.Lock()
	defer state.Unlock()
	if code := begin("cuMemHostAlloc"); code != C.CUDA_SUCCESS {
		return code
	}
	if *p = C.malloc(bytes); *p == nil {
		return C.CUDA_ERROR_OUT_OF_MEMORY
	}
	state.pinned++
	return C.CUDA_SUCCESS
}

//export emulated_cuMemFreeHost
func emulated_cuMemFreeHost(p unsafe.Pointer) status {
	C.free(p)
	state.Lock()
	defer state.Unlock()
	state.pinned--
	return C.CUDA_SUCCESS
}

//export emulated_cuMemcpyHtoD_v2
func emulated_cuMemcpyHtoD_v2(dst C.ulonglong, src unsafe.Pointer, bytes C.size_t) status {
	return emulated_cuMemcpyHtoDAsync_v2(dst, src, bytes, 0)
}

//export emulated_cuMemcpyHtoDAsync_v2
func emulated_cuMemcpyHtoDAsync_v2(dst C.ulonglong, src unsafe.Pointer, bytes C.size_t, s handle) status {
	state.Lock()
	defer state.Unlock()
	m := machine()
	return do("cuMemcpyHtoDAsync_v2", s, func() error { return m.CopyIn(addressOf(dst), unsafe.Slice((*byte)(src), int(bytes))) })
}

//export emulated_cuMemcpyDtoH_v2
func emulated_cuMemcpyDtoH_v2(dst unsafe.Pointer, src C.ulonglong, bytes C.size_t) status {
	return emulated_cuMemcpyDtoHAsync_v2(dst, src, bytes, 0)
}

//export emulated_cuMemcpyDtoHAsync_v2
func emulated_cuMemcpyDtoHAsync_v2(dst unsafe.Pointer, src C.ulonglong, bytes C.size_t, s handle) status {
	state.Lock()
	defer state.Unlock()
	m := machine()
	return do("cuMemcpyDtoHAsync_v2", s, func() error { return m.CopyOut(unsafe.Slice((*byte)(dst), int(bytes)), addressOf(src)) })
}

//export emulated_cuMemcpyDtoD_v2
func emulated_cuMemcpyDtoD_v2(dst, src C.ulonglong, bytes C.size_t) status {
	return emulated_cuMemcpyDtoDAsync_v2(dst, src, bytes, 0)
}

//export emulated_cuMemcpyDtoDAsync_v2
func emulated_cuMemcpyDtoDAsync_v2(dst, src C.ulonglong, bytes C.size_t, s handle) status {
	state.Lock()
	defer state.Unlock()
	m := machine()
	return do("cuMemcpyDtoDAsync_v2", s, func() error { return m.Copy(addressOf(dst), addressOf(src), uint64(bytes)) })
}

//export emulated_cuMemsetD8_v2
func emulated_cuMemsetD8_v2(dst C.ulonglong, value C.uchar, bytes C.size_t) status {
	return emulated_cuMemsetD8Async(dst, value, bytes, 0)
}

//export emulated_cuMemsetD8Async
func emulated_cuMemsetD8Async(dst C.ulonglong, value C.uchar, bytes C.size_t, s handle) status {
	state.Lock()
	defer state.Unlock()
	m := machine()
	return do("cuMemsetD8Async", s, func() error { return m.Fill(addressOf(dst), byte(value), uint64(bytes)) })
}
