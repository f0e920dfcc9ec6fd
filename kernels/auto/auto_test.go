package auto

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/nvidia"
)

func TestOpenGivesWhatListPromises(t *testing.T) {
	for _, info := range List() {
		d, err := Open(info.Name)
		if (err == nil) != info.Available {
			t.Errorf("Open(%q) gave the error %v, but List says available: %v (%s)", info.Name, err, info.Available, info.Reason)
		}
		if err != nil {
			if d != nil {
				t.Errorf("Open(%q) returned both a device and an error", info.Name)
			}
			if err.Error() != info.Reason {
				t.Errorf("Open(%q): %v, but List gives the reason %q", info.Name, err, info.Reason)
			}
			continue
		}
		if d.Name() != info.Name {
			t.Errorf("Open(%q) gave the device %q", info.Name, d.Name())
		}
		if info.Workers < 1 || info.Hardware == "" {
			t.Errorf("%q has %d workers on hardware %q", info.Name, info.Workers, info.Hardware)
		}
		if err := d.Close(); err != nil {
			t.Errorf("closing %q: %v", info.Name, err)
		}
	}
}

func TestOpenChoosesTheFirstAvailable(t *testing.T) {
	first := map[string]string{}
	for _, info := range List() {
		if !info.Available {
			continue
		}
		for _, name := range []string{"auto", "cpu"} {
			gpu := info.Name == "cuda" && (name == "cpu" || os.Getenv(library) == "emulator")
			if first[name] == "" && !gpu {
				first[name] = info.Name
			}
		}
	}
	for name, want := range first {
		d, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Name() != want {
			t.Errorf("Open(%q) gave the device %q, want %q", name, d.Name(), want)
		}
		d.Close()
	}
}

func TestVariableBoundsTheChoice(t *testing.T) {
	t.Setenv("BAREGRAD_CPU", "reference")
	d, err := Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name() != "reference" {
		t.Errorf("BAREGRAD_CPU=reference gave the device %q", d.Name())
	}
	y := d.Alloc(kernels.Float32, 2)
	d.Fill(y, 3)
	got := make([]float32, 2)
	kernels.Download(d, got, y)
	if got[0] != 3 || got[1] != 3 {
		t.Errorf("the device filled in %v, want 3s", got)
	}
	for _, info := range List() {
		if slices.Contains([]string{"avx512", "avx2"}, info.Name) && (info.Available || info.Reason == "") {
			t.Errorf("%q is said to be available (%v, %q) under BAREGRAD_CPU=reference", info.Name, info.Available, info.Reason)
		}
	}
	t.Setenv("BAREGRAD_CPU", "fast")
	if _, err := Open("auto"); err == nil || !strings.Contains(err.Error(), "BAREGRAD_CPU=fast") {
		t.Errorf("BAREGRAD_CPU=fast gave the error %v, want one that names it", err)
	}
}

func TestUnknownNamesGiveTheKnownOnes(t *testing.T) {
	for name, start := range map[string]string{
		"":        `unknown device "". Known: auto, `,
		"gpu":     `unknown device "gpu": did you mean "cuda"? Known: auto, `,
		"GPU":     `unknown device "GPU": did you mean "cuda"? Known: auto, `,
		"AVX2":    `unknown device "AVX2": did you mean "avx2"? Known: auto, `,
		"abacus9": `unknown device "abacus9". Known: auto, `,
	} {
		_, err := Open(name)
		if err == nil {
			t.Fatalf("Open(%q) succeeded", name)
		}
		if !strings.HasPrefix(err.Error(), start) {
			t.Errorf("Open(%q): %v, want %s…", name, err, start)
		}
		for _, known := range Names() {
			if !strings.Contains(err.Error(), known) {
				t.Errorf("Open(%q): %v, does not name %q", name, err, known)
			}
		}
	}
}

// The variable for the driver's library decides what auto does about the GPU.
func TestAutoWithALibrary(t *testing.T) {
	t.Setenv(library, "emulator") // which is for tests: too slow to compute on
	want, err := Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	d, err := Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name() != want.Name() {
		t.Errorf("with %s=emulator auto is %q, want %q", library, d.Name(), want.Name())
	}
	if nvidia.Built {
		return // such a program has loaded its library; TestWrongLibraries starts others
	}
	t.Setenv(library, "/nowhere/libcuda.so.1") // a user who names a library wants a GPU
	var none *nvidia.NoDeviceError
	if d, err := Open("auto"); d != nil || !errors.As(err, &none) || !strings.Contains(err.Error(), library) {
		t.Errorf("with a library that is not there auto is %v, error %v, want a *nvidia.NoDeviceError that names %s", d, err, library)
	}
}

func TestListTellsOfTheMachine(t *testing.T) {
	byName := func() map[string]Info {
		found := map[string]Info{}
		for _, info := range List() {
			found[info.Name] = info
		}
		return found
	}
	list := byName()
	if runtime.GOOS == "linux" {
		// The machine has more than this program and less than ever was built.
		if memory := list["reference"].Memory; memory < 64<<20 || memory > 1<<50 {
			t.Errorf("the machine has %d bytes", memory)
		}
	}
	for _, name := range []string{"avx512", "avx2"} {
		if list[name].Memory != list["reference"].Memory || list[name].Hardware != list["reference"].Hardware {
			t.Errorf("%s is %+v, the reference %+v: both are the processor", name, list[name], list["reference"])
		}
	}
	if got := list["emulator"].Memory; got != emulator.DefaultMemory {
		t.Errorf("the emulated GPU has %d bytes, want %d", got, int64(emulator.DefaultMemory))
	}
	if !strings.HasSuffix(list["emulator"].Hardware, list["reference"].Hardware) {
		t.Errorf("the emulator runs on %q, want %q in it", list["emulator"].Hardware, list["reference"].Hardware)
	}
	t.Setenv(gpuMemory, "3MB")
	if got := byName()["emulator"]; got.Memory != 3<<20 || !got.Available {
		t.Errorf("with %s=3MB the emulated GPU has %d bytes and is available: %v", gpuMemory, got.Memory, got.Available)
	}
	t.Setenv(gpuMemory, "much")
	if got := byName()["emulator"]; got.Available || !strings.Contains(got.Reason, gpuMemory) {
		t.Errorf("with %s=much the emulated GPU is available: %v (%q)", gpuMemory, got.Available, got.Reason)
	}
}
