package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator/probe"
)

// Tests of the lab itself, on the emulator, with sizes small enough for it.

// If this program is started under the name gpulab, it is the lab instead of its tests. On the
// machine to be measured, the two are one file (see pack.sh).
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "gpulab" {
		main()
		return
	}
	os.Exit(m.Run())
}

func lab(t *testing.T, args ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := run(&out, "emulator", true, &turns{}, args); err != nil {
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
	if text := lab(t, "about"); !bytes.Contains(text, []byte(`"Emulated":true,"Smoke":true`)) {
		t.Errorf("%s does not say that the sizes are tiny", text)
	}
	var list []Case
	var lines []string
	for group := range groups {
		times := lab(t, "time", group)
		write(t, dir, group+".jsonl", times)
		lines = append(lines, strings.Split(strings.TrimSpace(string(times)), "\n")...)
		var some []Case
		if err := json.Unmarshal(lab(t, "cases", group), &some); err != nil {
			t.Fatal(err)
		}
		list = append(list, some...)
	}
	if len(lines) != len(list) || len(list) != len(cases(true)) {
		t.Fatalf("%d cases, %d of them in a group, %d timed", len(cases(true)), len(list), len(lines))
	}
	for _, line := range lines {
		var m Measurement
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Problem != "" || !(m.Seconds > 0) || m.FLOP+m.Bytes == 0 {
			t.Errorf("not a measurement: %s (error %v)", line, err)
		}
	}
	lab(t, "report", dir, dir)
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if want := "| " + c.Name + " | only tried | | not measured | | not measured |"; !strings.Contains(string(text), want) {
			t.Errorf("the report has no line %s", want)
		}
	}

	// A GPU's times next to PyTorch's.
	write(t, dir, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	write(t, dir, "matmul.jsonl", []byte(`{"name":"product","flop":1e9,"by":"baregrad","kernel":"k","seconds":0.001}
{"name":"copy","bytes":1e9,"by":"baregrad","seconds":0.002}
{"name":"softmax","bytes":1e9,"by":"baregrad","problem":"out of | memory"}
{"name":"a log","by":"baregrad","problem":"ptxas says`+strings.Repeat(" more", 1000)+`"}
`))
	write(t, dir, "torch_matmul.jsonl", []byte(`{"name":"product","flop":1e9,"by":"torch contiguous","seconds":0.0005}
{"name":"softmax","bytes":1e9,"by":"torch contiguous","seconds":0.001}
`))
	write(t, dir, "epochs.jsonl", []byte(`{"name":"mnist-mlp","by":"baregrad","batch":1000,"examples":60000,"seconds":0.25,"first":0.5,"epochs":6}
{"name":"fashion-mlp","by":"baregrad","batch":32,"examples":60000,"seconds":0.25,"first":0.5,"epochs":6,"data":"MNIST in place of it","stand_in":true}
{"name":"to 99 %","by":"baregrad","batch":256,"examples":60000,"seconds":3,"accuracy":0.985,"epochs":5,"problem":"99 % was not reached"}
`))
	lab(t, "report", dir, dir)
	if text, err = os.ReadFile(filepath.Join(dir, "report.md")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| product | 1000.0 | 1.0 TFLOP/s, k | 500.0 | 2.0 TFLOP/s | 0.50 |",
		"| copy | 2000.0 | 500 GB/s | not measured | | not measured |",
		"| softmax | failed | out of / memory | 1000.0 | 1000 GB/s | not measured |",
		"| mnist-mlp | baregrad | 1000 | 60000 | 0.2500 | 0.5000 | 6 |  |",
		"| fashion-mlp (OTHER DATA: MNIST in place of it) | baregrad | 32 | 60000 | 0.2500 | 0.5000 | 6 |  |",
		"| a log | failed | ptxas says" + strings.Repeat(" more", 78) + " … | not measured | | not measured |",
		"98.50 %: 99 % was not reached",
		"| mnist-cnn | torch graph | | | not measured | not measured | | |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no line %s:\n%s", want, text)
		}
	}
}

// An interrupted run leaves a report of what it had measured.
func TestReportOfACutOffRun(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	write(t, dir, "matmul.jsonl", []byte("{\"name\":\"product\",\"flop\":1e9,\"by\":\"baregrad\",\"seconds\":0.001}\n{\"name\":\"an"))
	if err := os.Mkdir(filepath.Join(dir, "checks"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "checks/matmul-00.json", []byte(`{"part":"matmul","name":"matmul","status":"stopped after 9 s","seconds":9,"date":"d"}`+"\n"))
	write(t, dir, "checks/matmul-01.json", []byte(`{"part":"matmul","name":"matmul in PyTorch","status":"not measured: out of time","seconds":0,"date":"d"}`+"\n"))
	write(t, dir, "checks/to99-00.json", []byte(`{"part":"to99","name":"training to 99 %","status":"not measured: out of time","seconds":0,"date":"d"}`+"\n"))
	write(t, dir, "matmul-cases.json", []byte(`[{"name":"product","kind":"matmul"},{"name":"another","kind":"matmul"},{"name":"another by k","kind":"matmul","form":"k"}]`))
	write(t, dir, "conv-cases.json", []byte(`[{"name":"filter","kind":"conv"}]`))
	write(t, dir, "checks/matmul-00.clocks", []byte("345, 3201, 70.1, 30\n1980, 3201, [N/A], 41\n19"))
	short := string(lab(t, "report", dir, dir))
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| product | 1000.0 | 1.0 TFLOP/s | not measured: out of time | | not measured |",
		"| another | not measured: out of time | | not measured: out of time | | not measured |",
		"| another by k | not measured: out of time | | not measured | | not measured |",
		"| filter | not measured | | not measured | | not measured |",
		"| to 99 % | baregrad | | | not measured: out of time | not measured: out of time | | |",
		"| to 99 % | torch graph | | | not measured | not measured | | |",
		"| fp32 matrix product, 2048 to 8192: at least 0.95 of cuBLAS | not measured: out of time | open |",
		"| 99 % on MNIST: under 0.2 s of training | not measured: out of time | open |",
		"| matmul | matmul | stopped after 9 s | 9 | d | 345–1980 MHz, 3201 MHz memory, 70 W, 30–41 °C |",
		"- matmul.jsonl: unexpected end of JSON input",
		"| the 20 epochs of mnist-mlp: under 0.1 s | not measured | open |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no line %s:\n%s", want, text)
		}
	}
	if want := "stopped after 9 s"; !strings.Contains(short, want) || !strings.Contains(short, "open     99 % on MNIST") {
		t.Errorf("in short the report is\n%s", short)
	}
}

// Each call of a graph has its own memory. Together the calls use more than a cache holds (H100:
// 50 MB, B200: 126 MB), but not more than needed.
func TestRotation(t *testing.T) {
	for group := range groups {
		list, err := casesOf(group, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			bytes := 0
			for _, n := range c.operands() {
				bytes += 4 * n * c.Calls
			}
			if bytes < 256<<20 || c.Calls > 1000 || c.Samples != 31 {
				t.Errorf("%s: %d calls on %d MB of memory, %d times; want more than 256 MB, 31 times", c.Name, c.Calls, bytes>>20, c.Samples)
			}
		}
	}
}

func TestForms(t *testing.T) {
	said := string(lab(t, "forms"))
	for _, rung := range cuda.Ladder() {
		if strings.Count(said, rung+",") != 4 {
			t.Errorf("%s was not held against the reference in four layouts", rung)
		}
	}
	for form := range convForms {
		if !strings.Contains(said, "convolution forward, "+form+"  ") || !strings.Contains(said, "pooled, "+form+"  ") {
			t.Errorf("convolutions of the form %s were not held against the reference", form)
		}
	}
	if strings.Contains(said, "WRONG") || strings.Contains(said, "no such instructions") {
		t.Errorf("a kernel gives wrong results, or was left out:\n%s", said)
	}

	// Two kernels that lose a block, the first with a wrong result and the last.
	f, d := newFaulty(t)
	*d.Stream().(faultyStream).capturing = true
	f.launch = loseBlock
	var out bytes.Buffer
	err := checkForms(&out, d, &turns{from: len(formChecks()) - 2})
	if err == nil || !strings.Contains(err.Error(), "2 kernels") || strings.Count(out.String(), ": WRONG, at most ") != 2 {
		t.Errorf("kernels that lose a block: error %v, said\n%s", err, out.String())
	}
}

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	said := string(lab(t, "probe", dir))
	for _, i := range probe.Instructions() {
		file, err := os.Open(filepath.Join(dir, i.Name+".probe"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := probe.Read(file)
		file.Close()
		if err != nil || r.Instruction != i.Name || len(r.Out) == 0 {
			t.Errorf("%s: the record is of %+v, %v", i.Name, r, err)
		}
		if !strings.Contains(said, i.Name+" ") {
			t.Errorf("nothing was said of %s", i.Name)
		}
	}
	if strings.Contains(said, "not asked") || strings.Count(said, ", 0 beyond") != len(probe.Instructions()) {
		t.Errorf("the emulator's answers are not the emulator's:\n%s", said)
	}
}

func TestMistakesOfCommands(t *testing.T) {
	for _, args := range [][]string{{}, {"tim"}, {"time", "x"}, {"report", t.TempDir()}} {
		if err := run(&bytes.Buffer{}, "emulator", true, &turns{}, args); err == nil {
			t.Errorf("%v gave no error", args)
		}
	}
	if err := run(&bytes.Buffer{}, "gpu", true, &turns{}, []string{"about"}); err == nil || !strings.Contains(err.Error(), "gpu") {
		t.Errorf("a device called gpu gave the error %v", err)
	}
}

// A mistake in a case is an error, not an empty measurement.
func TestMistakeInACase(t *testing.T) {
	err := withDevice("emulator", func(d *cuda.Device) error {
		defer func() {
			if err, ok := recover().(*kernels.ShapeError); !ok || !strings.Contains(err.Error(), `nothing is called "nothing"`) {
				t.Errorf("the panic is %v, want a *kernels.ShapeError that names the case", err)
			}
		}()
		m := measure(d, Case{Name: "nothing", Kind: "nothing", Dims: []int{64}, Calls: 1, Samples: 1})
		t.Errorf("it was measured: %+v", m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
