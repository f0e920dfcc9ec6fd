//go:build cuda

package nvidia

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"

	"gorgonia.org/cu"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/libcuda"
)

// Built reports whether the program was built with GPU support: with the tag cuda.
const Built = true

// Count returns the number of GPUs. The error, a *NoDeviceError, says why there is none.
func Count() (int, error) {
	if err := libcuda.Present(); err != nil {
		none := &NoDeviceError{
			Looked: "no NVIDIA driver: " + err.Error(),
			Hint:   "with an NVIDIA GPU, install its driver; " + libcuda.Variable + " names one that is elsewhere; a CUDA toolkit is not needed",
		}
		if os.Getenv(libcuda.Variable) != "" {
			none.Hint = libcuda.Variable + " names that library; without it the driver's own is looked for"
		}
		return 0, none
	}
	if err := check("cuInit", libcuda.Started()); err != nil {
		return 0, noDevice(err)
	}
	n, err := cu.NumDevices()
	if err != nil || n == 0 {
		return 0, noDevice(explain(err))
	}
	return n, nil
}

// noDevice returns the error for a driver that finds no GPU, with the driver's own error, if any.
func noDevice(err error) error {
	none := &NoDeviceError{Looked: "the NVIDIA driver finds no GPU", Hint: "nvidia-smi shows what the driver sees; CUDA_VISIBLE_DEVICES hides GPUs"}
	if err == nil {
		return none
	}
	var known *driver.Error
	if errors.As(err, &known) {
		none.Looked, none.Hint = none.Looked+": "+known.Err.Error(), known.Hint
	} else {
		none.Looked += ": " + err.Error()
	}
	return none
}

// gpu is one GPU. A driver context is bound to an operating-system thread, and goroutines move
// between threads. So every call locks its goroutine to the current thread and makes the context
// current there, which costs some tens of nanoseconds.
type gpu struct {
	device  cu.Device
	context cu.CUContext
	info    driver.Info
	pool    pool
	modules []cu.Module
	events  []cu.Event
	streams []*stream
	closed  bool
}

var _ driver.Driver = (*gpu)(nil)

// leastCompute is the major compute capability that every kernel needs: .target sm_70.
const leastCompute = 7

// Open opens GPU number ordinal, counting from 0. The error is a *NoDeviceError if there is none
// that can run the kernels, otherwise a *kernels.DeviceError.
func Open(ordinal int, o Options) (driver.Driver, error) {
	n, err := Count()
	if err != nil {
		return nil, err
	}
	if ordinal < 0 || ordinal >= n {
		return nil, &NoDeviceError{Looked: fmt.Sprintf("there is no GPU number %d", ordinal), Hint: fmt.Sprintf("they are numbered from 0 to %d", n-1)}
	}
	g := &gpu{}
	if g.device, err = cu.GetDevice(ordinal); err != nil {
		return nil, opening(explain(err))
	}
	if err := g.describe(); err != nil {
		return nil, opening(explain(err))
	}
	if c := g.info.Compute; c[0] < leastCompute {
		return nil, &NoDeviceError{
			Looked: fmt.Sprintf("%s is too old: its compute capability is %d.%d", g.info.Name, c[0], c[1]),
			Hint:   fmt.Sprintf("the kernels need %d.0 or later", leastCompute),
		}
	}
	// The device's primary context, which other libraries in the process share.
	if g.context, err = g.device.RetainPrimaryCtx(); err != nil {
		return nil, opening(explain(err))
	}
	g.pool.limit = o.MemoryLimit
	return g, nil
}

func (g *gpu) describe() (err error) {
	if g.info.Name, err = g.device.Name(); err != nil {
		return err
	}
	if g.info.Memory, err = g.device.TotalMem(); err != nil {
		return err
	}
	for _, a := range []struct {
		attribute cu.DeviceAttribute
		into      *int
	}{
		{cu.ComputeCapabilityMajor, &g.info.Compute[0]},
		{cu.ComputeCapabilityMinor, &g.info.Compute[1]},
		{cu.MultiprocessorCount, &g.info.Multiprocessors},
		{maxSharedPerBlock, &g.info.SharedPerBlock},
	} {
		if *a.into, err = g.device.Attribute(a.attribute); err != nil {
			return err
		}
	}
	return nil
}

// enter makes the context current on this thread and locks the goroutine to it until leave is
// called.
func (g *gpu) enter() error {
	if g.closed {
		return driver.ErrClosed
	}
	runtime.LockOSThread()
	if err := cu.SetCurrentContext(g.context); err != nil {
		runtime.UnlockOSThread()
		return explain(err)
	}
	return nil
}

func (g *gpu) leave() { runtime.UnlockOSThread() }

// Info describes the GPU.
func (g *gpu) Info() driver.Info { return g.info }

// Close releases everything. The context is released last, and in any case: a lost GPU can be
// opened again only once nobody holds its context.
func (g *gpu) Close() error {
	if g.closed {
		return nil
	}
	var failures []error
	if err := g.enter(); err != nil {
		failures = append(failures, err)
	} else {
		defer g.leave()
		failures = append(failures, g.finish())
		for i := range g.events {
			failures = append(failures, explain(cu.DestroyEvent(&g.events[i])))
		}
		for _, m := range g.modules {
			failures = append(failures, explain(m.Unload()))
		}
		failures = append(failures, g.pool.free())
	}
	g.closed, g.modules, g.events, g.streams = true, nil, nil, nil
	return errors.Join(append(failures, explain(g.device.ReleasePrimaryCtx()))...)
}

// finish waits for all submitted work. It synchronizes each stream, not the context: others may
// share the context and be capturing a graph in it, which that would spoil.
func (g *gpu) finish() error {
	var failures []error
	for _, s := range g.streams {
		if !s.capturing { // what is captured does not run
			failures = append(failures, explain(s.stream.Synchronize()))
		}
	}
	return errors.Join(failures...)
}

// Load compiles PTX text for this GPU.
func (g *gpu) Load(name, text string) (driver.Module, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.leave()
	log := &cu.JITErrorLogBuffer{Buffer: make([]byte, 16<<10)}
	m, err := cu.LoadDataEx(text, log)
	if err != nil {
		message, _, _ := bytes.Cut(log.Buffer, []byte{0})
		return nil, &LoadError{Name: name, Log: string(bytes.TrimSpace(message)), Driver: cu.Version(), Err: explain(err)}
	}
	g.modules = append(g.modules, m)
	return module{g, m}, nil
}

type module struct {
	gpu    *gpu
	module cu.Module
}

func (m module) Function(name string) (driver.Function, error) {
	if err := m.gpu.enter(); err != nil {
		return nil, err
	}
	defer m.gpu.leave()
	f, err := m.module.Function(name)
	if err != nil {
		return nil, fmt.Errorf("kernel %s: %w", name, explain(err))
	}
	return &function{name: name, function: f}, nil
}

type function struct {
	name     string
	function cu.Function
	shared   int // bytes of dynamic shared memory allowed so far
}

func (f *function) Name() string { return f.name }
