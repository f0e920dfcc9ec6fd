//go:build cuda

package nvidia

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"

	"gorgonia.org/cu"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/libcuda"
)

// Count is the number of GPUs. The error, a *NoDeviceError, says why there is none.
func Count() (int, error) {
	if err := libcuda.Present(); err != nil {
		return 0, &NoDeviceError{
			Looked: "no NVIDIA driver: " + err.Error(),
			Hint:   "with an NVIDIA GPU, install its driver; a CUDA toolkit is not needed",
		}
	}
	n, err := cu.NumDevices()
	if err != nil || n == 0 {
		looked := "the NVIDIA driver finds no GPU"
		if err != nil {
			looked += ": " + explain(err).Error()
		}
		return 0, &NoDeviceError{Looked: looked, Hint: "nvidia-smi shows what the driver sees; CUDA_VISIBLE_DEVICES hides GPUs"}
	}
	return n, nil
}

// gpu is one GPU. A context of the driver is bound to a thread of the operating
// system, and goroutines move between threads: every call locks its goroutine to
// the thread that it is on and makes the context current there, which costs some
// tens of nanoseconds.
type gpu struct {
	device  cu.Device
	context cu.CUContext
	info    driver.Info
	pool    pool
}

var _ driver.Driver = (*gpu)(nil)

// Open opens GPU number ordinal, from 0.
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
		return nil, explain(err)
	}
	if err := g.describe(); err != nil {
		return nil, explain(err)
	}
	// The device's primary context: other libraries in the process share it.
	if g.context, err = g.device.RetainPrimaryCtx(); err != nil {
		return nil, explain(err)
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

// enter makes the context current on this thread and keeps the goroutine there
// until leave is called.
func (g *gpu) enter() error {
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

// Close gives everything back.
func (g *gpu) Close() error {
	if err := g.enter(); err != nil {
		return err
	}
	defer g.leave()
	return errors.Join(explain(cu.Synchronize()), g.pool.free(), explain(g.device.ReleasePrimaryCtx()))
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
	return module{g, m}, nil
}

// A LoadError is PTX that the driver did not take.
type LoadError struct {
	Name   string // of the file
	Log    string // what the driver's compiler said
	Driver int    // the newest CUDA that the driver speaks, as 12060 for 12.6
	Err    error
}

func (e *LoadError) Error() string {
	s := fmt.Sprintf("%s: %v (driver for CUDA %d.%d)", e.Name, e.Err, e.Driver/1000, e.Driver%1000/10)
	if e.Log != "" {
		s += "\n" + e.Log
	}
	return s
}

func (e *LoadError) Unwrap() error { return e.Err }

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
	shared   int // bytes of dynamic shared memory that it has been allowed
}

func (f *function) Name() string { return f.name }

// explain adds to an error of the driver what its number alone does not say.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if libcuda.Emulated() {
		if problem := libcuda.Problem(); problem != nil {
			return fmt.Errorf("%w: %w", err, problem)
		}
	}
	if hint := hints[err.Error()]; hint != "" {
		return fmt.Errorf("%w: %s", err, hint)
	}
	return err
}

// hints say what may help, by the names that gorgonia.org/cu gives to errors.
var hints = map[string]string{
	"IllegalAddress":             "a kernel read or wrote memory that is not its own; the emulator (--device emulator) says which line",
	"LaunchFailed":               "a kernel failed; the emulator (--device emulator) says which line",
	"EccUncorrectable":           "the GPU's memory is damaged",
	"SystemDriverMismatch":       "the driver's parts are of different versions: restart the machine",
	"InvalidPtx":                 "the driver is too old for this kernel, or the GPU is",
	"NoBinaryForGpu":             "the kernel is for another GPU",
	"ContextIsDestroyed":         "the GPU was lost; nvidia-smi shows whether the driver still sees it",
	"HardwareStackError":         "the GPU has failed",
	"JitCompilerNotFound":        "the driver's PTX compiler (libnvidia-ptxjitcompiler) is missing",
	"CompatNotSupportedOnDevice": "the driver is too old for this GPU",
	"UnknownErrorCode:222":       "the driver is too old for this kernel", // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
}
