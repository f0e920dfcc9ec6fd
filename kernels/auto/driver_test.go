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
