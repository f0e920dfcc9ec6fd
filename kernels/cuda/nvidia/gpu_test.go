//go:build cuda

package nvidia_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/libcuda"
	"baregrad/kernels/cuda/nvidia"
	"baregrad/kernels/kerneltest"
)

// These tests need a GPU, or BAREGRAD_LIBCUDA=emulator, which puts the emulator
// behind the driver's functions: then everything above them is what runs on a GPU.

func TestMain(m *testing.M) {
	if libcuda.Emulated() {
		o := emulator.Options{Checks: emulator.AllChecks, MemoryBytes: 1 << 30}
		if raceDetector {
			o.Checks = 0 // too slow together, and the checks look at PTX, not at Go
		}
		libcuda.Configure(o)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, o nvidia.Options) driver.Driver {
	t.Helper()
	_, err := nvidia.Count()
	why := ""
	if err != nil {
		why = err.Error() + "; BAREGRAD_LIBCUDA=emulator stands in"
	}
	kerneltest.Require(t, "cuda", err == nil, why)
	d, err := nvidia.Open(0, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every operation, forward and backward, through gorgonia.org/cu.
func TestDevice(t *testing.T) {
	open(t, nvidia.Options{}).Close()
	options := []kerneltest.Option{kerneltest.DriverAllocates}
	if libcuda.Emulated() {
		options = append(options, kerneltest.Slow)
		if raceDetector {
			options = append(options, kerneltest.Small)
		}
	}
	kerneltest.Run(t, func() kernels.Device {
		d, err := cuda.New("cuda", open(t, nvidia.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}, options...)
}

func TestMemory(t *testing.T) {
	g := open(t, nvidia.Options{MemoryLimit: 64 << 10})
	defer g.Close()
	a, err := g.Alloc(30 << 10)
	if err != nil {
		t.Fatal(err)
	}
	if used, free := g.Memory(); used != 32<<10 || free != 32<<10 {
		t.Errorf("%d bytes used and %d free, want 32 KB each", used, free)
	}
	_, err = g.Alloc(40 << 10)
	var memory *kernels.OutOfMemoryError
	if !errors.As(err, &memory) || memory.Asked != 40<<10 || memory.Used != 32<<10 || memory.Free != 32<<10 {
		t.Errorf("error %v, want out of memory: asked for 40 KB, 32 in use, 32 free", err)
	}
	// What fits is given, though the next larger block of the pool would not fit.
	limited := open(t, nvidia.Options{MemoryLimit: 45 << 10})
	defer limited.Close()
	for range 2 {
		c, err := limited.Alloc(40 << 10)
		if err != nil {
			t.Fatalf("40 of 45 KB could not be had: %v", err)
		}
		if used, free := limited.Memory(); used != 40<<10 || free != 5<<10 {
			t.Errorf("%d bytes used and %d free, want 40 KB and 5 KB", used, free)
		}
		if err := limited.Free(c); err != nil { // and is found again when it is idle
			t.Fatal(err)
		}
	}
	if err := g.Free(a); err != nil {
		t.Fatal(err)
	}
	if err := g.Free(a); err == nil {
		t.Error("memory could be freed twice")
	}
	// What lies idle makes room for another size.
	b, err := g.Alloc(60 << 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Free(b); err != nil {
		t.Fatal(err)
	}
	// And is used again for the same size.
	again, err := g.Alloc(60 << 10)
	if err != nil || again != b {
		t.Errorf("the block is at %#x (error %v), want the idle one at %#x", again, err, b)
	}
}

func TestCopies(t *testing.T) {
	g := open(t, nvidia.Options{})
	defer g.Close()
	s, err := g.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n = 3 << 20
	p, err := g.Alloc(n)
	if err != nil {
		t.Fatal(err)
	}
	// Small pieces go round the pinned memory several times; the last is large.
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	at := 0
	for size := 1; at+size < n/2; size = size*5/4 + 1 {
		size := min(size, 200<<10)
		piece := bytes.Clone(data[at : at+size])
		if err := s.Write(p+driver.Pointer(at), piece); err != nil {
			t.Fatal(err)
		}
		clear(piece) // it may be changed once Write has returned
		at += size
	}
	if err := s.Write(p+driver.Pointer(at), data[at:]); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, n)
	if err := s.Read(got, p); err != nil || !bytes.Equal(got, data) {
		t.Errorf("what was read is not what was written (error %v)", err)
	}
}

const doubling = `.version 6.0
.target sm_70
.address_size 64
.visible .entry double(.param .u64 param_p, .param .u32 param_n)
{
    .reg .u64 p;
    .reg .u32 i, n;
    .reg .pred out;
    .reg .f32 x;
    ld.param.u64 p, [param_p];
    ld.param.u32 n, [param_n];
    mov.u32 i, %tid.x;
    setp.ge.u32 out, i, n;
    @out ret;
    mad.wide.u32 p, i, 4, p;
    ld.global.f32 x, [p];
    add.f32 x, x, x;
    st.global.f32 [p], x;
    ret;
}
`

// doubler loads that kernel.
func doubler(t testing.TB, d driver.Driver) (driver.Module, driver.Function) {
	t.Helper()
	m, err := d.Load("double.ptx", doubling)
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Function("double")
	if err != nil {
		t.Fatal(err)
	}
	return m, f
}

func TestGraphAndEvents(t *testing.T) {
	g := open(t, nvidia.Options{})
	defer g.Close()
	s, err := g.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, f := doubler(t, g)
	p, err := g.Alloc(16)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(p, kernels.Bytes([]float32{1, 2, 3, 4})); err != nil {
		t.Fatal(err)
	}
	before, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	c := s.(driver.Capturer)
	if err := c.BeginCapture(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Launch(f, driver.Launch{Grid: driver.Dim{X: 1}, Block: driver.Dim{X: 32}, Args: []uint64{uint64(p), 3}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(p, make([]byte, 4)); err == nil {
		t.Error("a copy from the host was captured")
	}
	graph, err := c.EndCapture()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 4)
	if err := s.Read(kernels.Bytes(got), p); err != nil || got[0] != 1 {
		t.Errorf("recording did the work: %v (error %v)", got, err)
	}
	for range 3 {
		if err := graph.Launch(); err != nil {
			t.Fatal(err)
		}
	}
	after, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Read(kernels.Bytes(got), p); err != nil || got[0] != 64 || got[2] != 192 || got[3] != 4 {
		t.Errorf("three launches of two doublings gave %v (error %v), want 64, 128, 192, 4", got, err)
	}
	if took, err := after.Since(before); err != nil || took <= 0 {
		t.Errorf("it took %v (error %v)", took, err)
	}
	if err := graph.Close(); err != nil {
		t.Error(err)
	}
}

const farther = `.version 6.0
.target sm_70
.address_size 64
.extern .shared .align 4 .b32 room[];
.visible .entry farther(.param .u64 param_p, .param .u32 param_at)
{
    .reg .u64 p;
    .reg .u32 at, base, v;
    ld.param.u64 p, [param_p];
    ld.param.u32 at, [param_at];
    mov.u32 base, room;
    add.u32 at, at, base;
    mov.u32 v, 4711;
    st.shared.u32 [at], v;
    ld.shared.u32 v, [at];
    st.global.u32 [p], v;
    ret;
}
`

// A kernel gets more than the 48 KB of dynamic shared memory that it may have without
// asking, up to what the GPU has.
func TestLargeSharedMemory(t *testing.T) {
	g := open(t, nvidia.Options{})
	defer g.Close()
	s, err := g.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := g.Load("farther.ptx", farther)
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Function("farther")
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Alloc(4)
	if err != nil {
		t.Fatal(err)
	}
	most := g.Info().SharedPerBlock
	kerneltest.Require(t, "large-shared-memory", most > 48<<10, fmt.Sprintf("this GPU has %d bytes for a block, which is no more than a kernel gets without asking", most))
	// The same with 1 KB of static shared memory, which counts too.
	m, err = g.Load("own.ptx", strings.NewReplacer("farther", "own", ".reg .u64 p;", ".shared .align 4 .b32 first[256];\n    .reg .u64 p;",
		"ld.shared", "st.shared.u32 [first], v;\n    ld.shared").Replace(farther))
	if err != nil {
		t.Fatal(err)
	}
	own, err := m.Function("own")
	if err != nil {
		t.Fatal(err)
	}
	launch := func(f driver.Function, bytes int) error {
		return s.Launch(f, driver.Launch{Grid: driver.Dim{X: 1}, Block: driver.Dim{X: 1}, Shared: bytes, Args: []uint64{uint64(p), uint64(bytes - 4)}})
	}
	for _, c := range []struct {
		kernel driver.Function
		bytes  int
	}{{f, 1 << 10}, {f, 48 << 10}, {f, 48<<10 + 16}, {f, most}, {f, 50 << 10}, {own, 48 << 10}, {own, most - 1<<10}, {own, 1 << 10}} {
		bytes := c.bytes
		if err := s.Fill(p, 0, 4); err != nil {
			t.Fatal(err)
		}
		if err := launch(c.kernel, bytes); err != nil {
			t.Fatalf("%s, %d bytes of shared memory: %v", c.kernel.Name(), bytes, err)
		}
		got := make([]int32, 1)
		if err := s.Read(kernels.Bytes(got), p); err != nil || got[0] != 4711 {
			t.Errorf("with %d bytes of shared memory the kernel gave %v (error %v), want 4711", bytes, got, err)
		}
	}
	if err := launch(f, most+1<<10); err == nil || !strings.Contains(err.Error(), "farther") || !strings.Contains(err.Error(), "shared memory") {
		t.Errorf("more shared memory than there is gave the error %v, want one that says so", err)
	}
}

func TestErrors(t *testing.T) {
	g := open(t, nvidia.Options{})
	defer g.Close()
	_, err := g.Load("bad.ptx", strings.Replace(doubling, "add.f32", "sudd.f32", 1))
	var load *nvidia.LoadError
	if !errors.As(err, &load) || load.Name != "bad.ptx" || !strings.Contains(load.Log, "sudd") {
		t.Errorf("error %v, want a LoadError with the compiler's log", err)
	}
	m, err := g.Load("double.ptx", doubling)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Function("treble"); err == nil || !strings.Contains(err.Error(), "treble") {
		t.Errorf("error %v, want one that names the kernel", err)
	}
	f, err := m.Function("double")
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Launch(f, driver.Launch{Grid: driver.Dim{X: 1}, Block: driver.Dim{X: 5000}, Args: []uint64{0, 0}}); err == nil {
		t.Error("a block of 5000 threads was launched")
	}
	if _, err := nvidia.Open(99, nvidia.Options{}); err == nil || !strings.Contains(err.Error(), "99") {
		t.Errorf("error %v, want one that names the GPU", err)
	}
}
