//go:build cuda

package nvidia_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/libcuda"
	"baregrad/kernels/cuda/nvidia"
	"baregrad/kernels/kerneltest"
)

// A launch and what it needs, over whatever stands behind the driver's functions.
func launches(t testing.TB, d driver.Driver) map[string]func() error {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := d.NewStream()
	must(err)
	t.Cleanup(func() { s.Close() })
	_, f := doubler(t, d)
	p, err := d.Alloc(1 << 10)
	must(err)
	launch := driver.Launch{Grid: driver.Dim{X: 7}, Block: driver.Dim{X: 256}, Args: []uint64{uint64(p), 3}}
	c := s.(driver.Capturer)
	must(c.BeginCapture())
	must(s.Launch(f, launch))
	g, err := c.EndCapture()
	must(err)
	t.Cleanup(func() { g.Close() })
	small := make([]byte, 64)
	return map[string]func() error{
		"launch": func() error { return s.Launch(f, launch) },
		"graph":  g.Launch,
		"write":  func() error { return s.Write(p, small) },
	}
}

// idleLibrary compiles testdata/idle.c.
func idleLibrary(t testing.TB, flags ...string) string {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	library := filepath.Join(t.TempDir(), "libidle.so")
	if out, err := exec.Command(cc, append(flags, "-O2", "-shared", "-fPIC", "-I../libcuda/include", "-o", library, "testdata/idle.c")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return library
}

// Where the emulator stands in, it allocates in Go at each launch: then the test runs
// again in a process of its own, over a driver that does nothing.
func TestLaunchesAllocateNothing(t *testing.T) {
	if libcuda.Emulated() {
		command := exec.Command(os.Args[0], "-test.run=^TestLaunchesAllocateNothing$", "-test.v")
		command.Env = append(os.Environ(), libcuda.Variable+"="+idleLibrary(t))
		out, err := command.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Error(err)
		}
		return
	}
	d := open(t, nvidia.Options{})
	defer d.Close()
	for name, call := range launches(t, d) {
		var failure error
		if n := testing.AllocsPerRun(20, func() {
			if err := call(); err != nil {
				failure = err
			}
		}); n != 0 || failure != nil {
			t.Errorf("%s: %v allocations (error %v), want none", name, n, failure)
		}
	}
}

// Idle memory goes back to the driver only after the work that may still use it.
func TestMemoryIsReturnedAfterItsWork(t *testing.T) {
	if libcuda.Emulated() { // in a process of its own: the emulator's work is done at once
		command := exec.Command(os.Args[0], "-test.run=^TestMemoryIsReturnedAfterItsWork$", "-test.v")
		command.Env = append(os.Environ(), libcuda.Variable+"="+idleLibrary(t))
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	d := open(t, nvidia.Options{MemoryLimit: 64 << 10})
	defer d.Close()
	launch := launches(t, d)["launch"]
	p, err := d.Alloc(40 << 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := launch(); err != nil {
		t.Fatal(err)
	}
	if err := d.Free(p); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Alloc(60 << 10); err != nil { // needs the memory of p
		t.Error(err)
	}
}

// What is written may be changed at once, though the GPU may read it much later.
func TestLateCopies(t *testing.T) {
	if libcuda.Emulated() { // in a process of its own: the emulator copies at once
		command := exec.Command(os.Args[0], "-test.run=^TestLateCopies$", "-test.v")
		command.Env = append(os.Environ(), libcuda.Variable+"="+idleLibrary(t, "-DLATE_COPIES"))
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	d := open(t, nvidia.Options{})
	defer d.Close()
	s, err := d.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Alloc(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	src := make([]byte, 1<<20)
	for i := range 200 { // 6 MB in small pieces, and some large ones
		n := 1 + 300*i
		if i%50 == 49 {
			n = len(src)
		}
		for j := range src[:n] {
			src[j] = byte(i)
		}
		if err := s.Write(p, src[:n]); err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What a launch costs the program: BAREGRAD_LIBCUDA=LIBRARY, with testdata/idle.c as
// the library, or without it on a GPU.
func BenchmarkLaunch(b *testing.B) {
	_, err := nvidia.Count()
	kerneltest.Require(b, "cuda", err == nil && !libcuda.Emulated(), "no driver, or the emulator, stands behind the launches")
	d, err := nvidia.Open(0, nvidia.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for _, name := range []string{"launch", "graph", "write"} {
		call := launches(b, d)[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
