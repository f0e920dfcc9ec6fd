//go:build cuda

package nvidia_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A shim that was changed is linked: Go does so only if the flags that name it change.
func TestChangedShimIsLinked(t *testing.T) {
	emulated(t) // where the GPU is, the sources may not be
	root := filepath.Join(t.TempDir(), "a folder")
	shim := filepath.Join(root, "kernels/cuda/libcuda/shim/shim.c")
	for _, file := range []string{"scripts/cuda.sh", "kernels/cuda/libcuda/shim/shim.c", "kernels/cuda/libcuda/include/cuda.h"} {
		text, err := os.ReadFile(filepath.Join("../../..", file))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	flags := func() string {
		out, err := exec.Command(filepath.Join(root, "scripts/cuda.sh"), "printenv", "CGO_LDFLAGS").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	before := flags()
	if again := flags(); again != before {
		t.Errorf("nothing was changed, and the flags are %s after %s", again, before)
	}
	text, err := os.ReadFile(shim)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(shim, append(text, "\nint changed;\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	after := flags()
	if after == before {
		t.Errorf("the shim was changed, and the flags are still %s", after)
	}
	for _, flag := range []string{before, after} {
		// Go takes what is between quotes for one flag.
		folder, quoted := strings.CutPrefix(flag, `"-L`)
		folder, _, closed := strings.Cut(folder, `" `)
		if _, err := os.Stat(filepath.Join(folder, "libcuda.a")); err != nil || !quoted || !closed {
			t.Errorf("the flags are %s, want the folder of libcuda.a as one of them (%v)", flag, err)
		}
	}
}
