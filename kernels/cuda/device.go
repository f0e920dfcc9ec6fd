// Package cuda is the device that computes with PTX kernels: on an NVIDIA GPU, or on the emulator.
//
// Next to each .ptx file is a Go file with its launchers: the Device's methods, which check the
// sizes, choose the grid and build the argument list. A launcher talks to a driver.Driver and does
// not know what runs the kernels.
//
// All kernels except those for tensor cores use only operations defined by IEEE 754, in an order
// determined by the shapes: every GPU and the emulator give the same bits.
package cuda

import (
	"errors"
	"math"
	"sync/atomic"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Device is a kernels.Device on top of a driver. Only one goroutine may use it at a time; if two call
// the driver at once, the second panics with a *kernels.BusyError.
type Device struct {
	// TensorCores lets MatMul use tensor cores if the GPU has them (compute capability 8.0 or
	// later) and the shape suits them. They round the factors to tf32, which has 10 fraction bits
	// where float32 has 23: faster, with a relative error near 1e-3. Off by default.
	TensorCores bool
	// ConvForm forces a form of convolution, so that they can be compared. By default the shape
	// decides.
	ConvForm ConvForm
	// NoGraphs makes the device refuse to capture graphs, for comparison. Graphs captured earlier
	// still run as captured, including TensorCores and ConvForm.
	NoGraphs bool

	name      string
	driver    driver.Driver
	stream    driver.Stream
	info      driver.Info
	functions map[kernel]driver.Function // by file and name, filled on first use
	modules   map[string]driver.Module   // by file
	arguments [maxArguments]uint64       // of the current launch
	updates   updates
	pair      pair
	loss      lossAhead
	lossGrad  lossGradAhead
	scratch   scratch
	between   scratch // what one kernel leaves for another that itself uses scratch
	unpooled  scratch // a convolution's output before pooling, or its gradient
	counters  counters
	capturing *graph // the graph being captured, or nil
	lost      bool   // the driver has reported that the GPU can no longer be used
	busy      atomic.Bool
}

var _ kernels.Device = (*Device)(nil)

// New returns the device that computes with d. The name is the device's own: "cuda" or "emulator".
// Closing the device closes d; if New fails, d is closed, too.
func New(name string, d driver.Driver) (*Device, error) {
	stream, err := d.NewStream()
	if err != nil {
		failure := &kernels.DeviceError{Device: name, Op: "open", Err: errors.Join(err, d.Close())}
		var known *driver.Error
		if errors.As(err, &known) {
			failure.Hint = known.Hint
		}
		return nil, failure
	}
	return &Device{
		name:      name,
		driver:    d,
		stream:    stream,
		info:      d.Info(),
		functions: map[kernel]driver.Function{},
		modules:   map[string]driver.Module{},
	}, nil
}

// Name returns "cuda" or "emulator".
func (d *Device) Name() string { return d.name }

// Info describes the GPU.
func (d *Device) Info() driver.Info { return d.info }

// Memory returns the bytes of the GPU's memory that the device holds, and how many more it could
// get.
func (d *Device) Memory() (used, free int64) { return d.driver.Memory() }

// Lost reports whether the driver has said that the GPU can no longer be used.
func (d *Device) Lost() bool { return d.lost }

// Stream returns the stream in which the device does its work, for timing and graphs.
func (d *Device) Stream() driver.Stream { return d.queue() }

// queue returns the stream after launching all deferred work into it.
func (d *Device) queue() driver.Stream {
	d.update()
	return d.stream
}

// Close frees the device's memory, including every buffer. Any later work on the device panics with
// a *kernels.DeviceError that wraps driver.ErrClosed; buffers and graphs may still be freed, and
// Close may be called again.
func (d *Device) Close() error {
	err := errors.Join(d.scratch.free(d), d.between.free(d), d.unpooled.free(d), d.counters.free(d), d.stream.Close(), d.driver.Close())
	d.driver, d.stream = closed{}, closed{}
	d.forget() // its memory is gone
	return err
}

// Sync waits until all work is done.
func (d *Device) Sync() {
	d.notCaptured("sync")
	q := d.queue()
	d.enter()
	err := q.Sync()
	d.leave()
	d.check("sync", err)
}

// check panics with a *kernels.DeviceError if err is not nil.
func (d *Device) check(op string, err error) {
	if err == nil {
		return
	}
	failure := &kernels.DeviceError{Device: d.name, Op: op, Err: err}
	var memory *kernels.OutOfMemoryError
	var known *driver.Error
	switch {
	case errors.As(err, &memory):
		failure.Hint = "a smaller batch needs less"
	case errors.As(err, &known):
		failure.Hint = known.Hint
		d.lost = d.lost || known.Lost
	}
	panic(failure)
}

// A kernel is an .entry of one of the .ptx files.
type kernel struct{ file, name string }

// maxArguments is the maximum number of kernel parameters.
const maxArguments = 64

// with begins an argument list. It is stored in the device so that launches do not allocate; only
// one list can be built at a time.
func (d *Device) with(arguments ...uint64) []uint64 {
	return append(d.arguments[:0], arguments...)
}

// launch runs a kernel with the given arguments.
func (d *Device) launch(k kernel, grid, block driver.Dim, arguments ...uint64) {
	d.launchShared(k, grid, block, 0, arguments...)
}

// launchShared is launch with dynamic shared memory, in bytes.
func (d *Device) launchShared(k kernel, grid, block driver.Dim, shared int, arguments ...uint64) {
	if grid.X == 0 {
		return // nothing to do; drivers reject a launch without blocks
	}
	d.update()
	n := copy(d.arguments[:], arguments)
	d.start(k, driver.Launch{Grid: grid, Block: block, Shared: shared, Args: d.arguments[:n]})
}

func (d *Device) start(k kernel, l driver.Launch) {
	f := d.function(k)
	d.enter()
	err := d.stream.Launch(f, l)
	d.leave()
	d.check(k.name, err)
}

// enter begins a call of the driver, which leave ends.
func (d *Device) enter() {
	if !d.busy.CompareAndSwap(false, true) {
		panic(&kernels.BusyError{})
	}
}

func (d *Device) leave() { d.busy.Store(false) }

// function returns a kernel; its file is loaded on first use.
func (d *Device) function(k kernel) driver.Function {
	if f, ok := d.functions[k]; ok {
		return f
	}
	d.notCaptured("load " + k.name)
	m, ok := d.modules[k.file]
	if !ok {
		text, err := Source(k.file)
		d.check("load "+k.file, err)
		m, err = d.driver.Load(k.file, text)
		d.check("load "+k.file, err)
		d.modules[k.file] = m
	}
	f, err := m.Function(k.name)
	d.check("load "+k.name, err)
	d.functions[k] = f
	return f
}

// Kernel arguments are passed in cells of 64 bits.

func address(b kernels.Buffer) uint64 {
	if b == nil {
		return 0
	}
	return uint64(own(b).address())
}

func float(x float32) uint64 { return uint64(math.Float32bits(x)) }

func truth(on bool) uint64 {
	if on {
		return 1
	}
	return 0
}

func mode(m kernels.Mode) uint64 { return truth(bool(m)) }

// count passes a number of elements, a size or a stride as 32 bits. Buffers have fewer than 2³¹
// elements, so every index fits.
func count(n int) uint64 { return uint64(uint32(n)) }

// ceilDiv is n/m rounded up.
func ceilDiv(n, m int) int { return (n + m - 1) / m }

// lanes is a block of n threads in a row, and line a grid of n blocks.
func lanes(n int) driver.Dim { return driver.Dim{X: n, Y: 1, Z: 1} }
func line(n int) driver.Dim  { return driver.Dim{X: n, Y: 1, Z: 1} }
