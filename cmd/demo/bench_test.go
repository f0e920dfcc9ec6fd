package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baregrad/bench"
	"baregrad/kernels/auto"
)

func TestBench(t *testing.T) {
	dir := t.TempDir()
	// 50 ms leave out most training steps, which take long to prepare. However slow this machine
	// is, the 256 square is measured; the 2048 square, with 512 times as many operations, is not.
	slowest := max(50*time.Millisecond, 3*timeInReference(t, bench.Product{M: 256, N: 256, K: 256}))
	status, out, errs := demo(context.Background(), "bench", "--device", "reference", "--threads", "1", "--budget", "1ns", "--slowest", slowest.String(), "--out", dir, "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r bench.Report
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("the last line is no JSON object: %v", err)
	}
	if r.CPU == "" || r.Threads != 1 || len(r.MatMul) == 0 || len(r.Train) == 0 {
		t.Errorf("report %+v", r)
	}
	for _, p := range r.MatMul {
		if p.Device != "reference" || p.Threads != 1 || p.M < 1 || p.N < 1 || p.K < 1 || !(p.GFLOPS > 0) {
			t.Errorf("product %+v", p)
		}
	}
	// The 2048 square is left out, and nothing stands for it.
	if !strings.Contains(out, "product 2048×2048×2048, which would take") {
		t.Errorf("the output does not tell what was left out:\n%s", out)
	}
	for _, p := range r.MatMul {
		if p.M == 2048 {
			t.Errorf("product %+v was not measured", p)
		}
	}
	for _, name := range []string{"matmul.svg", "train.svg"} {
		if content, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(content), "<svg") {
			t.Errorf("%s: error %v, content %.100s", name, err, content)
		}
	}
}

// timeInReference returns how long a product takes in plain Go, by the fastest of three.
func timeInReference(t *testing.T, p bench.Product) time.Duration {
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := bench.NewMultiplier(d, p)
	defer m.Close()
	best := time.Duration(math.MaxInt64)
	for range 3 {
		begin := time.Now()
		m.Run()
		best = min(best, time.Since(begin))
	}
	return best
}

// A machine too slow for everything still gives a report.
func TestBenchOfNothing(t *testing.T) {
	status, out, errs := demo(context.Background(), "bench", "--device", "reference", "--threads", "1", "--slowest", "1ns", "--out", t.TempDir(), "--json")
	if status != 0 || !strings.Contains(out, "product 256×256×256, which would take") || !strings.Contains(out, `"matmul":[]`) {
		t.Errorf("status %d, %s%s", status, errs, out)
	}
}

// The line that tells what is measured stays in the terminal's line.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		columns int
		want    string
	}{{-1, "8×8 and more"}, {0, ""}, {3, "8×8"}, {12, "8×8 and more"}, {13, "8×8 and more"}} {
		if got := cut("8×8 and more", c.columns); got != c.want {
			t.Errorf("cut to %d columns: %q, want %q", c.columns, got, c.want)
		}
	}
}

// auto and cpu stand for a device of the machine, as in the other commands.
func TestBenchResolvesNames(t *testing.T) {
	d, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	configs, err := (&BenchCommand{Device: []string{"cpu"}, Threads: []int{1}}).configs()
	if err != nil || len(configs) != 1 || configs[0].Device != d.Name() {
		t.Errorf("%v (error %v), want %s alone", configs, err, d.Name())
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--device referense", `did you mean "reference"?`},
		{"--threads 0", "--threads is 0, must be from 1 to 1024"},
		{"--budget=-1s", "--budget is -1s"},
		{"--budget 0s", "--budget is 0s"}, // which would be taken for the default
		{"--slowest 0s", "--slowest is 0s"},
	} {
		status, _, errs := demo(context.Background(), append([]string{"bench"}, strings.Fields(c.args)...)...)
		if status != statusFailed || !strings.Contains(errs, c.want) {
			t.Errorf("demo bench %s: status %d, standard error %q, want one with %q", c.args, status, errs, c.want)
		}
	}
}

// On a terminal of 80 columns no line is longer, and what a table would tell is told by the
// charts; where there is room, tables come first.
func TestBenchFits(t *testing.T) {
	r := &bench.Report{}
	for i, name := range []string{"avx512", "avx2", "reference", "emulator"} {
		for threads := 1; threads <= 2; threads++ {
			c := bench.Config{Device: name, Threads: threads}
			r.Peaks = append(r.Peaks, bench.PeakResult{Config: c, GFLOPS: 1234, CopyGBs: 40.5})
			r.MatMul = append(r.MatMul, bench.ProductResult{Config: c, M: 73728, N: 64, K: 288, GFLOPS: 1100 / float64(1+40*i)})
			r.Train = append(r.Train, bench.TrainResult{Config: c, Network: "mnist-cnn-channels-first", Batch: 200, From: 150,
				ImagesPerSecond: 12345678 / float64(1+40*i), GFLOPS: 617})
			r.Left = append(r.Left, c.String()+": a step of mnist-cnn-channels-first, which would take about 1.4 s")
		}
	}
	for columns, table := range map[int]bool{80: false, 400: true, 0: true} {
		var out strings.Builder
		showReport(sized{&out, columns}, r)
		if columns > 0 && widest(out.String()) > columns {
			t.Errorf("in %d columns a line has %d:\n%s", columns, widest(out.String()), out.String())
		}
		// The heading of a table names the devices.
		if strings.Contains(out.String(), "avx512/cores=1  avx512/cores=2") != table || strings.Contains(out.String(), "(50 %)") == table {
			t.Errorf("in %d columns:\n%s", columns, out.String())
		}
	}
}
