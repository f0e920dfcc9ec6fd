// Package cuda is the device that computes with PTX kernels: on an NVIDIA GPU,
// or on the emulator where there is none.
//
// Beside each .ptx file stands a Go file with its launchers: the Device's
// methods, which check the sizes, choose the grid and list the arguments. A
// launcher speaks to a driver.Driver, and does not know what runs the kernels.
//
// All kernels but those for the tensor cores use only operations that IEEE 754
// defines, in an order that follows from the shapes: every GPU and the emulator
// give the same bits.
package cuda

import (
	"errors"
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Device is a kernels.Device over a driver. It is used by one goroutine at a time.
type Device struct {
	// TensorCores lets MatMul use the tensor cores where the GPU has them (compute
	// capability 8.0 and later) and the shape suits them. They round the factors
	// to tf32, which has 10 bits behind the point where float32 has 23: faster,
	// and a relative error near 1e-3. Off unless it is set.
	TensorCores bool
	// ConvForm says how convolutions are worked out, so that the forms can be
	// compared; by the shape unless it is set.
	ConvForm ConvForm
	// NoGraphs makes the device refuse to capture graphs, for comparison. (What
	// was captured goes on as it was captured, TensorCores and ConvForm included.)
	NoGraphs bool

	name      string
	driver    driver.Driver
	stream    driver.Stream
	info      driver.Info
	functions map[kernel]driver.Function // by file and name, filled as they are first used
	modules   map[string]driver.Module   // by file
	arguments [maxArguments]uint64       // of the launch under way
	updates   updates
	pair      pair
	loss      lossAhead
	lossGrad  lossGradAhead
	scratch   scratch
	between   scratch // what a kernel leaves for another, which uses scratch itself
	unpooled  scratch // a convolution's output before its pooling, or the gradient there
	counters  counters
	capturing *graph // the graph that is being captured, or nil
	lost      bool   // the driver has said that the GPU can't be used any more
}

var _ kernels.Device = (*Device)(nil)

// New returns the device that computes with d. The name is what the device
// calls itself: "cuda" or "emulator". Closing the device closes d.
func New(name string, d driver.Driver) (*Device, error) {
	stream, err := d.NewStream()
	if err != nil {
		return nil, &kernels.DeviceError{Device: name, Op: "open", Err: err}
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

// Name is "cuda" or "emulator".
func (d *Device) Name() string { return d.name }

// Info describes the GPU.
func (d *Device) Info() driver.Info { return d.info }

// Memory says how many bytes of the GPU's memory the device holds, and how many
// more it could have.
func (d *Device) Memory() (used, free int64) { return d.driver.Memory() }

// Lost tells whether the driver has said that the GPU can't be used any more.
func (d *Device) Lost() bool { return d.lost }

// Stream is the queue in which the device does its work, for timing and graphs.
func (d *Device) Stream() driver.Stream { return d.queue() }

// queue is the stream, with everything in it that has been asked for.
func (d *Device) queue() driver.Stream {
	d.update()
	return d.stream
}

// Close frees the device's memory, and with it every buffer. Whatever is asked of the
// device after that panics with a *kernels.DeviceError that wraps driver.ErrClosed;
// buffers and graphs may still be freed, and it may be closed again.
func (d *Device) Close() error {
	err := errors.Join(d.scratch.free(d), d.between.free(d), d.unpooled.free(d), d.counters.free(d), d.stream.Close(), d.driver.Close())
	d.driver, d.stream = closed{}, closed{}
	d.updates.count = 0 // of memory that is gone
	return err
}

// Sync waits until all work asked for is done.
func (d *Device) Sync() {
	d.notCaptured("sync")
	d.check("sync", d.queue().Sync())
}

// check panics with a *kernels.DeviceError if err is one.
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

// maxArguments is the most parameters that a kernel has.
const maxArguments = 64

// with begins a list of arguments. It lies in the device, so that a launch
// allocates nothing: only one list is made at a time.
func (d *Device) with(arguments ...uint64) []uint64 {
	return append(d.arguments[:0], arguments...)
}

// launch runs a kernel with the given arguments.
func (d *Device) launch(k kernel, grid, block driver.Dim, arguments ...uint64) {
	d.launchShared(k, grid, block, 0, arguments...)
}

// launchShared is launch, with so many bytes of dynamic shared memory.
func (d *Device) launchShared(k kernel, grid, block driver.Dim, shared int, arguments ...uint64) {
	if grid.X == 0 {
		return // nothing to do: a launch of no blocks is an error to the driver
	}
	d.update()
	n := copy(d.arguments[:], arguments)
	d.start(k, driver.Launch{Grid: grid, Block: block, Shared: shared, Args: d.arguments[:n]})
}

func (d *Device) start(k kernel, l driver.Launch) {
	if err := d.stream.Launch(d.function(k), l); err != nil {
		d.check(k.name, err)
	}
}

// function finds a kernel, and loads the file it is in when it is first used.
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

// A kernel's arguments are passed in cells of 64 bits.

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

// count passes a number of elements, a size or a stride as 32 bits. Buffers
// hold fewer than 2³¹ elements, so that every index fits.
func count(n int) uint64 { return uint64(uint32(n)) }

// ceilDiv is n/m, rounded up.
func ceilDiv(n, m int) int { return (n + m - 1) / m }

// lanes is the block of so many threads in a row, and line the grid of so many blocks.
func lanes(n int) driver.Dim { return driver.Dim{X: n, Y: 1, Z: 1} }
func line(n int) driver.Dim  { return driver.Dim{X: n, Y: 1, Z: 1} }
