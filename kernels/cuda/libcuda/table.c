//go:build cuda

// The functions of the CUDA driver that the emulator serves, by name. They are
// written in Go, in the files serve_*.go; cgo exports them as C functions.

#include <string.h>

#include "_cgo_export.h"

#define SERVED(name) {#name, (void *)emulated_##name}

static const struct {
    const char *name;
    void *function;
} served[] = {
    SERVED(cuInit),
    SERVED(cuDriverGetVersion),
    SERVED(cuDeviceGetCount),
    SERVED(cuDeviceGet),
    SERVED(cuDeviceGetName),
    SERVED(cuDeviceTotalMem_v2),
    SERVED(cuDeviceGetAttribute),
    SERVED(cuDevicePrimaryCtxRetain),
    SERVED(cuDevicePrimaryCtxRelease_v2),
    SERVED(cuCtxSetCurrent),
    SERVED(cuCtxGetCurrent),
    SERVED(cuCtxSynchronize),
    SERVED(cuMemGetInfo_v2),
    SERVED(cuMemAlloc_v2),
    SERVED(cuMemFree_v2),
    SERVED(cuMemHostAlloc),
    SERVED(cuMemFreeHost),
    SERVED(cuMemcpyHtoD_v2),
    SERVED(cuMemcpyHtoDAsync_v2),
    SERVED(cuMemcpyDtoH_v2),
    SERVED(cuMemcpyDtoHAsync_v2),
    SERVED(cuMemcpyDtoD_v2),
    SERVED(cuMemcpyDtoDAsync_v2),
    SERVED(cuMemsetD8_v2),
    SERVED(cuMemsetD8Async),
    SERVED(cuModuleLoadData),
    SERVED(cuModuleLoadDataEx),
    SERVED(cuModuleUnload),
    SERVED(cuModuleGetFunction),
    SERVED(cuFuncSetAttribute),
    SERVED(cuLaunchKernel),
    SERVED(cuStreamCreate),
    SERVED(cuStreamDestroy_v2),
    SERVED(cuStreamSynchronize),
    SERVED(cuStreamQuery),
    SERVED(cuStreamBeginCapture_v2),
    SERVED(cuStreamEndCapture),
    SERVED(cuGraphInstantiateWithFlags),
    SERVED(cuGraphLaunch),
    SERVED(cuGraphExecDestroy),
    SERVED(cuGraphDestroy),
    SERVED(cuEventCreate),
    SERVED(cuEventDestroy_v2),
    SERVED(cuEventRecord),
    SERVED(cuEventSynchronize),
    SERVED(cuEventElapsedTime),
};

// The context that is current on this thread: each thread has its own.
static __thread uintptr_t current;

uintptr_t baregrad_current(void) { return current; }
void baregrad_make_current(uintptr_t context) { current = context; }

void *baregrad_emulated(const char *name) {
    for (unsigned i = 0; i < sizeof served / sizeof served[0]; i++)
        if (strcmp(served[i].name, name) == 0) return served[i].function;
    return NULL; // the shim returns CUDA_ERROR_NOT_SUPPORTED
}
