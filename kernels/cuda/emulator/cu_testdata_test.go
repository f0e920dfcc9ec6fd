package emulator_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/kerneltest"
)

// The module gorgonia.org/cu contains three small kernels compiled by NVIDIA's compiler (CUDA 8,
// PTX 5.0, sm_20). They are read from the go command's module cache, not copied here.

// cuTestdata loads one of the module's .ptx files.
func cuTestdata(t *testing.T, m *emulator.Machine, file, kernel string) *emulator.Kernel {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "gorgonia.org/cu").Output()
	dir := strings.TrimSpace(string(out))
	kerneltest.Require(t, "cu", err == nil && dir != "", "the module gorgonia.org/cu is not here: go mod download gorgonia.org/cu")
	source, err := os.ReadFile(filepath.Join(dir, "testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := emulator.Parse(file, string(source))
	if err != nil {
		t.Fatal(err)
	}
	prog, err := m.Load(mod)
	if err != nil {
		t.Fatal(err)
	}
	k, err := prog.Kernel(kernel)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// launch1 runs a kernel with the given grid and block, and returns n words from the address of its
// first argument.
func launch1(t *testing.T, m *emulator.Machine, k *emulator.Kernel, grid, block emulator.Dim3, n int, args ...uint64) []uint32 {
	t.Helper()
	cfg := emulator.LaunchConfig{Grid: grid, Block: block}
	if err := m.Launch(context.Background(), k, cfg, args...); err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 4*n)
	if err := m.CopyOut(raw, args[0]); err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, n)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	return words
}

func allocWords(t *testing.T, m *emulator.Machine, words []uint32) uint64 {
	t.Helper()
	raw := make([]byte, 4*len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint32(raw[4*i:], w)
	}
	addr, err := m.Alloc(uint64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CopyIn(addr, raw); err != nil {
		t.Fatal(err)
	}
	return addr
}

func TestCuTestdata(t *testing.T) {
	m := emulator.New(emulator.Options{})
	t.Run("assignTID", func(t *testing.T) {
		k := cuTestdata(t, m, "assignTID_test.ptx", "_Z9assignTIDPi")
		out := allocWords(t, m, make([]uint32, 300))
		for i, got := range launch1(t, m, k, emulator.Dim3{X: 5}, emulator.Dim3{X: 60}, 300, out) {
			if got != uint32(i) {
				t.Fatalf("element %d: got %d", i, got)
			}
		}
	})
	t.Run("testMemset", func(t *testing.T) {
		k := cuTestdata(t, m, "module_test.ptx", "testMemset")
		words := make([]uint32, 100)
		out := allocWords(t, m, words)
		value := math.Float32bits(1.25)
		for i, got := range launch1(t, m, k, emulator.Dim3{X: 2, Y: 2}, emulator.Dim3{X: 32}, 100, out, uint64(value), 90) {
			if want := map[bool]uint32{true: value}[i < 90]; got != want {
				t.Fatalf("element %d: got %#x, want %#x", i, got, want)
			}
		}
	})
	t.Run("add32", func(t *testing.T) {
		k := cuTestdata(t, m, "add32_test.ptx", "add32")
		a, b := make([]uint32, 200), make([]uint32, 200)
		for i := range a {
			a[i], b[i] = math.Float32bits(float32(i)/3), math.Float32bits(float32(i)*0.1)
		}
		x, y := allocWords(t, m, a), allocWords(t, m, b)
		// 2·1·2 blocks of 4·5·3 threads, of which 200 have an element
		got := launch1(t, m, k, emulator.Dim3{X: 2, Y: 1, Z: 2}, emulator.Dim3{X: 4, Y: 5, Z: 3}, 200, x, y, 200)
		for i := range got {
			want := math.Float32bits(math.Float32frombits(a[i]) + math.Float32frombits(b[i]))
			if got[i] != want {
				t.Fatalf("element %d: got %#x, want %#x", i, got[i], want)
			}
		}
	})
}
