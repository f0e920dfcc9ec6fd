//go:build cuda

package nvidia_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/libcuda"
	"baregrad/kernels/cuda/nvidia"
	"baregrad/nn"
)

// How devices begin and end: what they hold, what is left of them, and what becomes of
// those who use one that is closed, or two at once.

// failure calls f and returns the *kernels.DeviceError that it panics with, or nil.
func failure(f func()) (failure *kernels.DeviceError) {
	defer func() { failure, _ = recover().(*kernels.DeviceError) }()
	f()
	return nil
}

// A device that was opened, trained with and closed leaves nothing behind.
func TestOpenAndCloseLeaveNothing(t *testing.T) {
	emulated(t)
	cycle := func() {
		d := device(t, nvidia.Options{})
		if err := newTraining(t, d).fit(8); err != nil {
			t.Fatal(err)
		}
		before, err := d.Stream().Record()
		if err != nil {
			t.Fatal(err)
		}
		after, err := d.Stream().Record()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := after.Since(before); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	contexts, objects, bytes := libcuda.Held()
	goroutines := runtime.NumGoroutine()
	for range 5 {
		cycle()
	}
	c, o, b := libcuda.Held()
	if c != contexts || o != objects || b != bytes || runtime.NumGoroutine() > goroutines {
		t.Errorf("five times open and closed: %d contexts, %d objects, %d bytes, %d goroutines; before that %d, %d, %d, %d",
			c, o, b, runtime.NumGoroutine(), contexts, objects, bytes, goroutines)
	}
}

// A device that is closed refuses everything with an error of its own, and nothing that
// it had reaches the driver.
func TestUseAfterClose(t *testing.T) {
	d := device(t, nvidia.Options{})
	x, y := d.Alloc(kernels.Float32, 1000), d.Alloc(kernels.Float32, 1000)
	d.ReLU(y, x)
	g, err := d.Capture(func() { d.ReLU(y, x) })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, use := range map[string]func(){
		"alloc":  func() { d.Alloc(kernels.Float32, 1) },
		"write":  func() { d.Write(x, make([]byte, 4000)) },
		"read":   func() { d.Read(make([]byte, 4000), x) },
		"copy":   func() { d.Copy(y, x) },
		"launch": func() { d.ReLU(y, x) },
		"load":   func() { d.Exp(y, x) },
		"graph":  g.Launch,
		"sync":   d.Sync,
	} {
		if failed := failure(use); failed == nil || !errors.Is(failed, driver.ErrClosed) {
			t.Errorf("%s after Close: error %v, want a *kernels.DeviceError that wraps driver.ErrClosed", name, failed)
		}
	}
	if failed := failure(func() { x.Free(); g.Free() }); failed != nil {
		t.Errorf("freeing after Close: %v", failed)
	}

	// The driver itself, without the device above it.
	gpu := open(t, nvidia.Options{})
	s, err := gpu.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	_, f := doubler(t, gpu)
	for range 2 {
		if err := errors.Join(s.Close(), gpu.Close()); err != nil {
			t.Fatal(err)
		}
	}
	_, allocated := gpu.Alloc(1)
	_, loaded := gpu.Load("double.ptx", doubling)
	launched := s.Launch(f, driver.Launch{Grid: driver.Dim{X: 1}, Block: driver.Dim{X: 1}, Args: []uint64{0, 0}})
	for _, err := range []error{allocated, loaded, launched, s.Sync()} {
		if !errors.Is(err, driver.ErrClosed) {
			t.Errorf("error %v, want driver.ErrClosed", err)
		}
	}
}

// Whatever fails when a GPU is closed, its context is given back: a lost GPU can be
// opened again only when nobody holds it.
func TestALostContextIsGivenBack(t *testing.T) {
	emulated(t)
	before, _, _ := libcuda.Held()
	for _, function := range []string{"", "cuCtxSetCurrent"} {
		d := device(t, nvidia.Options{})
		d.Alloc(kernels.Float32, 10)
		libcuda.Inject(function, 0, 719)
		err := d.Close()
		libcuda.Inject(function, 0, 0)
		var known *driver.Error
		if !errors.As(err, &known) || !known.Lost {
			t.Errorf("closing a lost GPU gave the error %v", err)
		}
		if after, _, _ := libcuda.Held(); after != before {
			t.Errorf("%q failed: the context is held %d times, before that %d", function, after, before)
		}
	}
}

// A device that can't be opened leaves nothing behind, and says what may help.
func TestAFailedOpenLeavesNothing(t *testing.T) {
	emulated(t)
	before, objects, _ := libcuda.Held()
	gpu := open(t, nvidia.Options{})
	libcuda.Inject("cuStreamCreate", 0, 2)
	d, err := cuda.New("cuda", gpu)
	libcuda.Inject("cuStreamCreate", 0, 0)
	var failure *kernels.DeviceError
	if d != nil || !errors.As(err, &failure) || !strings.Contains(failure.Hint, "nvidia-smi") {
		t.Errorf("device %v, error %v, want none, and a *kernels.DeviceError with a hint", d, err)
	}
	if after, left, _ := libcuda.Held(); after != before || left != objects {
		t.Errorf("the context is held %d times, before that %d; %d objects, before that %d", after, before, left, objects)
	}
}

// A GPU that no kernel is for is as good as none; the oldest that there are kernels for is not.
func TestGPUTooOld(t *testing.T) {
	switch os.Getenv("BAREGRAD_TEST_COMPUTE") { // in a process of its own
	case "7":
		if err := open(t, nvidia.Options{}).Close(); err != nil {
			t.Error(err)
		}
		return
	case "6":
		_, err := nvidia.Open(0, nvidia.Options{})
		var none *nvidia.NoDeviceError
		if !errors.As(err, &none) || !strings.Contains(none.Looked, "6.6") || !strings.Contains(none.Hint, "7.0") {
			t.Errorf("error %v, want a *nvidia.NoDeviceError that says that the GPU is too old", err)
		}
		return
	}
	emulated(t)
	library := idleLibrary(t)
	for _, compute := range []string{"6", "7"} {
		command := exec.Command(os.Args[0], "-test.run=^TestGPUTooOld$", "-test.v")
		command.Env = append(os.Environ(), libcuda.Variable+"="+library, "BAREGRAD_TEST_COMPUTE="+compute)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("compute capability %s: %v\n%s", compute, err, out)
		}
	}
}

// Drivers before CUDA 11 have another name for giving back the context.
func TestOlderNames(t *testing.T) {
	if !libcuda.Emulated() { // in a process of its own
		if err := open(t, nvidia.Options{}).Close(); err != nil {
			t.Error(err)
		}
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestOlderNames$", "-test.v")
	command.Env = append(os.Environ(), libcuda.Variable+"="+idleLibrary(t, "-DBEFORE_CUDA_11"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A step that the driver won't record or make a graph of is launched piece by piece. It
// gives the same bits, and is not passed over in silence.
func TestTrainingWithoutGraphs(t *testing.T) {
	emulated(t)
	d := device(t, nvidia.Options{})
	defer d.Close()
	train := func() ([]uint32, *nn.History, string) {
		r := newTraining(t, d)
		var said strings.Builder
		history, err := r.model.Fit(context.Background(), r.x, r.y,
			nn.FitOptions{Epochs: 2, BatchSize: 4, Verbose: nn.Lines, Output: &said})
		if err != nil {
			t.Fatal(err)
		}
		return r.bits(), history, said.String()
	}
	want, history, said := train()
	if history.Uncaptured != nil || strings.Contains(said, "by itself") {
		t.Fatalf("without a fault: %v, %s", history.Uncaptured, said)
	}
	for function, fault := range map[string]struct {
		number int
		hint   string
	}{
		"cuStreamBeginCapture_v2":     {900, ""},
		"cuStreamEndCapture":          {901, ""},
		"cuGraphInstantiateWithFlags": {801, "a newer driver"}, // before CUDA 11.4
	} {
		libcuda.Inject(function, 0, fault.number)
		got, history, said := train()
		libcuda.Inject(function, 0, 0)
		if !slices.Equal(got, want) {
			t.Errorf("%s failed, and training gave other bits", function)
		}
		var refused *kernels.DeviceError
		if !errors.As(history.Uncaptured, &refused) || !strings.Contains(said, history.Uncaptured.Error()) || !strings.Contains(said, fault.hint) {
			t.Errorf("%s failed: the history says %v, and Fit wrote %q", function, history.Uncaptured, said)
		}
	}
}

// Several devices, each used by one goroutine, don't disturb each other.
func TestDevicesSideBySide(t *testing.T) {
	const n = 4
	var bits [n][]uint32
	var devices [n]*cuda.Device
	var trainings [n]*training
	for i := range n {
		devices[i] = device(t, nvidia.Options{})
		trainings[i] = newTraining(t, devices[i])
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := trainings[i].fit(6); err != nil {
				t.Error(err)
			}
			bits[i] = trainings[i].bits()
			if err := devices[i].Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range n {
		if !slices.Equal(bits[i], bits[0]) {
			t.Errorf("device %d gave other bits than device 0", i)
		}
	}
}

// To close one device does not spoil what another is just capturing.
func TestCloseBesideACapture(t *testing.T) {
	d, other := device(t, nvidia.Options{}), device(t, nvidia.Options{})
	defer d.Close()
	b := d.Alloc(kernels.Float32, 4)
	other.Fill(other.Alloc(kernels.Float32, 4), 1)
	d.Fill(b, 1) // loads the kernels
	d.ReLU(b, b)
	g, err := d.Capture(func() {
		d.Fill(b, 2)
		if err := other.Close(); err != nil {
			t.Errorf("closing a device while another captures: %v", err)
		}
		d.ReLU(b, b)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	g.Launch()
	got := make([]float32, 4)
	if kernels.Download(d, got, b); got[3] != 2 {
		t.Errorf("the graph gave %v, want 2", got)
	}
}

// A driver that does not start says why only once, to cuInit: that is what is told.
func TestDriverThatDoesNotStart(t *testing.T) {
	if number := os.Getenv("BAREGRAD_TEST_CUINIT"); number != "" { // in a process of its own
		_, err := nvidia.Open(0, nvidia.Options{})
		var none *nvidia.NoDeviceError
		if !errors.As(err, &none) || none.Hint == "" || strings.Contains(err.Error(), "NotInitialized") {
			t.Errorf("error %v, want a *nvidia.NoDeviceError that says what cuInit answered, and a hint", err)
		}
		t.Log(err)
		return
	}
	emulated(t)
	library := idleLibrary(t)
	for number, want := range map[string]string{
		"34": "stub", "100": "CUDA_VISIBLE_DEVICES", "803": "restart the machine", "804": "too old", "802": "not ready", "12345": "12345",
	} {
		command := exec.Command(os.Args[0], "-test.run=^TestDriverThatDoesNotStart$", "-test.v")
		command.Env = append(os.Environ(), libcuda.Variable+"="+library, "BAREGRAD_TEST_CUINIT="+number)
		if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("cuInit answers %s: %v, want %q in\n%s", number, err, want, out)
		}
	}
}
