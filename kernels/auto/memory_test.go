package auto

import (
	"errors"
	"strings"
	"testing"

	"baregrad/kernels"
)

func TestMemoryLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "1": 1, "4096": 4096, "2kb": 2048, "512MB": 512 << 20, "1.5 GB": 3 << 29, " 2TB ": 2 << 40,
	} {
		t.Setenv(gpuMemory, text)
		if got, err := memoryLimit(); got != want || err != nil {
			t.Errorf("%q: %d (error %v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"much", "-1", "0", "4GBB", "4 G B", "GB", "NaN", "Inf", "1e19", "1e300GB", "8388608TB"} {
		t.Setenv(gpuMemory, text)
		if got, err := memoryLimit(); err == nil || !strings.Contains(err.Error(), gpuMemory) {
			t.Errorf("%q: %d (error %v), want an error that names the variable", text, got, err)
		}
		if _, err := Open("emulator"); err == nil {
			t.Errorf("%q: the emulator opened", text)
		}
	}
}

func TestMemoryIsCapped(t *testing.T) {
	t.Setenv(gpuMemory, "1MB")
	d, err := Open("emulator")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.Alloc(kernels.Uint8, 1<<19)
	defer func() {
		failure, _ := recover().(*kernels.DeviceError)
		var memory *kernels.OutOfMemoryError
		if !errors.As(failure, &memory) || memory.Used != 1<<19 || memory.Free != 1<<19 || failure.Hint == "" {
			t.Errorf("a buffer of 1 MB gave %v, want that 512 KB are in use and as much is free", failure)
		}
	}()
	d.Alloc(kernels.Uint8, 1<<20)
}
