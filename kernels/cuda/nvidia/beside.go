//go:build cuda

package nvidia

/*
#cgo CFLAGS: -I${SRCDIR}/../libcuda/include
#include "cuda.h"

// launch is one call from Go where gorgonia.org/cu makes six: it makes the context
// current on whatever thread this is, and passes each argument by its address.
static CUresult launch(CUcontext context, CUfunction f, const unsigned int *size, unsigned int shared,
                       CUstream stream, unsigned long long *cells, int n) {
    void *arguments[64];
    for (int i = 0; i < n; i++) arguments[i] = &cells[i];
    CUresult status = cuCtxSetCurrent(context);
    if (status != CUDA_SUCCESS) return status;
    return cuLaunchKernel(f, size[0], size[1], size[2], size[3], size[4], size[5], shared, stream, arguments, NULL);
}

static CUresult launch_graph(CUcontext context, CUgraphExec graph, CUstream stream) {
    CUresult status = cuCtxSetCurrent(context);
    return status != CUDA_SUCCESS ? status : cuGraphLaunch(graph, stream);
}
*/
import "C"

import (
	"errors"
	"unsafe"

	"gorgonia.org/cu"

	"baregrad/kernels/cuda/driver"
)

// This file adds what gorgonia.org/cu lacks: large shared memory, pinned memory, graph capture, and
// a launch that does not allocate.

// maxSharedPerBlock is the attribute for the maximum dynamic shared memory of a block.
const maxSharedPerBlock = cu.DeviceAttribute(C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)

// A cu.Function, a cu.Stream and a cu.CUContext are structs of a single pointer, the driver's.

func raw(f cu.Function) C.CUfunction { return *(*C.CUfunction)(unsafe.Pointer(&f)) }

func queue(s cu.Stream) C.CUstream { return *(*C.CUstream)(unsafe.Pointer(&s)) }

func current(c cu.CUContext) C.CUcontext { return *(*C.CUcontext)(unsafe.Pointer(&c)) }

// launchKernel runs a kernel with the arguments in cells, in one call to C, so that the goroutine
// need not be locked to its thread.
func (s *stream) launchKernel(f cu.Function, l driver.Launch) error {
	for i, a := range l.Args {
		s.cells[i] = C.ulonglong(a)
	}
	for i, d := range [...]int{l.Grid.X, l.Grid.Y, l.Grid.Z, l.Block.X, l.Block.Y, l.Block.Z} {
		s.size[i] = C.uint(max(d, 1))
	}
	return check("cuLaunchKernel", int(C.launch(current(s.gpu.context), raw(f), &s.size[0], C.uint(l.Shared), queue(s.stream), &s.cells[0], C.int(len(l.Args)))))
}

// launchArguments holds a launch's sizes and arguments, so that launching does not allocate.
type launchArguments struct {
	size  [6]C.uint // of the grid and the block
	cells [maxArguments]C.ulonglong
}

// allowShared sets the dynamic shared memory that a kernel may use; it can be more than the 48 KiB
// that a kernel may use without this.
func allowShared(f cu.Function, bytes int) error {
	return check("cuFuncSetAttribute",
		int(C.cuFuncSetAttribute(raw(f), C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, C.int(bytes))))
}

// stage is pinned memory for small copies to the device: the GPU reads it asynchronously while the
// program continues. It is used from start to end and then again from the start, once the earlier
// copies are done.
type stage struct {
	memory unsafe.Pointer
	next   int
}

const stageSize = 1 << 20

// put copies src to pinned memory and returns its address.
func (s *stage) put(q cu.Stream, src []byte) (unsafe.Pointer, error) {
	if s.memory == nil {
		if err := check("cuMemHostAlloc", int(C.cuMemHostAlloc(&s.memory, stageSize, 0))); err != nil {
			return nil, err
		}
	}
	if s.next+len(src) > stageSize {
		if err := q.Synchronize(); err != nil {
			return nil, err
		}
		s.next = 0
	}
	at := unsafe.Add(s.memory, s.next)
	copy(unsafe.Slice((*byte)(at), len(src)), src)
	s.next += (len(src) + 63) &^ 63
	return at, nil
}

func (s *stage) free() error {
	if s.memory == nil {
		return nil
	}
	err := check("cuMemFreeHost", int(C.cuMemFreeHost(s.memory)))
	*s = stage{}
	return err
}

// BeginCapture starts recording a graph. In relaxed mode the capture may continue and end on
// another thread.
func (s *stream) BeginCapture() error {
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	err := check("cuStreamBeginCapture", int(C.cuStreamBeginCapture(queue(s.stream), C.CU_STREAM_CAPTURE_MODE_RELAXED)))
	s.capturing = err == nil
	return err
}

// EndCapture ends the recording and returns the graph, ready to run.
func (s *stream) EndCapture() (driver.Graph, error) {
	if err := s.gpu.enter(); err != nil {
		return nil, err
	}
	defer s.gpu.leave()
	s.capturing = false
	var recorded C.CUgraph
	if err := check("cuStreamEndCapture", int(C.cuStreamEndCapture(queue(s.stream), &recorded))); err != nil {
		return nil, err
	}
	if recorded == nil {
		return nil, errors.New("cuStreamEndCapture: the recording was spoilt by work that can't be recorded")
	}
	g := &graph{stream: s}
	err := errors.Join(check("cuGraphInstantiate", int(C.cuGraphInstantiateWithFlags(&g.ready, recorded, 0))),
		check("cuGraphDestroy", int(C.cuGraphDestroy(recorded))))
	if err != nil {
		return nil, err
	}
	return g, nil
}

// graph is recorded work.
type graph struct {
	stream *stream
	ready  C.CUgraphExec
}

// Launch runs the work.
func (g *graph) Launch() error {
	s := g.stream
	if s.gpu.closed {
		return driver.ErrClosed
	}
	return check("cuGraphLaunch", int(C.launch_graph(current(s.gpu.context), g.ready, queue(s.stream))))
}

// Close frees the graph.
func (g *graph) Close() error {
	if g.ready == nil || g.stream.gpu.closed {
		return nil
	}
	if err := g.stream.gpu.enter(); err != nil {
		return err
	}
	defer g.stream.gpu.leave()
	err := check("cuGraphExecDestroy", int(C.cuGraphExecDestroy(g.ready)))
	g.ready = nil
	return err
}
