package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
)

// The lab's own plumbing, on the emulator, at sizes that it gets through.

func lab(t *testing.T, args ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := run(&out, "emulator", true, args); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "about.json", lab(t, "about"))
	times := lab(t, "time")
	write(t, dir, "time.jsonl", times)
	var list []Case
	if err := json.Unmarshal(lab(t, "cases"), &list); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(times)), "\n")
	if len(lines) != len(list) || len(list) == 0 {
		t.Fatalf("%d cases, %d of them timed", len(list), len(lines))
	}
	for _, line := range lines {
		var m Measurement
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Problem != "" || !(m.Seconds > 0) || m.FLOP+m.Bytes == 0 {
			t.Errorf("not a measurement: %s (error %v)", line, err)
		}
	}
	lab(t, "report", dir)
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if want := "| " + c.Name + " | emulated | | not measured | | not measured |"; !strings.Contains(string(text), want) {
			t.Errorf("the report has no line %s", want)
		}
	}

	// A GPU's times beside PyTorch's.
	write(t, dir, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	write(t, dir, "time.jsonl", []byte(`{"name":"product","flop":1e9,"by":"baregrad","kernel":"k","seconds":0.001}
{"name":"copy","bytes":1e9,"by":"baregrad","seconds":0.002}
{"name":"softmax","bytes":1e9,"by":"baregrad","problem":"out of | memory"}
`))
	write(t, dir, "torch_time.jsonl", []byte(`{"name":"product","flop":1e9,"by":"torch contiguous","seconds":0.0005}
{"name":"softmax","bytes":1e9,"by":"torch contiguous","seconds":0.001}
`))
	write(t, dir, "train.jsonl", []byte(`{"name":"mnist-mlp","by":"baregrad","batch":1000,"examples":60000,"seconds":0.25,"first":0.5,"epochs":6}
{"name":"to 99 %","by":"baregrad","batch":256,"examples":60000,"seconds":3,"accuracy":0.985,"epochs":5,"problem":"99 % was not reached"}
`))
	lab(t, "report", dir)
	if text, err = os.ReadFile(filepath.Join(dir, "report.md")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| product | 1000.0 | 1.0 TFLOP/s, k | 500.0 | 2.0 TFLOP/s | 0.50 |",
		"| copy | 2000.0 | 500 GB/s | not measured | | not measured |",
		"| softmax | failed | out of / memory | 1000.0 | 1000 GB/s | not measured |",
		"| mnist-mlp | baregrad | 1000 | 60000 | 0.2500 | 0.5000 | 6 |  |",
		"98.50 %: 99 % was not reached",
		"| every tutorial | torch graph | | | not measured | not measured | | |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no line %s:\n%s", want, text)
		}
	}
}

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	lab(t, "probe", dir)
	floats := func(name string) []float32 {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float32, len(data)/4)
		copy(kernels.Bytes(values), data)
		return values
	}
	for _, instruction := range approximate {
		if x, y := floats(instruction+".in"), floats(instruction+".out"); len(x) != 2048 || len(y) != len(x) {
			t.Errorf("%s: %d inputs and %d outputs, want 2048", instruction, len(x), len(y))
		}
	}
	// rcp.approx errs by at most one unit in the last place (of 2⁻²³ of the value).
	x, y := floats("rcp.approx.f32.in"), floats("rcp.approx.f32.out")
	compared := 0
	for i := range x {
		want := 1 / float64(x[i])
		if magnitude := math.Abs(float64(x[i])); magnitude < 0x1p-126 || magnitude > 0x1p126 || math.IsNaN(want) {
			continue
		}
		compared++
		if !(math.Abs(float64(y[i])-want) <= math.Abs(want)*0x1p-22) {
			t.Fatalf("rcp.approx(%v) = %v", x[i], y[i])
		}
	}
	if compared < 1000 {
		t.Errorf("only %d reciprocals were compared", compared)
	}
	// The order of mma.a, .b, .c and .d in the files: d = a·b + c, within tf32's error.
	a, b, c, d := floats("mma.a"), floats("mma.b"), floats("mma.c"), floats("mma.d")
	for i := range d {
		product, row, col := i/128, i%128/8, i%8
		want, size := float64(c[i]), math.Abs(float64(c[i]))
		for k := range 8 {
			p := float64(a[product*128+row*8+k]) * float64(b[product*64+k*8+col])
			want += p
			size += math.Abs(p)
		}
		// Both factors lose at most 2⁻¹⁰ of themselves, and the sum a little.
		if !(math.Abs(float64(d[i])-want) <= size*0x1p-8) {
			t.Fatalf("element %d: %v, want %v", i, d[i], want)
		}
	}
}

// NVIDIA's assembler takes the probes.
func TestProbesAssemble(t *testing.T) {
	ptxas := os.Getenv("BAREGRAD_PTXAS")
	kerneltest.Require(t, "ptxas", ptxas != "", "BAREGRAD_PTXAS names none")
	text, err := probeSource()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "probe.ptx", []byte(text))
	if out, err := exec.Command(ptxas, "-arch=sm_90", "-o", filepath.Join(dir, "probe"), filepath.Join(dir, "probe.ptx")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestMistakesOfCommands(t *testing.T) {
	for _, args := range [][]string{{}, {"tim"}, {"time", "x"}, {"report", t.TempDir()}} {
		if err := run(&bytes.Buffer{}, "emulator", true, args); err == nil {
			t.Errorf("%v gave no error", args)
		}
	}
	if err := run(&bytes.Buffer{}, "gpu", true, []string{"about"}); err == nil || !strings.Contains(err.Error(), "gpu") {
		t.Errorf("a device called gpu gave the error %v", err)
	}
}
