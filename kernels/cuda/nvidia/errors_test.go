//go:build cuda

package nvidia

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/libcuda"
	"baregrad/kernels/kerneltest"
)

// The numbers of the known errors have these names in cuda.h, which scripts/check-cuda-h.sh compares
// with NVIDIA's.
func TestNamesOfErrors(t *testing.T) {
	kerneltest.Require(t, "emulated-cuda", libcuda.Emulated(), "where the GPU is, cuda.h may not be")
	text, err := os.ReadFile("../libcuda/include/cuda.h")
	if err != nil {
		t.Fatal(err)
	}
	names := map[int]string{226: "CONTAINED"} // since CUDA 12.8
	for _, m := range regexp.MustCompile(`(?m)^ +CUDA_ERROR_(\w+) = (\d+),?$`).FindAllStringSubmatch(string(text), -1) {
		number, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		names[number] = m[1]
	}
	for _, f := range failures {
		if want := strings.ReplaceAll(names[f.number], "_", ""); !strings.EqualFold(f.name, want) || f.hint == "" {
			t.Errorf("error %d is called %s, in cuda.h %q; its hint is %q", f.number, f.name, names[f.number], f.hint)
		}
		var known *driver.Error
		if err := check("cuInit", f.number); !errors.As(err, &known) || known.Hint != f.hint || known.Lost != f.lost || !strings.Contains(err.Error(), f.name) {
			t.Errorf("error %d gives %v, want a *driver.Error with the name %s and the hint", f.number, err, f.name)
		}
	}
}
