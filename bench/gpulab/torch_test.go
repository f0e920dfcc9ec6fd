package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/bench"
	"baregrad/kernels/kerneltest"
)

// Tests every line of the scripts that measure PyTorch: testdata/fake_cuda.py puts the CPU in the
// GPU's place.

// inTorch runs a script and decodes its lines, each of which must be a T without unknown fields.
func inTorch[T any](t *testing.T, fails, script string, args ...string) (list []T) {
	t.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	_, err := exec.Command(python, "-c", "import torch").Output()
	kerneltest.Require(t, "torch", err == nil, fmt.Sprintf("%s has no PyTorch; PYTHON names another Python", python))
	c := exec.Command(python, append([]string{"testdata/fake_cuda.py", script}, args...)...)
	c.Env = append(os.Environ(), "FAKE_CUDA_FAILS="+fails, "OMP_NUM_THREADS=1")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", script, args, err, said.String())
	}
	for line := range strings.Lines(string(out)) {
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		var value T
		if err := decoder.Decode(&value); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, value)
	}
	return list
}

// Every case is measured, and described as ours.
func TestKernelsInTorch(t *testing.T) {
	for group := range groups {
		path := filepath.Join(t.TempDir(), "cases.json")
		write(t, filepath.Dir(path), "cases.json", lab(t, "cases", group))
		all, err := casesOf(group, true)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]Measurement{}
		for _, m := range inTorch[Measurement](t, "", "torch_time.py", path) {
			got[m.Name] = m
		}
		for _, c := range all {
			m, ok := got[c.Name]
			if ok != (c.Form == "") {
				t.Errorf("%s: measured %v, want all but our own forms", c.Name, ok)
			}
			if ok && (m.Problem != "" || !(m.Seconds >= m.Fastest && m.Fastest > 0) || m.FLOP != c.FLOP || m.Bytes != c.Bytes || m.Calls != c.Calls || m.TF32 != c.TF32 || !strings.HasPrefix(m.By, "torch ")) {
				t.Errorf("%s: %+v, want a measurement of %+v", c.Name, m, c)
			}
		}
		// A failing case is reported as its problem.
		for _, m := range inTorch[Measurement](t, "conv,memory", "torch_time.py", path) {
			want := map[string]string{"matmul": "OutOfMemoryError: CUDA out of memory", "conv": "unable to find an engine"}[m.Kind]
			if want == "" && m.Problem != "" || !strings.Contains(m.Problem, want) {
				t.Errorf("%s: problem %q, want %q", m.Name, m.Problem, want)
			}
		}
	}
}

// Every network is trained in every way, with the same batches as ours.
func TestTrainingInTorch(t *testing.T) {
	const examples = 1000 // the largest batch
	dir := t.TempDir()
	lab(t, "data", dir)
	truncate := func(examples int64) {
		for _, name := range []string{"mnist", "fashion", "test"} {
			for file, size := range map[string]int64{"inputs": 784, "labels": 1} {
				if err := os.Truncate(filepath.Join(dir, name+"."+file), examples*size); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	const more = 3000 // 12 steps to 99 %
	truncate(more)
	// Compiling takes minutes. If it fails, the problem says so.
	fails := "compile"
	if os.Getenv("BAREGRAD_LONG") == "1" {
		fails = ""
	}
	check := func(e Epoch, name, way string, batch, examples int) {
		t.Helper()
		if e.Name != name || e.By != "torch "+way || e.Batch != batch || e.Examples != examples {
			t.Errorf("%s by %s: %+v, want batches of %d of %d examples", name, way, e, batch, examples)
		}
		if way == fails {
			if !strings.Contains(e.Problem, "Failed to find C compiler") {
				t.Errorf("%s by %s: problem %q", name, way, e.Problem)
			}
		} else if e.Problem != "" && name != toNinetyNine || !(e.Seconds > 0) || !(e.First > 0) || e.Epochs < 1 {
			t.Errorf("%s by %s was not measured: %+v", name, way, e)
		}
	}
	lines := inTorch[Epoch](t, fails, "torch_train.py", "to99", "--data", dir, "--budget", "1000")
	for i, way := range []string{"graph", "eager", "compile"} {
		check(lines[i], toNinetyNine, way, ninetyNineBatch, more)
		if way == fails {
			continue
		}
		// Without training one in ten would be right. Each seed starts from new weights, and a
		// graph's steps give the same as single ones.
		e := lines[i]
		if len(e.Trials) != ninetyNineSeeds || !(e.Accuracy >= 0.5) || slices.Max(e.Trials) == slices.Min(e.Trials) {
			t.Errorf("by %s %v of the images are right, want half at least, %d times", way, e.Trials, ninetyNineSeeds)
		}
		if way == "eager" && !slices.Equal(e.Trials, lines[0].Trials) {
			t.Errorf("by %s %v of the images are right, by graph %v", way, e.Trials, lines[0].Trials)
		}
	}
	for _, e := range inTorch[Epoch](t, "capture,conv", "torch_train.py", "to99", "--data", dir) {
		if e.Problem == "" {
			t.Errorf("%+v: no convolution could be computed", e)
		}
	}
	truncate(examples)
	lines = inTorch[Epoch](t, fails, "torch_train.py", "epochs", "--data", dir, "--budget", "1000")
	if len(lines) != 3*len(bench.Networks()) {
		t.Fatalf("%d lines, want one for each network and way", len(lines))
	}
	for _, way := range []string{"graph", "eager", "compile"} {
		for _, n := range bench.Networks() {
			found := false
			for _, e := range lines {
				if e.Name == n.Name && e.By == "torch "+way {
					found = true
					check(e, n.Name, way, n.Batch, examples/n.Batch*n.Batch)
				}
			}
			if !found {
				t.Errorf("%s by %s is not there", n.Name, way)
			}
		}
	}
	// Even if no time is left, every line is there.
	for _, e := range inTorch[Epoch](t, "", "torch_train.py", "epochs", "--data", dir, "--budget", "-1") {
		if e.Problem != "left out: the time was up" {
			t.Errorf("%+v was not left out", e)
		}
	}
}
