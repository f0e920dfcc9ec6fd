package auto

import (
	"os"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
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
	for _, name := range []string{"", "gpu", "AVX2"} {
		_, err := Open(name)
		if err == nil {
			t.Fatalf("Open(%q) succeeded", name)
		}
		for _, known := range Names() {
			if !strings.Contains(err.Error(), known) {
				t.Errorf("Open(%q): %v, does not name %q", name, err, known)
			}
		}
	}
}
