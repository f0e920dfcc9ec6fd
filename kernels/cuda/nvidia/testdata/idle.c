// A CUDA driver with one GPU that does nothing, at once and successfully: what is left
// of a launch is what it costs the program. The test compiles it into a library.

#include <stdlib.h>
#include <string.h>

#include "cuda.h"

static char thing[64]; // whatever a handle points to

// started is what cuInit answers: as BAREGRAD_TEST_CUINIT says, or 0. Modules are to be
// loaded at once, which the shim has to ask for before it.
static int started(void) {
    const char *loading = getenv("CUDA_MODULE_LOADING"), *number = getenv("BAREGRAD_TEST_CUINIT");
    if (loading == NULL || strcmp(loading, "EAGER") != 0) return CUDA_ERROR_NOT_SUPPORTED;
    return number == NULL ? CUDA_SUCCESS : atoi(number);
}

CUresult cuInit(unsigned int flags) { return started(); }
CUresult cuDriverGetVersion(int *version) { *version = CUDA_VERSION; return CUDA_SUCCESS; }
CUresult cuDeviceGetCount(int *count) { *count = 1; return started() == CUDA_SUCCESS ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED; }
CUresult cuDeviceGet(CUdevice *device, int ordinal) { *device = 0; return CUDA_SUCCESS; }
CUresult cuDeviceGetName(char *name, int size, CUdevice d) { name[0] = 'i'; name[1] = 0; return CUDA_SUCCESS; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice d) { *bytes = 1 << 30; return CUDA_SUCCESS; }
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute a, CUdevice d) {
    const char *compute = getenv("BAREGRAD_TEST_COMPUTE"); // the compute capability, such as 6
    *value = compute == NULL ? 9 : atoi(compute);
    return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d) { *c = (CUcontext)thing; return CUDA_SUCCESS; }
#ifdef BEFORE_CUDA_11 // -D: with the names of such a driver, which cuda.h replaces
#undef cuDevicePrimaryCtxRelease
CUresult cuDevicePrimaryCtxRelease(CUdevice d) { return CUDA_SUCCESS; }
#else
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice d) { return CUDA_SUCCESS; }
#endif
CUresult cuCtxSetCurrent(CUcontext c) { return CUDA_SUCCESS; }
CUresult cuCtxSynchronize(void) { return CUDA_SUCCESS; }

// Memory may be given back only when no submitted work can use it.
static int unfinished;
CUresult cuMemAlloc_v2(CUdeviceptr *p, size_t bytes) {
    static CUdeviceptr next = 256;
    *p = next;
    next += (bytes + 255) / 256 * 256;
    return CUDA_SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr p) { return unfinished ? CUDA_ERROR_ILLEGAL_STATE : CUDA_SUCCESS; }
CUresult cuMemHostAlloc(void **p, size_t bytes, unsigned int flags) { *p = malloc(bytes); return CUDA_SUCCESS; }
CUresult cuMemFreeHost(void *p) { free(p); return CUDA_SUCCESS; }

// With -DLATE_COPIES a copy from the host is not done before the stream is synchronized,
// and its source may not have changed by then.
static struct { const void *from; void *was; size_t bytes; } late[256];
static int lates;
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream s) {
#ifdef LATE_COPIES
    if (lates == 256) return CUDA_ERROR_OUT_OF_MEMORY;
    late[lates].from = from;
    late[lates].was = memcpy(malloc(bytes), from, bytes);
    late[lates++].bytes = bytes;
#endif
    return CUDA_SUCCESS;
}
CUresult cuModuleLoadDataEx(CUmodule *m, const void *text, unsigned int n, CUjit_option *o, void **v) { *m = (CUmodule)thing; return CUDA_SUCCESS; }
CUresult cuModuleUnload(CUmodule m) { return CUDA_SUCCESS; }
CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) { *f = (CUfunction)thing; return CUDA_SUCCESS; }
CUresult cuStreamCreate(CUstream *s, unsigned int flags) { *s = (CUstream)thing; return CUDA_SUCCESS; }
CUresult cuStreamDestroy_v2(CUstream s) { return CUDA_SUCCESS; }
CUresult cuStreamSynchronize(CUstream s) {
    int changed = 0;
    for (; lates > 0; lates--) {
        changed |= memcmp(late[lates - 1].from, late[lates - 1].was, late[lates - 1].bytes);
        free(late[lates - 1].was);
    }
    unfinished = 0;
    return changed ? CUDA_ERROR_ILLEGAL_STATE : CUDA_SUCCESS;
}
CUresult cuStreamBeginCapture_v2(CUstream s, CUstreamCaptureMode mode) { return CUDA_SUCCESS; }
CUresult cuStreamEndCapture(CUstream s, CUgraph *g) { *g = (CUgraph)thing; return CUDA_SUCCESS; }
CUresult cuGraphInstantiateWithFlags(CUgraphExec *e, CUgraph g, unsigned long long flags) { *e = (CUgraphExec)thing; return CUDA_SUCCESS; }
CUresult cuGraphDestroy(CUgraph g) { return CUDA_SUCCESS; }
CUresult cuGraphExecDestroy(CUgraphExec e) { return CUDA_SUCCESS; }
CUresult cuGraphLaunch(CUgraphExec e, CUstream s) { return CUDA_SUCCESS; }

CUresult cuLaunchKernel(CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz,
                        unsigned int shared, CUstream s, void **arguments, void **extra) {
    // What is passed is what the launch of the test has.
    int right = gx == 7 && gy == 1 && gz == 1 && bx == 256 && by == 1 && bz == 1 && shared == 0 && extra == NULL &&
                *(unsigned long long *)arguments[0] % 256 == 0 && *(unsigned int *)arguments[1] == 3;
    unfinished = 1;
    return right ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
