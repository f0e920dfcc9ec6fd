// Package driver is the seam between the launchers of GPU kernels and whatever
// runs them: a small interface in the words of the CUDA driver. The PTX emulator
// implements it in plain Go, and so does, behind the build tag cuda, the real
// driver.
//
// Sizes are in bytes. Errors of the driver come back as errors; only a Driver
// that has run out of memory returns a *kernels.OutOfMemoryError.
package driver

import "time"

// Pointer is an address in the device's memory. 0 is no address: kernels take
// it for an argument left out.
type Pointer uint64

// A Driver is one GPU, or what stands for one. It is used by one goroutine at a time.
type Driver interface {
	// Info says what the device is.
	Info() Info
	// Memory says how many bytes are in use and free.
	Memory() (used, free int64)
	// Alloc returns bytes of memory whose contents are not defined, aligned to
	// 256 bytes. An error for want of memory is a *kernels.OutOfMemoryError.
	Alloc(bytes int64) (Pointer, error)
	// Free gives back what Alloc returned, after the work asked for so far.
	Free(p Pointer) error
	// Load compiles PTX text; name is what errors call it, as a file's name. The
	// compiler's log is in the error.
	Load(name, text string) (Module, error)
	// NewStream opens a queue of work.
	NewStream() (Stream, error)
	// Close frees everything, after the work asked for so far.
	Close() error
}

// Info describes a device.
type Info struct {
	Name            string // the maker's name of it
	Compute         [2]int // compute capability, as {9, 0}
	Multiprocessors int    // how many blocks can be at work at once without sharing one
	Memory          int64  // all of it, in bytes
	SharedPerBlock  int    // the most dynamic shared memory that a block can ask for, in bytes
}

// A Module is PTX that has been loaded.
type Module interface {
	// Function finds an .entry by its name.
	Function(name string) (Function, error)
}

// A Function is a kernel that can be launched.
type Function interface {
	// Name is the .entry's.
	Name() string
}

// Dim is a size in up to three directions, X, Y and Z; fields that are 0 count as 1.
type Dim struct{ X, Y, Z int }

// A Launch is what a kernel is started with.
type Launch struct {
	Grid, Block Dim // how many blocks, and threads in each
	Shared      int // bytes of dynamic shared memory
	// Args has one cell for each parameter, holding its bits in the low end:
	// pointers and integers as they are, a float32 as math.Float32bits. It is
	// not kept after the call.
	Args []uint64
}

// A Stream is a queue: what is asked of it is done in order. Calls may return
// before the work is done, and report earlier work's errors.
type Stream interface {
	// Write copies from the host. src may be changed once Write returns.
	Write(dst Pointer, src []byte) error
	// Read copies to the host and waits for it.
	Read(dst []byte, src Pointer) error
	// Copy copies within the device. The two ranges don't overlap.
	Copy(dst, src Pointer, bytes int64) error
	// Fill sets every byte.
	Fill(dst Pointer, value byte, bytes int64) error
	// Launch runs a kernel.
	Launch(f Function, l Launch) error
	// Record notes the moment at which all earlier work is done.
	Record() (Event, error)
	// Sync waits for all work asked for.
	Sync() error
	// Close waits for all work, and closes the queue.
	Close() error
}

// An Event is a moment in a stream.
type Event interface {
	// Since waits for both moments and returns the time between them.
	Since(earlier Event) (time.Duration, error)
}

// A Capturer is a Stream that can record work as a graph instead of doing it,
// so that one call does all of it again. Not every stream can.
type Capturer interface {
	// BeginCapture starts: work asked of the stream is recorded from here on.
	BeginCapture() error
	// EndCapture ends the recording and makes it ready to run.
	EndCapture() (Graph, error)
}

// A Graph is recorded work.
type Graph interface {
	// Launch does the work, in its stream's order.
	Launch() error
	// Close frees the graph.
	Close() error
}
