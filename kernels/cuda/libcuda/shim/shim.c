// shim.c replaces libcuda: it defines the functions of the CUDA driver that cuda.h
// declares. Each one looks up the function of the same name in the driver's own
// library on first call, so that a program linked with this shim starts on any
// machine. (Three of them have another name in drivers before CUDA 11: see older.)
// If there is no driver, cuInit still succeeds (gorgonia.org/cu ends the
// program if it does not), and everything else returns CUDA_ERROR_NO_DEVICE. A
// function that an old driver lacks returns CUDA_ERROR_NOT_SUPPORTED.
//
// libcuda.go can replace the driver by the emulator.

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"

// baregrad_cuda_lookup, if set, looks up functions instead of the driver's library.
void *(*baregrad_cuda_lookup)(const char *name);

// baregrad_cuda_error says why there is no driver; NULL if there is one.
const char *baregrad_cuda_error;

static void *library(void) {
    static void *handle;
    static int tried;
    if (!tried) {
        tried = 1;
        const char *path = getenv("BAREGRAD_LIBCUDA");
        if (path == NULL || *path == 0) path = "libcuda.so.1";
        handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (handle == NULL) {
            const char *why = dlerror();
            baregrad_cuda_error = strdup(why != NULL ? why : path);
        }
    }
    return handle;
}

// Drivers before CUDA 11 have the functions for the primary context without their _v2, with the
// same parameters.
static const char *older(const char *name) {
    if (strcmp(name, "cuDevicePrimaryCtxRelease_v2") == 0) return "cuDevicePrimaryCtxRelease";
    if (strcmp(name, "cuDevicePrimaryCtxReset_v2") == 0) return "cuDevicePrimaryCtxReset";
    if (strcmp(name, "cuDevicePrimaryCtxSetFlags_v2") == 0) return "cuDevicePrimaryCtxSetFlags";
    return NULL;
}

static void *find(const char *name) {
    if (baregrad_cuda_lookup != NULL) return baregrad_cuda_lookup(name);
    void *handle = library();
    if (handle == NULL) return NULL;
    void *function = dlsym(handle, name);
    const char *before = function == NULL ? older(name) : NULL;
    return before == NULL ? function : dlsym(handle, before);
}

// baregrad_cuda_present reports whether there is a driver.
int baregrad_cuda_present(void) { return find("cuDriverGetVersion") != NULL; }

// missing is what a function that was not found returns.
static CUresult missing(void) {
    int there = baregrad_cuda_lookup != NULL || library() != NULL;
    return there ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_NO_DEVICE;
}

// The first call of a function looks it up. Two threads that do so at once find the
// same function, so no lock is needed.
#define FORWARD(name, parameters, arguments)                        \
    CUresult name parameters {                                      \
        static CUresult(*driver) parameters;                        \
        if (driver == NULL) *(void **)&driver = find(#name);        \
        return driver == NULL ? missing() : driver arguments;       \
    }

// baregrad_cuda_init is what the driver's cuInit returned. If that failed, every later
// call returns CUDA_ERROR_NOT_INITIALIZED, which does not say why.
int baregrad_cuda_init;

CUresult cuInit(unsigned int Flags) {
    CUresult (*driver)(unsigned int);
    // Compile and load a module when it is loaded, not at the first launch, which may be
    // during a capture: then errors come with the compiler's log.
    setenv("CUDA_MODULE_LOADING", "EAGER", 0);
    *(void **)&driver = find("cuInit");
    if (driver != NULL) baregrad_cuda_init = driver(Flags);
    return CUDA_SUCCESS;
}

FORWARD(cuArray3DCreate_v2, (CUarray *pHandle, const CUDA_ARRAY3D_DESCRIPTOR *pAllocateArray), (pHandle, pAllocateArray))
FORWARD(cuArray3DGetDescriptor_v2, (CUDA_ARRAY3D_DESCRIPTOR *pArrayDescriptor, CUarray hArray), (pArrayDescriptor, hArray))
FORWARD(cuArrayCreate_v2, (CUarray *pHandle, const CUDA_ARRAY_DESCRIPTOR *pAllocateArray), (pHandle, pAllocateArray))
FORWARD(cuArrayDestroy, (CUarray hArray), (hArray))
FORWARD(cuArrayGetDescriptor_v2, (CUDA_ARRAY_DESCRIPTOR *pArrayDescriptor, CUarray hArray), (pArrayDescriptor, hArray))
FORWARD(cuCtxCreate_v2, (CUcontext *pctx, unsigned int flags, CUdevice dev), (pctx, flags, dev))
FORWARD(cuCtxDestroy_v2, (CUcontext ctx), (ctx))
FORWARD(cuCtxDisablePeerAccess, (CUcontext peerContext), (peerContext))
FORWARD(cuCtxEnablePeerAccess, (CUcontext peerContext, unsigned int Flags), (peerContext, Flags))
FORWARD(cuCtxGetApiVersion, (CUcontext ctx, unsigned int *version), (ctx, version))
FORWARD(cuCtxGetCacheConfig, (CUfunc_cache *pconfig), (pconfig))
FORWARD(cuCtxGetCurrent, (CUcontext *pctx), (pctx))
FORWARD(cuCtxGetDevice, (CUdevice *device), (device))
FORWARD(cuCtxGetFlags, (unsigned int *flags), (flags))
FORWARD(cuCtxGetLimit, (size_t *pvalue, CUlimit limit), (pvalue, limit))
FORWARD(cuCtxGetSharedMemConfig, (CUsharedconfig *pConfig), (pConfig))
FORWARD(cuCtxGetStreamPriorityRange, (int *leastPriority, int *greatestPriority), (leastPriority, greatestPriority))
FORWARD(cuCtxPopCurrent_v2, (CUcontext *pctx), (pctx))
FORWARD(cuCtxPushCurrent_v2, (CUcontext ctx), (ctx))
FORWARD(cuCtxResetPersistingL2Cache, (void), ())
FORWARD(cuCtxSetCacheConfig, (CUfunc_cache config), (config))
FORWARD(cuCtxSetCurrent, (CUcontext ctx), (ctx))
FORWARD(cuCtxSetLimit, (CUlimit limit, size_t value), (limit, value))
FORWARD(cuCtxSetSharedMemConfig, (CUsharedconfig config), (config))
FORWARD(cuCtxSynchronize, (void), ())
FORWARD(cuDeviceCanAccessPeer, (int *canAccessPeer, CUdevice dev, CUdevice peerDev), (canAccessPeer, dev, peerDev))
FORWARD(cuDeviceGet, (CUdevice *device, int ordinal), (device, ordinal))
FORWARD(cuDeviceGetAttribute, (int *pi, CUdevice_attribute attrib, CUdevice dev), (pi, attrib, dev))
FORWARD(cuDeviceGetCount, (int *count), (count))
FORWARD(cuDeviceGetName, (char *name, int len, CUdevice dev), (name, len, dev))
FORWARD(cuDeviceGetP2PAttribute, (int *value, CUdevice_P2PAttribute attrib, CUdevice srcDevice, CUdevice dstDevice), (value, attrib, srcDevice, dstDevice))
FORWARD(cuDeviceGetUuid, (CUuuid *uuid, CUdevice dev), (uuid, dev))
FORWARD(cuDevicePrimaryCtxGetState, (CUdevice dev, unsigned int *flags, int *active), (dev, flags, active))
FORWARD(cuDevicePrimaryCtxRelease_v2, (CUdevice dev), (dev))
FORWARD(cuDevicePrimaryCtxReset_v2, (CUdevice dev), (dev))
FORWARD(cuDevicePrimaryCtxRetain, (CUcontext *pctx, CUdevice dev), (pctx, dev))
FORWARD(cuDevicePrimaryCtxSetFlags_v2, (CUdevice dev, unsigned int flags), (dev, flags))
FORWARD(cuDeviceTotalMem_v2, (size_t *bytes, CUdevice dev), (bytes, dev))
FORWARD(cuDriverGetVersion, (int *driverVersion), (driverVersion))
FORWARD(cuEventCreate, (CUevent *phEvent, unsigned int Flags), (phEvent, Flags))
FORWARD(cuEventDestroy_v2, (CUevent hEvent), (hEvent))
FORWARD(cuEventElapsedTime, (float *pMilliseconds, CUevent hStart, CUevent hEnd), (pMilliseconds, hStart, hEnd))
FORWARD(cuEventQuery, (CUevent hEvent), (hEvent))
FORWARD(cuEventRecord, (CUevent hEvent, CUstream hStream), (hEvent, hStream))
FORWARD(cuEventSynchronize, (CUevent hEvent), (hEvent))
FORWARD(cuFuncGetAttribute, (int *pi, CUfunction_attribute attrib, CUfunction hfunc), (pi, attrib, hfunc))
FORWARD(cuFuncSetAttribute, (CUfunction hfunc, CUfunction_attribute attrib, int value), (hfunc, attrib, value))
FORWARD(cuFuncSetCacheConfig, (CUfunction hfunc, CUfunc_cache config), (hfunc, config))
FORWARD(cuFuncSetSharedMemConfig, (CUfunction hfunc, CUsharedconfig config), (hfunc, config))
FORWARD(cuGetErrorName, (CUresult error, const char **pStr), (error, pStr))
FORWARD(cuGetErrorString, (CUresult error, const char **pStr), (error, pStr))
FORWARD(cuGraphAddChildGraphNode, (CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies, size_t numDependencies, CUgraph childGraph), (phGraphNode, hGraph, dependencies, numDependencies, childGraph))
FORWARD(cuGraphAddDependencies, (CUgraph hGraph, const CUgraphNode *from, const CUgraphNode *to, size_t numDependencies), (hGraph, from, to, numDependencies))
FORWARD(cuGraphAddEmptyNode, (CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies, size_t numDependencies), (phGraphNode, hGraph, dependencies, numDependencies))
FORWARD(cuGraphAddHostNode, (CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies, size_t numDependencies, const CUDA_HOST_NODE_PARAMS *nodeParams), (phGraphNode, hGraph, dependencies, numDependencies, nodeParams))
FORWARD(cuGraphAddKernelNode_v2, (CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies, size_t numDependencies, const CUDA_KERNEL_NODE_PARAMS *nodeParams), (phGraphNode, hGraph, dependencies, numDependencies, nodeParams))
FORWARD(cuGraphAddMemcpyNode, (CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies, size_t numDependencies, const CUDA_MEMCPY3D *copyParams, CUcontext ctx), (phGraphNode, hGraph, dependencies, numDependencies, copyParams, ctx))
FORWARD(cuGraphAddMemsetNode, (CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies, size_t numDependencies, const CUDA_MEMSET_NODE_PARAMS *memsetParams, CUcontext ctx), (phGraphNode, hGraph, dependencies, numDependencies, memsetParams, ctx))
FORWARD(cuGraphClone, (CUgraph *phGraphClone, CUgraph originalGraph), (phGraphClone, originalGraph))
FORWARD(cuGraphCreate, (CUgraph *phGraph, unsigned int flags), (phGraph, flags))
FORWARD(cuGraphDestroy, (CUgraph hGraph), (hGraph))
FORWARD(cuGraphDestroyNode, (CUgraphNode hNode), (hNode))
FORWARD(cuGraphExecDestroy, (CUgraphExec hGraphExec), (hGraphExec))
FORWARD(cuGraphGetEdges, (CUgraph hGraph, CUgraphNode *from, CUgraphNode *to, size_t *numEdges), (hGraph, from, to, numEdges))
FORWARD(cuGraphInstantiateWithFlags, (CUgraphExec *phGraphExec, CUgraph hGraph, unsigned long long flags), (phGraphExec, hGraph, flags))
FORWARD(cuGraphLaunch, (CUgraphExec hGraphExec, CUstream hStream), (hGraphExec, hStream))
FORWARD(cuLaunchKernel, (CUfunction f, unsigned int gridDimX, unsigned int gridDimY, unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream, void **kernelParams, void **extra), (f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes, hStream, kernelParams, extra))
FORWARD(cuLinkAddData_v2, (CUlinkState state, CUjitInputType type, void *data, size_t size, const char *name, unsigned int numOptions, CUjit_option *options, void **optionValues), (state, type, data, size, name, numOptions, options, optionValues))
FORWARD(cuLinkAddFile_v2, (CUlinkState state, CUjitInputType type, const char *path, unsigned int numOptions, CUjit_option *options, void **optionValues), (state, type, path, numOptions, options, optionValues))
FORWARD(cuLinkComplete, (CUlinkState state, void **cubinOut, size_t *sizeOut), (state, cubinOut, sizeOut))
FORWARD(cuLinkCreate_v2, (unsigned int numOptions, CUjit_option *options, void **optionValues, CUlinkState *stateOut), (numOptions, options, optionValues, stateOut))
FORWARD(cuLinkDestroy, (CUlinkState state), (state))
FORWARD(cuMemAdvise, (CUdeviceptr devPtr, size_t count, CUmem_advise advice, CUdevice device), (devPtr, count, advice, device))
FORWARD(cuMemAlloc_v2, (CUdeviceptr *dptr, size_t bytesize), (dptr, bytesize))
FORWARD(cuMemAllocManaged, (CUdeviceptr *dptr, size_t bytesize, unsigned int flags), (dptr, bytesize, flags))
FORWARD(cuMemAllocPitch_v2, (CUdeviceptr *dptr, size_t *pPitch, size_t WidthInBytes, size_t Height, unsigned int ElementSizeBytes), (dptr, pPitch, WidthInBytes, Height, ElementSizeBytes))
FORWARD(cuMemFree_v2, (CUdeviceptr dptr), (dptr))
FORWARD(cuMemFreeHost, (void *p), (p))
FORWARD(cuMemGetAddressRange_v2, (CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr), (pbase, psize, dptr))
FORWARD(cuMemGetInfo_v2, (size_t *free, size_t *total), (free, total))
FORWARD(cuMemHostAlloc, (void **pp, size_t bytesize, unsigned int Flags), (pp, bytesize, Flags))
FORWARD(cuMemPrefetchAsync, (CUdeviceptr devPtr, size_t count, CUdevice dstDevice, CUstream hStream), (devPtr, count, dstDevice, hStream))
FORWARD(cuMemcpy, (CUdeviceptr dst, CUdeviceptr src, size_t ByteCount), (dst, src, ByteCount))
FORWARD(cuMemcpy2D_v2, (const CUDA_MEMCPY2D *pCopy), (pCopy))
FORWARD(cuMemcpy2DAsync_v2, (const CUDA_MEMCPY2D *pCopy, CUstream hStream), (pCopy, hStream))
FORWARD(cuMemcpy2DUnaligned_v2, (const CUDA_MEMCPY2D *pCopy), (pCopy))
FORWARD(cuMemcpy3D_v2, (const CUDA_MEMCPY3D *pCopy), (pCopy))
FORWARD(cuMemcpy3DAsync_v2, (const CUDA_MEMCPY3D *pCopy, CUstream hStream), (pCopy, hStream))
FORWARD(cuMemcpy3DPeer, (const CUDA_MEMCPY3D_PEER *pCopy), (pCopy))
FORWARD(cuMemcpy3DPeerAsync, (const CUDA_MEMCPY3D_PEER *pCopy, CUstream hStream), (pCopy, hStream))
FORWARD(cuMemcpyAsync, (CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream), (dst, src, ByteCount, hStream))
FORWARD(cuMemcpyAtoA_v2, (CUarray dstArray, size_t dstOffset, CUarray srcArray, size_t srcOffset, size_t ByteCount), (dstArray, dstOffset, srcArray, srcOffset, ByteCount))
FORWARD(cuMemcpyAtoD_v2, (CUdeviceptr dstDevice, CUarray srcArray, size_t srcOffset, size_t ByteCount), (dstDevice, srcArray, srcOffset, ByteCount))
FORWARD(cuMemcpyAtoH_v2, (void *dstHost, CUarray srcArray, size_t srcOffset, size_t ByteCount), (dstHost, srcArray, srcOffset, ByteCount))
FORWARD(cuMemcpyAtoHAsync_v2, (void *dstHost, CUarray srcArray, size_t srcOffset, size_t ByteCount, CUstream hStream), (dstHost, srcArray, srcOffset, ByteCount, hStream))
FORWARD(cuMemcpyDtoA_v2, (CUarray dstArray, size_t dstOffset, CUdeviceptr srcDevice, size_t ByteCount), (dstArray, dstOffset, srcDevice, ByteCount))
FORWARD(cuMemcpyDtoD_v2, (CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount), (dstDevice, srcDevice, ByteCount))
FORWARD(cuMemcpyDtoDAsync_v2, (CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount, CUstream hStream), (dstDevice, srcDevice, ByteCount, hStream))
FORWARD(cuMemcpyDtoH_v2, (void *dstHost, CUdeviceptr srcDevice, size_t ByteCount), (dstHost, srcDevice, ByteCount))
FORWARD(cuMemcpyDtoHAsync_v2, (void *dstHost, CUdeviceptr srcDevice, size_t ByteCount, CUstream hStream), (dstHost, srcDevice, ByteCount, hStream))
FORWARD(cuMemcpyHtoA_v2, (CUarray dstArray, size_t dstOffset, const void *srcHost, size_t ByteCount), (dstArray, dstOffset, srcHost, ByteCount))
FORWARD(cuMemcpyHtoAAsync_v2, (CUarray dstArray, size_t dstOffset, const void *srcHost, size_t ByteCount, CUstream hStream), (dstArray, dstOffset, srcHost, ByteCount, hStream))
FORWARD(cuMemcpyHtoD_v2, (CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount), (dstDevice, srcHost, ByteCount))
FORWARD(cuMemcpyHtoDAsync_v2, (CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount, CUstream hStream), (dstDevice, srcHost, ByteCount, hStream))
FORWARD(cuMemcpyPeer, (CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice, CUcontext srcContext, size_t ByteCount), (dstDevice, dstContext, srcDevice, srcContext, ByteCount))
FORWARD(cuMemcpyPeerAsync, (CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice, CUcontext srcContext, size_t ByteCount, CUstream hStream), (dstDevice, dstContext, srcDevice, srcContext, ByteCount, hStream))
FORWARD(cuMemsetD16_v2, (CUdeviceptr dstDevice, unsigned short us, size_t N), (dstDevice, us, N))
FORWARD(cuMemsetD16Async, (CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream), (dstDevice, us, N, hStream))
FORWARD(cuMemsetD2D16_v2, (CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width, size_t Height), (dstDevice, dstPitch, us, Width, Height))
FORWARD(cuMemsetD2D16Async, (CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width, size_t Height, CUstream hStream), (dstDevice, dstPitch, us, Width, Height, hStream))
FORWARD(cuMemsetD2D32_v2, (CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width, size_t Height), (dstDevice, dstPitch, ui, Width, Height))
FORWARD(cuMemsetD2D32Async, (CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width, size_t Height, CUstream hStream), (dstDevice, dstPitch, ui, Width, Height, hStream))
FORWARD(cuMemsetD2D8_v2, (CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width, size_t Height), (dstDevice, dstPitch, uc, Width, Height))
FORWARD(cuMemsetD2D8Async, (CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width, size_t Height, CUstream hStream), (dstDevice, dstPitch, uc, Width, Height, hStream))
FORWARD(cuMemsetD32_v2, (CUdeviceptr dstDevice, unsigned int ui, size_t N), (dstDevice, ui, N))
FORWARD(cuMemsetD32Async, (CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream), (dstDevice, ui, N, hStream))
FORWARD(cuMemsetD8_v2, (CUdeviceptr dstDevice, unsigned char uc, size_t N), (dstDevice, uc, N))
FORWARD(cuMemsetD8Async, (CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream), (dstDevice, uc, N, hStream))
FORWARD(cuModuleGetFunction, (CUfunction *hfunc, CUmodule hmod, const char *name), (hfunc, hmod, name))
FORWARD(cuModuleGetGlobal_v2, (CUdeviceptr *dptr, size_t *bytes, CUmodule hmod, const char *name), (dptr, bytes, hmod, name))
FORWARD(cuModuleGetSurfRef, (CUsurfref *pSurfRef, CUmodule hmod, const char *name), (pSurfRef, hmod, name))
FORWARD(cuModuleGetTexRef, (CUtexref *pTexRef, CUmodule hmod, const char *name), (pTexRef, hmod, name))
FORWARD(cuModuleLoad, (CUmodule *module, const char *fname), (module, fname))
FORWARD(cuModuleLoadData, (CUmodule *module, const void *image), (module, image))
FORWARD(cuModuleLoadDataEx, (CUmodule *module, const void *image, unsigned int numOptions, CUjit_option *options, void **optionValues), (module, image, numOptions, options, optionValues))
FORWARD(cuModuleLoadFatBinary, (CUmodule *module, const void *fatCubin), (module, fatCubin))
FORWARD(cuModuleUnload, (CUmodule hmod), (hmod))
FORWARD(cuOccupancyMaxActiveBlocksPerMultiprocessor, (int *numBlocks, CUfunction func, int blockSize, size_t dynamicSMemSize), (numBlocks, func, blockSize, dynamicSMemSize))
FORWARD(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, (int *numBlocks, CUfunction func, int blockSize, size_t dynamicSMemSize, unsigned int flags), (numBlocks, func, blockSize, dynamicSMemSize, flags))
FORWARD(cuOccupancyMaxPotentialBlockSize, (int *minGridSize, int *blockSize, CUfunction func, CUoccupancyB2DSize blockSizeToDynamicSMemSize, size_t dynamicSMemSize, int blockSizeLimit), (minGridSize, blockSize, func, blockSizeToDynamicSMemSize, dynamicSMemSize, blockSizeLimit))
FORWARD(cuPointerGetAttribute, (void *data, CUpointer_attribute attribute, CUdeviceptr ptr), (data, attribute, ptr))
FORWARD(cuPointerSetAttribute, (const void *value, CUpointer_attribute attribute, CUdeviceptr ptr), (value, attribute, ptr))
FORWARD(cuStreamAttachMemAsync, (CUstream hStream, CUdeviceptr dptr, size_t length, unsigned int flags), (hStream, dptr, length, flags))
FORWARD(cuStreamBeginCapture_v2, (CUstream hStream, CUstreamCaptureMode mode), (hStream, mode))
FORWARD(cuStreamCreate, (CUstream *phStream, unsigned int Flags), (phStream, Flags))
FORWARD(cuStreamCreateWithPriority, (CUstream *phStream, unsigned int flags, int priority), (phStream, flags, priority))
FORWARD(cuStreamDestroy_v2, (CUstream hStream), (hStream))
FORWARD(cuStreamEndCapture, (CUstream hStream, CUgraph *phGraph), (hStream, phGraph))
FORWARD(cuStreamGetFlags, (CUstream hStream, unsigned int *flags), (hStream, flags))
FORWARD(cuStreamGetPriority, (CUstream hStream, int *priority), (hStream, priority))
FORWARD(cuStreamQuery, (CUstream hStream), (hStream))
FORWARD(cuStreamSynchronize, (CUstream hStream), (hStream))
FORWARD(cuStreamWaitEvent, (CUstream hStream, CUevent hEvent, unsigned int Flags), (hStream, hEvent, Flags))
FORWARD(cuStreamWaitValue32_v2, (CUstream stream, CUdeviceptr addr, cuuint32_t value, unsigned int flags), (stream, addr, value, flags))
FORWARD(cuStreamWriteValue32_v2, (CUstream stream, CUdeviceptr addr, cuuint32_t value, unsigned int flags), (stream, addr, value, flags))
FORWARD(cuSurfRefGetArray, (CUarray *phArray, CUsurfref hSurfRef), (phArray, hSurfRef))
FORWARD(cuSurfRefSetArray, (CUsurfref hSurfRef, CUarray hArray, unsigned int Flags), (hSurfRef, hArray, Flags))
FORWARD(cuTexRefGetAddress_v2, (CUdeviceptr *pdptr, CUtexref hTexRef), (pdptr, hTexRef))
FORWARD(cuTexRefGetAddressMode, (CUaddress_mode *pam, CUtexref hTexRef, int dim), (pam, hTexRef, dim))
FORWARD(cuTexRefGetArray, (CUarray *phArray, CUtexref hTexRef), (phArray, hTexRef))
FORWARD(cuTexRefGetBorderColor, (float *pBorderColor, CUtexref hTexRef), (pBorderColor, hTexRef))
FORWARD(cuTexRefGetFilterMode, (CUfilter_mode *pfm, CUtexref hTexRef), (pfm, hTexRef))
FORWARD(cuTexRefGetFlags, (unsigned int *pFlags, CUtexref hTexRef), (pFlags, hTexRef))
FORWARD(cuTexRefGetFormat, (CUarray_format *pFormat, int *pNumChannels, CUtexref hTexRef), (pFormat, pNumChannels, hTexRef))
FORWARD(cuTexRefGetMaxAnisotropy, (int *pmaxAniso, CUtexref hTexRef), (pmaxAniso, hTexRef))
FORWARD(cuTexRefSetAddress_v2, (size_t *ByteOffset, CUtexref hTexRef, CUdeviceptr dptr, size_t bytes), (ByteOffset, hTexRef, dptr, bytes))
FORWARD(cuTexRefSetAddress2D_v3, (CUtexref hTexRef, const CUDA_ARRAY_DESCRIPTOR *desc, CUdeviceptr dptr, size_t Pitch), (hTexRef, desc, dptr, Pitch))
FORWARD(cuTexRefSetAddressMode, (CUtexref hTexRef, int dim, CUaddress_mode am), (hTexRef, dim, am))
FORWARD(cuTexRefSetArray, (CUtexref hTexRef, CUarray hArray, unsigned int Flags), (hTexRef, hArray, Flags))
FORWARD(cuTexRefSetBorderColor, (CUtexref hTexRef, float *pBorderColor), (hTexRef, pBorderColor))
FORWARD(cuTexRefSetFilterMode, (CUtexref hTexRef, CUfilter_mode fm), (hTexRef, fm))
FORWARD(cuTexRefSetFlags, (CUtexref hTexRef, unsigned int Flags), (hTexRef, Flags))
FORWARD(cuTexRefSetFormat, (CUtexref hTexRef, CUarray_format fmt, int NumPackedComponents), (hTexRef, fmt, NumPackedComponents))
FORWARD(cuTexRefSetMaxAnisotropy, (CUtexref hTexRef, unsigned int maxAniso), (hTexRef, maxAniso))
FORWARD(cuTexRefSetMipmapFilterMode, (CUtexref hTexRef, CUfilter_mode fm), (hTexRef, fm))
FORWARD(cuTexRefSetMipmapLevelBias, (CUtexref hTexRef, float bias), (hTexRef, bias))
FORWARD(cuTexRefSetMipmapLevelClamp, (CUtexref hTexRef, float minMipmapLevelClamp, float maxMipmapLevelClamp), (hTexRef, minMipmapLevelClamp, maxMipmapLevelClamp))
