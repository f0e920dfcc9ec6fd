//go:build unix

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What run.sh leaves where there is no GPU, where it may not write, and when it is stopped.

// Without a GPU that can be used the report says why, and what there is; what was measured
// before stays.
func TestLabWithoutAGPU(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	write(t, f.dir, "noGPU", nil)
	_, report, said, _ := f.run(t)
	if want := `the driver "sulks"`; !strings.Contains(report.Unusable, want) || !strings.Contains(said, want) || !strings.Contains(said, "/out/report.md") {
		t.Errorf("the report says %q, want %s; said:\n%s", report.Unusable, want, said)
	}
	if _, err := os.Stat(filepath.Join(f.out, "raw.tar.gz")); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(f.dir, "noGPU")); err != nil {
		t.Fatal(err)
	}
	f.again = true
	if _, report, said, _ = f.run(t, "matmul"); len(report.Kernels) != 1 {
		t.Fatalf("%d kernels, want 1; said:\n%s", len(report.Kernels), said)
	}
	write(t, f.dir, "noGPU", nil)
	if _, report, said, _ = f.run(t, "report"); len(report.Kernels) != 1 || !strings.Contains(said, "sulks") {
		t.Errorf("%d kernels, want the one measured before; said:\n%s", len(report.Kernels), said)
	}
}

// A driver that hangs does not keep the report from being made.
func TestLabWithADriverThatHangs(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	write(t, f.dir, "hangs", nil)
	_, report, said, _ := f.run(t)
	if want := "the driver did not answer within 60 s"; !strings.Contains(report.Unusable, want) {
		t.Errorf("the report says %q, want %s; said:\n%s", report.Unusable, want, said)
	}
	if err := os.Remove(filepath.Join(f.dir, "hangs")); err != nil {
		t.Fatal(err)
	}
	f.again = true // and nothing is left of that where it answers again
	if statuses, report, said, _ := f.run(t, "matmul"); report.Unusable != "" || len(statuses) != 2 || len(report.Kernels) != 1 {
		t.Errorf("steps %v, %d kernels, unusable: %q; said:\n%s", statuses, len(report.Kernels), report.Unusable, said)
	}
}

// Parts run by name add to what was measured before, but not on another GPU.
func TestPartsOfTheLab(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	f.again = true
	f.run(t, "matmul")
	statuses, report, said, _ := f.run(t, "conv")
	if statuses["matmul"] != "passed" || statuses["conv"] != "passed" || len(report.Kernels) != 1 {
		t.Errorf("matmul %q, conv %q, %d kernels, want both parts:\n%s", statuses["matmul"], statuses["conv"], len(report.Kernels), said)
	}
	if log, err := os.ReadFile(filepath.Join(f.out, "log.txt")); err != nil || !strings.Contains(string(log), "=== matmul") || !strings.Contains(string(log), "=== conv") {
		t.Errorf("error %v, the log does not have both parts:\n%s", err, log)
	}
	write(t, f.dir, "other", []byte(", another"))
	statuses, report, said, _ = f.run(t, "conv")
	if statuses["matmul"] != "" || statuses["conv"] != "passed" || len(report.Kernels) != 0 || !strings.Contains(said, "another GPU") {
		t.Errorf("matmul %q, conv %q, %d kernels, want only what this GPU did:\n%s", statuses["matmul"], statuses["conv"], len(report.Kernels), said)
	}
}

// Where nothing can be written to $OUT, the results are kept, and it is said where.
func TestLabWithoutAFolder(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	write(t, f.dir, "file", nil)
	f.out = filepath.Join(f.dir, "file", "out")
	c := f.command(t, "matmul")
	output, err := c.CombinedOutput()
	reports, _ := filepath.Glob(filepath.Join(f.dir, "baregrad-gpu-lab-*", "results-*", "report.md"))
	if err != nil || len(reports) != 1 || !strings.Contains(string(output), reports[0]) {
		t.Errorf("error %v, reports %v, said:\n%s", err, reports, output)
	}
}

// A run that is interrupted reports what the step at work had measured.
func TestInterruptedLab(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, map[string]int{"gpulab-watch-time-matmul": forever})
	for _, name := range []string{"date", "timeout"} {
		if err := os.Remove(filepath.Join(f.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	c := f.command(t, "--fresh", "matmul")
	// The step has written its measurement when it says how long it takes.
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		for t.Context().Err() == nil {
			if text, _ := os.ReadFile(filepath.Join(f.dir, "takes")); string(text) == strconv.Itoa(forever) {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	output, err := interrupted(t, c, measured)
	if err == nil || !strings.Contains(output, "interrupted") {
		t.Errorf("error %v, said:\n%s", err, output)
	}
	text, err := os.ReadFile(filepath.Join(f.out, "report.json"))
	var report Report
	if err != nil || json.Unmarshal(text, &report) != nil || len(report.Kernels) != 1 {
		t.Errorf("%d kernels in the report (error %v), want the one measured before; said:\n%s", len(report.Kernels), err, output)
	}
}

// A tool of compute-sanitizer that finds something has failed, and the next one runs; if there is no
// compute-sanitizer, the report says so.
func TestLabAndTheSanitizer(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	tool := filepath.Join(f.path, "compute-sanitizer")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\necho 1 >\"$FAKE/takes\"\n[ \"$4\" != racecheck ]\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	statuses, _, said, _ := f.run(t, "sanitizer")
	for name, want := range map[string]string{"memcheck": "passed", "racecheck": "failed", "initcheck": "passed", "synccheck": "passed"} {
		if got := statuses["compute-sanitizer "+name]; got != want {
			t.Errorf("%s: %q, want %q; said:\n%s", name, got, want, said)
		}
	}
	if err := os.Remove(tool); err != nil {
		t.Fatal(err)
	}
	t.Run("not installed", func(t *testing.T) {
		statuses, _, said, _ := f.lacks(t, "compute-sanitizer").run(t, "sanitizer")
		if want := "not run: it is not installed"; len(statuses) != 4 || statuses["compute-sanitizer memcheck"] != want {
			t.Errorf("steps %v, want four that say %q; said:\n%s", statuses, want, said)
		}
	})
}

// lacks returns the lab on a machine without a program, wherever this machine may have it.
func (f fakeLab) lacks(t *testing.T, program string) fakeLab {
	f.shellStart = filepath.Join(f.dir, "env")
	write(t, f.dir, "env", []byte("command() { [ \"$*\" != '-v "+program+"' ] && builtin command \"$@\"; }\n"))
	return f
}

// What was profiled before the step was stopped is kept; if there is no ncu, the report says so. Only
// by name is anything profiled.
func TestLabAndTheProfiler(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, map[string]int{"gpulab-profile": forever})
	if err := os.Symlink(filepath.Join(f.path, "compute-sanitizer"), filepath.Join(f.path, "ncu")); err != nil {
		t.Fatal(err)
	}
	statuses, report, said, _ := f.run(t, "ncu")
	if want := "stopped after 420 s"; statuses["Nsight Compute"] != want || len(report.Profiles) != 1 || f.clock(t) > 460 {
		t.Errorf("steps %v, want %q; %d profiles, want the one before that; %d s; said:\n%s", statuses, want, len(report.Profiles), f.clock(t), said)
	}
	statuses, report, said, _ = f.lacks(t, "ncu").run(t, "ncu")
	if want := "not run: it is not installed"; statuses["Nsight Compute"] != want || len(report.Profiles) != 0 {
		t.Errorf("steps %v, want %q; %d profiles; said:\n%s", statuses, want, len(report.Profiles), said)
	}
}

func TestMistakesOfTheLab(t *testing.T) {
	for _, args := range [][]string{{"matmull"}, {"--budget", "soon"}} {
		output, err := exec.Command("bash", append([]string{"run.sh"}, args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(output), args[len(args)-1]) {
			t.Errorf("%v: error %v, said %s", args, err, output)
		}
	}
}
