package emulator_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baregrad/kernels/cuda/emulator"
)

// The kernels in testdata/clang were compiled from C by clang, unoptimized and with -O3. Their
// expected results are from the same C, compiled natively by gcc. build.sh there makes all of it.

const (
	clangCount = 256 // elements of every buffer
	clangBlock = 64  // threads of a block
)

// clangKernel is a line of kernels.txt.
type clangKernel struct {
	name     string
	result   string
	operands [3]string // "-" if there is none
	want     []byte
}

// clangTypes are the element types, in the order of inputs.bin.
var clangTypes = []string{"s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "n32", "n64"}

func clangSize(name string) int {
	return map[string]int{"8": 1, "16": 2, "32": 4, "64": 8}[name[1:]]
}

func readClang(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "clang", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// clangKernels reads the list of kernels with the results expected of them.
func clangKernels(t *testing.T) []clangKernel {
	t.Helper()
	outputs := readClang(t, "outputs.bin")
	var kernels []clangKernel
	for line := range strings.Lines(string(readClang(t, "kernels.txt"))) {
		f := strings.Fields(line)
		if len(f) != 5 {
			t.Fatalf("kernels.txt: %q: want 5 fields", line)
		}
		n := clangCount * clangSize(f[1])
		kernels = append(kernels, clangKernel{f[0], f[1], [3]string{f[2], f[3], f[4]}, outputs[:n]})
		outputs = outputs[n:]
	}
	if len(outputs) != 0 || len(kernels) < 60 {
		t.Fatalf("kernels.txt: %d kernels, and %d bytes of outputs.bin are left over", len(kernels), len(outputs))
	}
	return kernels
}

// clangPools reads the inputs: by operand and type.
func clangPools(t *testing.T) [3]map[string][]byte {
	t.Helper()
	inputs := readClang(t, "inputs.bin")
	var pools [3]map[string][]byte
	for p := range pools {
		pools[p] = map[string][]byte{}
		for _, name := range clangTypes {
			n := clangCount * clangSize(name)
			pools[p][name], inputs = inputs[:n], inputs[n:]
		}
	}
	return pools
}

// clangRun launches one kernel and returns its output buffer.
func clangRun(t *testing.T, m *emulator.Machine, prog *emulator.Program, k clangKernel, pools [3]map[string][]byte) []byte {
	t.Helper()
	kernel, err := prog.Kernel("k_" + k.name)
	if err != nil {
		t.Fatal(err)
	}
	alloc := func(data []byte) uint64 {
		addr, err := m.Alloc(uint64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.CopyIn(addr, data); err != nil {
			t.Fatal(err)
		}
		return addr
	}
	out := make([]byte, len(k.want))
	args := []uint64{alloc(out), 0, 0, 0}
	for p, name := range k.operands {
		if name != "-" {
			args[p+1] = alloc(pools[p][name])
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg := emulator.LaunchConfig{Grid: emulator.Dim3{X: clangCount / clangBlock}, Block: emulator.Dim3{X: clangBlock}}
	if err := m.Launch(ctx, kernel, cfg, args...); err != nil {
		t.Fatal(err)
	}
	if err := m.CopyOut(out, args[0]); err != nil {
		t.Fatal(err)
	}
	for _, addr := range args {
		if addr == 0 {
			continue
		}
		if err := m.Free(addr); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// clangElement prints element i of a buffer. All NaNs print alike, because C does not specify which
// NaN an operation gives.
func clangElement(kind string, data []byte, i int) string {
	switch kind {
	case "f32", "n32":
		b := binary.LittleEndian.Uint32(data[4*i:])
		if x := math.Float32frombits(b); x == x {
			return fmt.Sprintf("%x (%g)", b, x)
		}
		return "NaN"
	case "f64", "n64":
		b := binary.LittleEndian.Uint64(data[8*i:])
		if x := math.Float64frombits(b); x == x {
			return fmt.Sprintf("%x (%g)", b, x)
		}
		return "NaN"
	}
	n := clangSize(kind)
	var cell [8]byte
	copy(cell[:], data[n*i:n*i+n])
	return fmt.Sprintf("%x", binary.LittleEndian.Uint64(cell[:]))
}

func TestClang(t *testing.T) {
	kernels, pools := clangKernels(t), clangPools(t)
	for _, level := range []string{"O0", "O3"} {
		file := "kernels_" + level + ".ptx"
		mod, err := emulator.Parse(file, string(readClang(t, file)))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(mod.Kernels()); got != len(kernels) {
			t.Errorf("%s has %d kernels, kernels.txt %d", file, got, len(kernels))
		}
		for _, mode := range []struct {
			name   string
			checks emulator.Checks
		}{{"plain", 0}, {"checked", emulator.AllChecks}} {
			m := emulator.New(emulator.Options{Checks: mode.checks})
			prog, err := m.Load(mod)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range kernels {
				t.Run(level+"/"+mode.name+"/"+k.name, func(t *testing.T) {
					clangCompare(t, k, pools, clangRun(t, m, prog, k, pools))
				})
			}
		}
	}
}

// clangCompare reports the first elements that differ from the expected ones.
func clangCompare(t *testing.T, k clangKernel, pools [3]map[string][]byte, out []byte) {
	t.Helper()
	if bytes.Equal(out, k.want) {
		return
	}
	wrong := 0
	for i := range clangCount {
		got, want := clangElement(k.result, out, i), clangElement(k.result, k.want, i)
		if got == want {
			continue
		}
		if wrong++; wrong > 5 {
			continue
		}
		var operands []string
		for p, name := range k.operands {
			if name != "-" {
				operands = append(operands, clangElement(name, pools[p][name], i))
			}
		}
		t.Errorf("element %d: got %s, want %s; operands %s", i, got, want, strings.Join(operands, ", "))
	}
	if wrong > 5 {
		t.Errorf("%d elements of %d differ", wrong, clangCount)
	}
}
