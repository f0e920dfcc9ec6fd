//go:build cuda

package nvidia

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/libcuda"
)

// Known driver errors: the number, a name (gorgonia.org/cu's, if it has one), what may help, and
// whether the context is lost with it. (According to NVIDIA's description of CUresult, a context
// stays unusable after one of these errors.)
var failures = []struct {
	number int
	name   string
	hint   string
	lost   bool
}{
	{outOfMemory, "OutOfMemory", "a smaller batch needs less; nvidia-smi lists who else holds some", false},
	{3, "NotInitialized", "the driver has not started: nvidia-smi says more", false},
	{4, "Deinitialized", "the driver is shutting down", true},
	{34, "StubLibrary", "this is the toolkit's stub of the driver, for linking only: take the folder stubs out of LD_LIBRARY_PATH", false},
	{46, "DeviceUnavailable", "the GPU is not available now: another program may have it to itself", true},
	{100, "NoDevice", "nvidia-smi shows what the driver sees; CUDA_VISIBLE_DEVICES hides GPUs", false},
	{101, "InvalidDevice", "nvidia-smi shows what the driver sees; CUDA_VISIBLE_DEVICES hides GPUs", false},
	{102, "DeviceNotLicensed", "the virtual GPU has no licence: nvidia-smi -q says more", false},
	{209, "NoBinaryForGpu", "the kernel is for another GPU", false},
	{214, "EccUncorrectable", "the GPU's memory is damaged: nvidia-smi -q -d ECC says more", true},
	{218, "InvalidPtx", "the driver is too old for this kernel, or the GPU is", false},
	{220, "NvlinkUncorrectable", "the link between GPUs has failed", true},
	{221, "JitCompilerNotFound", "the driver's PTX compiler (libnvidia-ptxjitcompiler) is missing", false},
	{222, "UnsupportedPtxVersion", "the driver is too old for this kernel: a newer driver takes it", false},
	{223, "JitCompilationDisabled", "the kernels are compiled when they are first used: unset CUDA_DISABLE_PTX_JIT and CUDA_DISABLE_JIT", false},
	{226, "Contained", "the GPU has failed: nvidia-smi -q and dmesg say more", true},
	{304, "OperatingSystem", "the operating system refused the driver something, as it may in a container: dmesg says more", false},
	{700, "IllegalAddress", "a kernel read or wrote memory that is not its own; the emulator (--device emulator) says which line", true},
	{701, "LaunchOutOfResources", "the kernel needs more registers or shared memory than this GPU has", false},
	{702, "LaunchTimeout", "a kernel ran longer than the system allows on a GPU that also draws the screen", true},
	{709, "ContextIsDestroyed", "the GPU was lost; nvidia-smi shows whether the driver still sees it", true},
	{714, "HardwareStackError", "the GPU has failed", true},
	{715, "IllegalInstruction", "the emulator (--device emulator) says which line", true},
	{716, "MisalignedAddress", "the emulator (--device emulator) says which line", true},
	{717, "InvalidAddressSpace", "the emulator (--device emulator) says which line", true},
	{718, "InvalidPc", "the emulator (--device emulator) says which line", true},
	{719, "LaunchFailed", "a kernel failed, or the GPU was lost; the emulator (--device emulator) or nvidia-smi says more", true},
	{801, "NotSupported", "a newer driver has this call", false},
	{802, "SystemNotReady", "the system is not ready: on machines with NVSwitch nvidia-fabricmanager has to run", false},
	{803, "SystemDriverMismatch", "the driver's parts are of different versions: restart the machine", false},
	{804, "CompatNotSupportedOnDevice", "the driver is too old for this GPU", false},
	{805, "MpsConnectionFailed", "NVIDIA's Multi-Process Service does not answer: restart nvidia-cuda-mps-control", false},
	{806, "MpsRpcFailure", "NVIDIA's Multi-Process Service does not answer: restart nvidia-cuda-mps-control", false},
	{807, "MpsServerNotReady", "NVIDIA's Multi-Process Service is starting, or recovering from a failure: try again", false},
	{808, "MpsMaxClientsReached", "NVIDIA's Multi-Process Service has as many programs as it takes", false},
	{809, "MpsMaxConnectionsReached", "NVIDIA's Multi-Process Service has as many connections as it takes", false},
	{810, "MpsClientTerminated", "NVIDIA's Multi-Process Service has ended this program's work", true},
	{999, "Unknown", "nvidia-smi shows whether the driver still sees the GPU", true},
}

// explain adds what is known about an error of the driver.
func explain(err error) error {
	if err == nil {
		return nil
	}
	for _, f := range failures {
		switch err.Error() {
		case f.name:
			return &driver.Error{Err: withProblem(err), Hint: f.hint, Lost: f.lost}
		case fmt.Sprintf("UnknownErrorCode:%d", f.number): // gorgonia.org/cu has no name for it
			return &driver.Error{Err: withProblem(fmt.Errorf("%s (%w)", f.name, err)), Hint: f.hint, Lost: f.lost}
		}
	}
	return withProblem(err)
}

// withProblem adds the emulator's own description of an error, if the emulator replaces the driver.
func withProblem(err error) error {
	if libcuda.Emulated() {
		if problem := libcuda.Problem(); problem != nil {
			return fmt.Errorf("%w: %w", err, problem)
		}
	}
	return err
}

// outOfMemory is the driver's error number for it. It concerns the driver's own needs, such as for
// a graph; when the pool runs out, the error is a *kernels.OutOfMemoryError.
const outOfMemory = 2

// check returns an error for the status of a call that gorgonia.org/cu does not provide.
func check(call string, number int) error {
	if number == 0 {
		return nil
	}
	for _, f := range failures {
		if f.number == number {
			return &driver.Error{Err: withProblem(fmt.Errorf("%s: %s", call, f.name)), Hint: f.hint, Lost: f.lost}
		}
	}
	return withProblem(fmt.Errorf("%s: CUDA error %d", call, number))
}

// opening returns the error for a failure to open the GPU.
func opening(err error) error {
	failure := &kernels.DeviceError{Device: "cuda", Op: "open", Err: err}
	var known *driver.Error
	if errors.As(err, &known) {
		failure.Hint = known.Hint
	}
	if errors.Is(err, cu.OutOfMemory) {
		failure.Hint = "other programs hold the GPU's memory: nvidia-smi lists them"
	}
	return failure
}

// A LoadError is PTX that the driver refused.
type LoadError struct {
	Name   string // of the file
	Log    string // the log of the driver's compiler
	Driver int    // the newest CUDA version that the driver supports, such as 12060 for 12.6
	Err    error  // the driver's error
}

// Error returns the file, the error, and the driver version, followed by the log.
func (e *LoadError) Error() string {
	s := fmt.Sprintf("%s: %v (driver for CUDA %d.%d)", e.Name, e.Err, e.Driver/1000, e.Driver%1000/10)
	if e.Log != "" {
		s += "\n" + e.Log
	}
	return s
}

// Unwrap returns the driver's error.
func (e *LoadError) Unwrap() error { return e.Err }
