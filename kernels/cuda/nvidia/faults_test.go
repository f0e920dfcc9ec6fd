//go:build cuda

package nvidia_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/libcuda"
	"baregrad/kernels/cuda/nvidia"
	"baregrad/kernels/kerneltest"
	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// Training through gorgonia.org/cu, and what becomes of it when the driver fails.
// Faults are injected into the emulated driver.

func device(t *testing.T, o nvidia.Options) *cuda.Device {
	t.Helper()
	d, err := cuda.New("cuda", open(t, o))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func emulated(t *testing.T) {
	t.Helper()
	kerneltest.Require(t, "emulated-cuda", libcuda.Emulated(), "faults are injected with BAREGRAD_LIBCUDA=emulator")
	t.Cleanup(func() { libcuda.Inject("", 0, 0) })
}

// A training run: 24 examples, 3 epochs of 6 steps.
type training struct {
	model *nn.Sequential
	x, y  *tensor.Tensor
}

func newTraining(t *testing.T, d kernels.Device) *training {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	values, labels := make([]float32, 24*10), make([]int32, 24)
	for i := range values {
		values[i] = random.Float32() - 0.5
	}
	for i := range labels {
		labels[i] = int32(random.IntN(3))
	}
	m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 16, Activation: nn.ReLU, InputShape: []int{10}},
		&nn.Dropout{Rate: 0.5}, &nn.Dense{Units: 3, Activation: nn.Softmax})
	if err := m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	return &training{m, tensor.From(d, values, 24, 10), tensor.From(d, labels, 24)}
}

func (r *training) fit(batch int, callbacks ...nn.Callback) error {
	_, err := r.model.Fit(context.Background(), r.x, r.y, nn.FitOptions{Epochs: 3, BatchSize: batch, Verbose: nn.Silent, Callbacks: callbacks})
	return err
}

func (r *training) bits() (all []uint32) {
	for _, p := range r.model.Params() {
		for _, w := range p.Value.Floats() {
			all = append(all, math.Float32bits(w))
		}
	}
	return all
}

// A step captured by cu's stream gives the bits that launches one by one give, on
// the GPU as on the emulator.
func TestTrainingByGraphs(t *testing.T) {
	plain, err := cuda.New("emulator", emulator.NewDriver(emulator.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	plain.NoGraphs = true
	want := newTraining(t, plain)
	if err := want.fit(4); err != nil {
		t.Fatal(err)
	}
	d := device(t, nvidia.Options{})
	defer d.Close()
	got := newTraining(t, d)
	if err := got.fit(4); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.bits(), want.bits()) {
		t.Error("training by graphs through gorgonia.org/cu does not give the emulator's bits")
	}
}

// What can't be captured is refused, and the stream is left as it was.
func TestCaptureIsRefused(t *testing.T) {
	d := device(t, nvidia.Options{})
	defer d.Close()
	b := d.Alloc(kernels.Float32, 4)
	_, err := d.Capture(func() { kernels.Download(d, make([]float32, 4), b) })
	var failure *kernels.DeviceError
	if !errors.As(err, &failure) || failure.Op != "read" {
		t.Errorf("error %v, want a *kernels.DeviceError of read", err)
	}
	d.Fill(b, 2)
	got := make([]float32, 4)
	kernels.Download(d, got, b)
	if got[3] != 2 {
		t.Errorf("after that, filling gave %v", got)
	}
}

// An error of any call of the driver is the caller's, who learns that the GPU is lost.
func TestErrorsOfEachCall(t *testing.T) {
	emulated(t)
	g := open(t, nvidia.Options{})
	defer g.Close()
	s, err := g.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	m, err := g.Load("double.ptx", doubling)
	if err != nil {
		t.Fatal(err)
	}
	double, err := m.Function("double")
	if err != nil {
		t.Fatal(err)
	}
	const size = 1 << 20
	p, err := g.Alloc(size)
	if err != nil {
		t.Fatal(err)
	}
	few, many := make([]byte, 16), make([]byte, size) // many do not fit into pinned memory
	for _, c := range []struct {
		function string
		call     func() error
	}{
		{"cuMemAlloc_v2", func() error { _, err := g.Alloc(8 * size); return err }},
		{"cuMemcpyHtoDAsync_v2", func() error { return s.Write(p, few) }},
		{"cuMemcpyHtoDAsync_v2", func() error { return s.Write(p, many) }},
		{"cuStreamSynchronize", func() error { return s.Write(p, many) }},
		{"cuMemcpyDtoHAsync_v2", func() error { return s.Read(few, p) }},
		{"cuStreamSynchronize", func() error { return s.Read(few, p) }},
		{"cuMemcpyDtoDAsync_v2", func() error { return s.Copy(p, p+size/2, 16) }},
		{"cuMemsetD8Async", func() error { return s.Fill(p, 0, size) }},
		{"cuLaunchKernel", func() error {
			return s.Launch(double, driver.Launch{Grid: driver.Dim{X: 1}, Block: driver.Dim{X: 32}, Args: []uint64{uint64(p), 32}})
		}},
		{"cuStreamSynchronize", s.Sync},
		{"cuEventRecord", func() error { _, err := s.Record(); return err }},
		{"cuStreamCreate", func() error { _, err := g.NewStream(); return err }},
		{"cuModuleLoadDataEx", func() error { _, err := g.Load("double.ptx", doubling); return err }},
	} {
		libcuda.Inject(c.function, 0, 719)
		err := c.call()
		libcuda.Inject(c.function, 0, 0)
		var known *driver.Error
		if !errors.As(err, &known) || !known.Lost {
			t.Errorf("%s: error %v, want a *driver.Error that says that the GPU is lost", c.function, err)
		}
		if err := c.call(); err != nil {
			t.Errorf("%s: without a fault it gives the error %v", c.function, err)
		}
	}
}

func TestOutOfMemoryInFit(t *testing.T) {
	d := device(t, nvidia.Options{MemoryLimit: 21 << 10})
	defer d.Close()
	r := newTraining(t, d)
	err := r.fit(24)
	var failure *kernels.DeviceError
	var memory *kernels.OutOfMemoryError
	if !errors.As(err, &failure) || !errors.As(err, &memory) || !strings.Contains(failure.Hint, "smaller batch") ||
		memory.Asked <= 0 || memory.Used <= 0 || memory.Used+memory.Free > 48<<10 {
		t.Fatalf("error %v, want a *kernels.DeviceError for want of memory that says to try a smaller batch", err)
	}
	if err := r.fit(2); err != nil {
		t.Errorf("a smaller batch gave the error %v", err)
	}
}

// atEpoch calls what is to happen when an epoch begins, from 0.
type atEpoch struct {
	nn.BaseCallback
	epoch int
	call  func()
}

func (a atEpoch) EpochBegin(r *nn.Run) error {
	if r.Epoch == a.epoch {
		a.call()
	}
	return nil
}

func TestDeviceLostInTraining(t *testing.T) {
	emulated(t)
	for after := range 12 { // wherever in the epoch it happens
		d := device(t, nvidia.Options{})
		r := newTraining(t, d)
		path := filepath.Join(t.TempDir(), "model.safetensors")
		var saved []byte
		err := r.fit(4, &nn.ModelCheckpoint{Path: path}, atEpoch{epoch: 2, call: func() {
			saved, _ = os.ReadFile(path)
			libcuda.Inject("", 3*after, 719)
		}})
		var failure *kernels.DeviceError
		var known *driver.Error
		if !errors.As(err, &failure) || failure.Hint == "" || !errors.As(err, &known) || !known.Lost {
			t.Fatalf("error %v, want a *kernels.DeviceError that says that the GPU is lost, and a hint", err)
		}
		if now, err := os.ReadFile(path); err != nil || len(saved) == 0 || !bytes.Equal(now, saved) {
			t.Fatalf("the saved model was changed (error %v)", err)
		}
		loaded, err := nn.Load(context.Background(), reference.New(), path)
		if err != nil || len(loaded.Params()) != 4 {
			t.Fatalf("the saved model can't be loaded: %v", err)
		}
		if err := d.Close(); err == nil {
			t.Error("a lost GPU was closed without an error")
		}
		libcuda.Inject("", 0, 0)
	}
	d := device(t, nvidia.Options{}) // the process lives, and so may the next GPU
	defer d.Close()
	if err := newTraining(t, d).fit(4); err != nil {
		t.Error(err)
	}
}

func TestDriverTooOld(t *testing.T) {
	emulated(t)
	d := device(t, nvidia.Options{})
	defer d.Close()
	r := newTraining(t, d)
	libcuda.Inject("cuModuleLoadDataEx", 0, 222)
	defer libcuda.Inject("cuModuleLoadDataEx", 0, 0)
	err := r.fit(4)
	var failure *kernels.DeviceError
	var load *nvidia.LoadError
	if !errors.As(err, &failure) || !errors.As(err, &load) || !strings.Contains(failure.Hint, "newer driver") || load.Driver == 0 ||
		!strings.HasSuffix(load.Name, ".ptx") {
		t.Errorf("error %v, want a *nvidia.LoadError of a file and the driver's version, and the hint to take a newer one", err)
	}
}

func TestNoDevice(t *testing.T) {
	emulated(t)
	libcuda.Inject("cuDeviceGetCount", 0, 100)
	_, err := nvidia.Open(0, nvidia.Options{})
	libcuda.Inject("cuDeviceGetCount", 0, 0)
	var none *nvidia.NoDeviceError
	if !errors.As(err, &none) || !strings.Contains(none.Looked, "NoDevice") || none.Hint == "" {
		t.Errorf("error %v, want a *nvidia.NoDeviceError with a hint", err)
	}
	libcuda.Inject("cuDevicePrimaryCtxRetain", 0, 46)
	_, err = nvidia.Open(0, nvidia.Options{})
	libcuda.Inject("cuDevicePrimaryCtxRetain", 0, 0)
	var failure *kernels.DeviceError
	if !errors.As(err, &failure) || failure.Op != "open" || !strings.Contains(failure.Hint, "another program") ||
		!strings.Contains(err.Error(), "DeviceUnavailable") {
		t.Errorf("a GPU that is not available gave the error %v, want a *kernels.DeviceError with a hint", err)
	}
}

// The driver's own need of memory, as for a graph, is told as such, and the step runs
// on once there is some.
func TestOutOfMemoryForAGraph(t *testing.T) {
	emulated(t)
	d := device(t, nvidia.Options{})
	defer d.Close()
	b := d.Alloc(kernels.Float32, 4)
	d.Fill(b, 1)
	g, err := d.Capture(func() { d.Fill(b, 2) })
	if err != nil {
		t.Fatal(err)
	}
	libcuda.Inject("cuGraphLaunch", 0, 2)
	failure := func() (failure *kernels.DeviceError) {
		defer func() { failure, _ = recover().(*kernels.DeviceError) }()
		g.Launch()
		return nil
	}()
	libcuda.Inject("cuGraphLaunch", 0, 0)
	if failure == nil || !strings.Contains(failure.Hint, "smaller batch") {
		t.Errorf("error %v, want a *kernels.DeviceError with the hint to take a smaller batch", failure)
	}
	g.Launch()
	got := make([]float32, 4)
	if kernels.Download(d, got, b); got[3] != 2 {
		t.Errorf("after that the graph gave %v", got)
	}
}
