// Package driver is the seam between the launchers of GPU kernels and what runs them: a small
// interface in the terms of the CUDA driver. The PTX emulator implements it in plain Go; with the
// build tag cuda, the real driver does, too.
//
// Sizes are in bytes. Driver failures are returned as errors; a *kernels.OutOfMemoryError means
// that the Driver has run out of memory.
package driver

import "time"

// Pointer is an address in the device's memory. 0 is not an address; kernels treat it as an omitted
// argument.
type Pointer uint64

// A Driver is one GPU, or a substitute for one. Only one goroutine may use it at a time.
type Driver interface {
	// Info describes the device.
	Info() Info
	// Memory returns the bytes in use and the bytes free.
	Memory() (used, free int64)
	// Alloc returns uninitialised memory, aligned to 256 bytes. If there is not enough, the error
	// is a *kernels.OutOfMemoryError.
	Alloc(bytes int64) (Pointer, error)
	// Free releases what Alloc returned, after the work submitted so far.
	Free(p Pointer) error
	// Load compiles PTX text; errors refer to it as name, like a file name. The error contains the
	// compiler's log.
	Load(name, text string) (Module, error)
	// NewStream opens a stream.
	NewStream() (Stream, error)
	// Close frees everything, after the work submitted so far.
	Close() error
}

// Info describes a device.
type Info struct {
	Name            string // as its maker calls it
	Compute         [2]int // compute capability, such as {9, 0}
	Multiprocessors int    // how many blocks can run at once without sharing a multiprocessor
	Memory          int64  // total, in bytes
	SharedPerBlock  int    // maximum dynamic shared memory per block, in bytes
}

// A Module is loaded PTX.
type Module interface {
	// Function returns the .entry with that name.
	Function(name string) (Function, error)
}

// A Function is a kernel that can be launched.
type Function interface {
	// Name returns the name of the .entry.
	Name() string
}

// Dim is a size in up to three dimensions, X, Y and Z; 0 counts as 1.
type Dim struct{ X, Y, Z int }

// A Launch holds the geometry and arguments of a kernel launch.
type Launch struct {
	Grid, Block Dim // number of blocks, and threads per block
	Shared      int // bytes of dynamic shared memory
	// Args has one cell per parameter, with its bits in the low end: pointers and integers as they
	// are, a float32 as math.Float32bits. It is not kept after the call.
	Args []uint64
}

// A Stream is a queue: its work is done in order. Calls may return before the work is done, and may
// report errors of earlier work.
type Stream interface {
	// Write copies from the host. src may be changed after Write returns.
	Write(dst Pointer, src []byte) error
	// Read copies to the host and waits for the copy.
	Read(dst []byte, src Pointer) error
	// Copy copies within the device. The ranges must not overlap.
	Copy(dst, src Pointer, bytes int64) error
	// Fill sets every byte.
	Fill(dst Pointer, value byte, bytes int64) error
	// Launch runs a kernel.
	Launch(f Function, l Launch) error
	// Record records the time at which all earlier work is done.
	Record() (Event, error)
	// Sync waits until all submitted work is done.
	Sync() error
	// Close waits for all work and closes the stream.
	Close() error
}

// An Event is a point in a stream.
type Event interface {
	// Since waits for both events and returns the time between them.
	Since(earlier Event) (time.Duration, error)
}

// A Capturer is a Stream that can record work as a graph instead of doing it, so that a single call
// runs it again. Not every stream can.
type Capturer interface {
	// BeginCapture starts recording the stream's work.
	BeginCapture() error
	// EndCapture ends the recording and returns the graph, ready to run.
	EndCapture() (Graph, error)
}

// A Graph is recorded work.
type Graph interface {
	// Launch runs the work, in its stream's order.
	Launch() error
	// Close frees the graph.
	Close() error
}
