//go:build cuda

package auto

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels/cuda/nvidia"
)

// The driver library is chosen when a program starts, so these tests run as separate
// programs.

// openWithLibrary is what those programs do.
func openWithLibrary(t *testing.T) {
	for _, name := range []string{"auto", "cuda"} {
		_, err := Open(name)
		var none *nvidia.NoDeviceError
		if !errors.As(err, &none) || !strings.Contains(none.Hint, library) {
			t.Fatalf("Open(%q): error %v, want a *nvidia.NoDeviceError whose hint names %s", name, err, library)
		}
		t.Logf("%s: %v", name, err)
		if name == "auto" && !strings.Contains(err.Error(), library) {
			t.Errorf("the error %v does not name %s", err, library)
		}
	}
	if gpu := List()[0]; gpu.Available || gpu.Reason == "" {
		t.Errorf("List says of the GPU: available %v, %q", gpu.Available, gpu.Reason)
	}
	d, err := Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

func TestWrongLibraries(t *testing.T) {
	if os.Getenv("BAREGRAD_TEST_LIBRARY") != "" {
		openWithLibrary(t)
		return
	}
	text := filepath.Join(t.TempDir(), "libcuda.so.1")
	if err := os.WriteFile(text, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/nowhere/libcuda.so.1": "/nowhere/libcuda.so.1",
		text:                    text,
		"libc.so.6":             "cuDriverGetVersion", // a library, but no driver
	} {
		program := exec.Command(os.Args[0], "-test.run=^TestWrongLibraries$", "-test.v")
		program.Env = append(os.Environ(), "BAREGRAD_TEST_LIBRARY=1", library+"="+path)
		out, err := program.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s=%s: %v, want an error that says %s:\n%s", library, path, err, want, out)
		}
	}
}

// A driver that is there but does not work, or a GPU that is too old, is no reason to fail, but one
// to say so.
func TestAutoWithoutAUsableGPU(t *testing.T) {
	if os.Getenv("BAREGRAD_TEST_BROKEN") != "" { // in a process of its own
		d, err := Open("auto")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if d.Name() == "cuda" {
			t.Errorf("auto chose a GPU")
		}
		t.Log(WithoutGPU())
		return
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	folder := t.TempDir()
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-I../cuda/libcuda/include", "-o", filepath.Join(folder, "libcuda.so.1"),
		"../cuda/nvidia/testdata/idle.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for set, want := range map[string]string{"BAREGRAD_TEST_CUINIT=803": "restart the machine", "BAREGRAD_TEST_COMPUTE=6": "too old"} {
		program := exec.Command(os.Args[0], "-test.run=^TestAutoWithoutAUsableGPU$", "-test.v")
		program.Env = append(os.Environ(), "BAREGRAD_TEST_BROKEN=1", library+"=", "LD_LIBRARY_PATH="+folder, set)
		if out, err := program.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, want %q in\n%s", set, err, want, out)
		}
	}
}
