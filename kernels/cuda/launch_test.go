package cuda

import (
	"errors"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// idle is a driver that does nothing. It shows what a launch costs in the device itself, and how the
// device handles errors.
type idle struct {
	allocError, launchError error
	next                    driver.Pointer
	launches, graphs        int
}

func (d *idle) BeginCapture() error               { return nil }
func (d *idle) EndCapture() (driver.Graph, error) { return (*idleGraph)(d), nil }

type idleGraph idle

func (g *idleGraph) Launch() error { g.graphs++; return nil }
func (g *idleGraph) Close() error  { return nil }

func (d *idle) Info() driver.Info                                      { return driver.Info{Name: "idle", Compute: [2]int{9, 0}} }
func (d *idle) Memory() (used, free int64)                             { return 0, 0 }
func (d *idle) Free(driver.Pointer) error                              { return nil }
func (d *idle) Close() error                                           { return nil }
func (d *idle) Sync() error                                            { return nil }
func (d *idle) Function(name string) (driver.Function, error)          { return named(name), nil }
func (d *idle) Load(name, text string) (driver.Module, error)          { return d, nil }
func (d *idle) NewStream() (driver.Stream, error)                      { return d, nil }
func (d *idle) Write(driver.Pointer, []byte) error                     { return nil }
func (d *idle) Read([]byte, driver.Pointer) error                      { return nil }
func (d *idle) Copy(dst, src driver.Pointer, bytes int64) error        { return nil }
func (d *idle) Fill(dst driver.Pointer, value byte, bytes int64) error { return nil }
func (d *idle) Record() (driver.Event, error)                          { return d, nil }
func (d *idle) Since(driver.Event) (time.Duration, error)              { return 0, nil }

func (d *idle) Alloc(bytes int64) (driver.Pointer, error) {
	d.next += driver.Pointer(bytes+255) &^ 255
	return d.next, d.allocError
}

func (d *idle) Launch(f driver.Function, l driver.Launch) error {
	d.launches++
	return d.launchError
}

type named string

func (n named) Name() string { return string(n) }

// After its first call, a launch allocates no Go memory.
func TestLaunchesAllocateNothing(t *testing.T) {
	fake := &idle{}
	d, err := New("cuda", fake)
	if err != nil {
		t.Fatal(err)
	}
	alloc := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	a, b, c, row := alloc(64*64), alloc(64*64), alloc(64*64), alloc(64)
	_, broadcast, err := kernels.Broadcast([]int{64, 64}, []int{64})
	if err != nil {
		t.Fatal(err)
	}
	_, permute, err := kernels.Permute([]int{4, 16, 64}, []int{1, 0, 2})
	if err != nil {
		t.Fatal(err)
	}
	conv := kernels.ConvSpec{N: 1, H: 16, W: 16, C: 16, KH: 4, KW: 4, Out: 16, OH: 16, OW: 16,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1}
	for name, call := range map[string]func(){
		"ReLU":             func() { d.ReLU(b, a) },
		"Add":              func() { d.Add(c, a, row, broadcast) },
		"MulGrad":          func() { d.MulGrad(b, row, c, a, row, broadcast, false, true) },
		"Transpose":        func() { d.Transpose(b, a, permute) },
		"MatMul":           func() { d.MatMul(c, a, b, nil, kernels.MatMulSpec{M: 64, N: 64, K: 64}) },
		"Sum":              func() { d.Sum(row, a, kernels.ReduceSpec{Outer: 1, N: 64, Inner: 64}, false) },
		"Conv2D":           func() { d.Conv2D(a, b, c, nil, conv) },
		"Conv2DGradFilter": func() { d.Conv2DGradFilter(a, b, c, conv, true) },
		"Softmax":          func() { d.Softmax(b, a, 64, 64) },
	} {
		launches := fake.launches
		if n := testing.AllocsPerRun(3, call); n != 0 {
			t.Errorf("%s: %v allocations a call", name, n)
		}
		if fake.launches == launches {
			t.Errorf("%s launched nothing", name)
		}
	}
}

// Launching a captured graph allocates nothing, whatever the graph contains.
func TestGraphsAllocateNothing(t *testing.T) {
	fake := &idle{}
	d, err := New("cuda", fake)
	if err != nil {
		t.Fatal(err)
	}
	a, b := d.Alloc(kernels.Float32, 64), d.Alloc(kernels.Float32, 64)
	d.ReLU(b, a) // loads the kernel
	g, err := d.Capture(func() { d.ReLU(b, a) })
	if err != nil {
		t.Fatal(err)
	}
	launches := fake.launches
	if n := testing.AllocsPerRun(3, g.Launch); n != 0 {
		t.Errorf("%v allocations a launch", n)
	}
	if fake.launches != launches || fake.graphs != 4 {
		t.Errorf("%d kernels and %d graphs were launched, want 0 and 4", fake.launches-launches, fake.graphs)
	}
}

// A failure of the driver is a *kernels.DeviceError that names the device and the kernel. If memory
// runs out, it says how much was requested.
func TestFailuresOfTheDriver(t *testing.T) {
	fake := &idle{}
	d, err := New("cuda", fake)
	if err != nil {
		t.Fatal(err)
	}
	x := d.Alloc(kernels.Float32, 4)
	failure := func(call func()) (e *kernels.DeviceError) {
		defer func() { e, _ = recover().(*kernels.DeviceError) }()
		call()
		return nil
	}
	fake.launchError = errors.New("unspecified launch failure")
	if e := failure(func() { d.ReLU(x, x) }); e == nil || e.Device != "cuda" || e.Op != "relu_fwd_f32" || !errors.Is(e, fake.launchError) {
		t.Errorf("a failed launch gave %v, want a *kernels.DeviceError of cuda and relu_fwd_f32", e)
	}
	fake.allocError = &kernels.OutOfMemoryError{Asked: 400, Used: 100, Free: 300}
	e := failure(func() { d.Alloc(kernels.Float32, 100) })
	var memory *kernels.OutOfMemoryError
	if e == nil || !errors.As(e, &memory) || memory.Asked != 400 || e.Hint == "" {
		t.Errorf("an allocation without memory gave %v, want an *kernels.OutOfMemoryError with a hint", e)
	}
}

// slow is an idle driver whose launches take until they are let go.
type slow struct {
	idle
	begun, end chan bool
}

func (d *slow) NewStream() (driver.Stream, error) { return d, nil }
func (d *slow) Launch(driver.Function, driver.Launch) error {
	d.begun <- true
	<-d.end
	return nil
}

// Two goroutines that use a device at once are told so, and not that a kernel failed.
func TestTwoGoroutinesOnADevice(t *testing.T) {
	s := &slow{begun: make(chan bool), end: make(chan bool)}
	d, err := New("cuda", s)
	if err != nil {
		t.Fatal(err)
	}
	x, y, z := d.Alloc(kernels.Float32, 4), d.Alloc(kernels.Float32, 4), d.Alloc(kernels.Float32, 4)
	done := make(chan bool)
	go func() {
		defer close(done)
		d.ReLU(y, x)
	}()
	<-s.begun
	for name, call := range map[string]func(){
		"launch": func() { d.ReLU(x, y) },
		"alloc":  func() { d.Alloc(kernels.Float32, 1) },
		"read":   func() { d.Read(make([]byte, 16), x) },
		"write":  func() { d.Write(x, make([]byte, 16)) },
		"free":   z.Free,
		"sync":   d.Sync,
	} {
		func() {
			defer func() {
				if _, busy := recover().(*kernels.BusyError); !busy {
					t.Errorf("%s while another goroutine launches: no *kernels.BusyError", name)
				}
			}()
			call()
		}()
	}
	close(s.end)
	<-done
	d.Sync() // it goes on
}
