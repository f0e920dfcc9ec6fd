package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/bench"
	"baregrad/kernels"
	"baregrad/kernels/auto"
)

// What keeps the report from saying more than was found, and from saying nothing.

func TestLearned(t *testing.T) {
	for _, c := range []struct {
		loss []float64
		want bool
	}{
		{[]float64{2.3, 0.4, 0.2}, true},
		{[]float64{0.7, 0.71, 0.705}, true},
		{[]float64{0, 0, 0}, false},
		{[]float64{2.3, 2.3, math.NaN()}, false},
		{[]float64{math.NaN(), math.NaN()}, false},
		{[]float64{0.3, 2.3}, false},
	} {
		if got := learned(c.loss); got != c.want {
			t.Errorf("learned(%v) is %v", c.loss, got)
		}
	}
}

// lossless is a device that counts the rows whose cross-entropy it computes and, if none is set, says
// that it is 0.
type lossless struct {
	kernels.Device
	rows int
	none bool
}

func (d *lossless) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	d.rows += rows
	d.Device.SoftmaxCrossEntropy(loss, probs, logits, labels, rows, cols)
	if d.none {
		d.Fill(loss, 0)
	}
}

// The epochs have all of their examples, after a warm-up of two batches. If they train nothing they
// have no time.
func TestEpochsLearn(t *testing.T) {
	cpu, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer cpu.Close()
	d := &lossless{Device: cpu}
	n := bench.Networks()[0] // mnist-mlp
	e := Epoch{Batch: 50, Examples: 100, Epochs: 3}
	if err := epochs(d, n, &e); err != nil || !(e.First > 0 && e.Seconds > 0) || d.rows != 2*50+3*100 {
		t.Errorf("of a training: %+v, error %v, of %d rows", e, err, d.rows)
	}
	e.First, e.Seconds, d.none = 0, 0, true
	if err := epochs(d, n, &e); err == nil || !strings.Contains(err.Error(), "went from 0 to 0: that is no training") || e.First != 0 || e.Seconds != 0 {
		t.Errorf("of no training: %+v, error %v", e, err)
	}
}

// A table of goals says which checks of the results did not pass.
func TestDoubts(t *testing.T) {
	raw, dir := t.TempDir(), t.TempDir()
	write(t, raw, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	if err := os.Mkdir(filepath.Join(raw, "checks"), 0o755); err != nil {
		t.Fatal(err)
	}
	report := func(statuses ...string) string {
		t.Helper()
		for i, status := range statuses {
			write(t, filepath.Join(raw, "checks"), "correctness-0"+string(rune('0'+i))+".json",
				[]byte(`{"part":"correctness","name":"`+soundness[i]+`","status":"`+status+`"}`+"\n"))
		}
		lab(t, "report", raw, dir)
		text, err := os.ReadFile(filepath.Join(dir, "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const doubt = "may be wrong"
	for statuses, want := range map[string]string{
		"passed,failed,passed,passed": soundness[1] + " (failed)", "passed,passed,passed,stopped after 9 s": soundness[3] + " (stopped",
	} {
		if text := report(strings.Split(statuses, ",")...); !strings.Contains(text, doubt) || !strings.Contains(text, want) {
			t.Errorf("%s: the report has no doubts of %s", statuses, want)
		}
	}
	if text := report("passed", "passed", "passed", "passed"); strings.Contains(text, doubt) {
		t.Error("all checks passed, and the report has doubts")
	}
	if text := goalsTable(&Report{About: About{Name: "a GPU"}}, "."); !strings.Contains(text, "not run") {
		t.Errorf("no check was run, and the table of goals says nothing of it:\n%s", text)
	}
}

// The steps named are those of run.sh.
func TestSoundnessIsOfRunSh(t *testing.T) {
	text, err := os.ReadFile("run.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range soundness {
		if !strings.Contains(string(text), "check '"+name+"'") {
			t.Errorf("run.sh has no step %q", name)
		}
	}
}

// A line that is too long is named; what was read before it counts.
func TestReportOfATooLongLine(t *testing.T) {
	raw, dir := t.TempDir(), t.TempDir()
	write(t, raw, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	write(t, raw, "epochs.jsonl", []byte(`{"name":"mnist-mlp","by":"baregrad","seconds":0.002,"first":0.005,"epochs":6}`+"\n"+strings.Repeat("x", 2<<20)+"\n"))
	lab(t, "report", raw, dir)
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| mnist-mlp | baregrad | 0 | 0 | 0.0020 |", "- epochs.jsonl: "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no %q", want)
		}
	}
}
