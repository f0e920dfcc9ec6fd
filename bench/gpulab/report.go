package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Report is what a run of the lab found. What was not measured is not in it.
type Report struct {
	Date     string           `json:"date"`
	About    About            `json:"about"`
	Checks   []Check          `json:"checks"`
	Kernels  []Measurement    `json:"kernels"`
	Training []Epoch          `json:"training"`
	Machine  []string         `json:"machine"` // what nvidia-smi and PyTorch say, line by line
	byName   map[string][]int // kernels of one case
}

// About is what gpulab about prints.
type About struct {
	Name            string
	Compute         [2]int
	Multiprocessors int
	Memory          int64
	Emulated        bool
}

// A Check is a step of run.sh that passes or fails.
type Check struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // passed, failed, or why it was not run
	Seconds int    `json:"seconds"`
}

const notMeasured = "not measured"

// report reads what the steps of run.sh left in dir and writes report.json and
// report.md there.
func report(dir string) error {
	r := Report{Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), byName: map[string][]int{}}
	if text, err := os.ReadFile(filepath.Join(dir, "about.json")); err != nil {
		return err
	} else if err := json.Unmarshal(text, &r.About); err != nil {
		return fmt.Errorf("about.json: %w", err)
	}
	for _, name := range []string{"time.jsonl", "torch_time.jsonl"} {
		if err := lines(filepath.Join(dir, name), &r.Kernels); err != nil {
			return err
		}
	}
	for _, name := range []string{"train.jsonl", "torch_train.jsonl"} {
		if err := lines(filepath.Join(dir, name), &r.Training); err != nil {
			return err
		}
	}
	if err := lines(filepath.Join(dir, "checks.jsonl"), &r.Checks); err != nil {
		return err
	}
	if text, err := os.ReadFile(filepath.Join(dir, "machine.txt")); err == nil {
		r.Machine = strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	for i, m := range r.Kernels {
		r.byName[m.Name] = append(r.byName[m.Name], i)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "report.md"), []byte(r.markdown()), 0o644)
}

// lines reads a file of one JSON object a line. A file that is not there has none:
// its step did not run, which the report then says.
func lines[T any](path string, into *[]T) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	for scan := bufio.NewScanner(file); scan.Scan(); {
		var value T
		if err := json.Unmarshal(scan.Bytes(), &value); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		*into = append(*into, value)
	}
	return nil
}

func (r *Report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# GPU lab: %s, %s\n\n", r.About.Name, r.Date)
	fmt.Fprintf(&b, "Compute capability %d.%d, %d multiprocessors, %.1f GB of memory.\n",
		r.About.Compute[0], r.About.Compute[1], r.About.Multiprocessors, float64(r.About.Memory)/(1<<30))
	if r.About.Emulated {
		b.WriteString("\n**The emulator stood in for the GPU**: this run tests the lab itself. No GPU was measured.\n")
	}
	if len(r.Machine) > 0 {
		fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(r.Machine, "\n"))
	}
	b.WriteString("\n## Checks\n\n| check | | seconds |\n|---|---|---|\n")
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "| %s | %s | %d |\n", c.Name, c.Status, c.Seconds)
	}
	b.WriteString("\n## Kernels\n\nTimes of one call in µs: calls on rotating memory captured as one graph, the median between two events. " +
		"The ratio is PyTorch's time divided by ours: above 1, ours is faster.\n\n" +
		"| case | baregrad | | PyTorch | | ratio |\n|---|---|---|---|---|---|\n")
	seen := map[string]bool{}
	for _, m := range r.Kernels {
		if seen[m.Name] {
			continue
		}
		seen[m.Name] = true
		ours, theirs := r.find(m.Name, "baregrad"), r.find(m.Name, "torch")
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Name, r.cells(ours), r.cells(theirs), r.ratio(ours, theirs))
	}
	b.WriteString("\n## Training\n\nSeconds of an epoch after the first (of the whole training, to 99 %).\n\n" +
		"| what | by | batch | examples | seconds | first epoch | epochs | test accuracy |\n|---|---|---|---|---|---|---|---|\n")
	for _, e := range r.Training {
		seconds, first, accuracy := r.seconds(e.Seconds, e.Problem), r.seconds(e.First, e.Problem), ""
		if e.Accuracy > 0 && !r.About.Emulated {
			accuracy = fmt.Sprintf("%.2f %%", 100*e.Accuracy)
			if e.Problem != "" {
				accuracy += ": " + e.Problem
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s | %s | %d | %s |\n", e.Name, e.By, e.Batch, e.Examples, seconds, first, e.Epochs, accuracy)
	}
	by := map[string]bool{}
	for _, e := range r.Training {
		by[e.By] = true
	}
	for _, who := range []string{"baregrad", "torch eager", "torch compile", "torch graph"} {
		if !by[who] {
			fmt.Fprintf(&b, "| every tutorial | %s | | | %s | %s | | |\n", who, notMeasured, notMeasured)
		}
	}
	return b.String()
}

// find is the measurement of a case by whom, or nil.
func (r *Report) find(name, by string) *Measurement {
	for _, i := range r.byName[name] {
		if m := &r.Kernels[i]; strings.HasPrefix(m.By, by) {
			return m
		}
	}
	return nil
}

// cells is a measurement as a time and a rate. An emulator's time is none of a GPU.
func (r *Report) cells(m *Measurement) string {
	switch {
	case m == nil:
		return notMeasured + " |"
	case m.Problem != "":
		return "failed | " + strings.ReplaceAll(strings.ReplaceAll(m.Problem, "|", "/"), "\n", " ")
	case r.About.Emulated:
		return "emulated |"
	case m.FLOP > 0:
		cell := fmt.Sprintf("%.1f | %.1f TFLOP/s", m.Seconds*1e6, m.FLOP/m.Seconds/1e12)
		if m.Kernel != "" {
			cell += ", " + m.Kernel
		}
		return cell
	}
	return fmt.Sprintf("%.1f | %.0f GB/s", m.Seconds*1e6, m.Bytes/m.Seconds/1e9)
}

func (r *Report) ratio(ours, theirs *Measurement) string {
	if ours == nil || theirs == nil || ours.Problem != "" || theirs.Problem != "" || r.About.Emulated {
		return notMeasured
	}
	return fmt.Sprintf("%.2f", theirs.Seconds/ours.Seconds)
}

func (r *Report) seconds(s float64, problem string) string {
	switch {
	case problem != "" && s == 0:
		return "failed: " + strings.ReplaceAll(strings.ReplaceAll(problem, "|", "/"), "\n", " ")
	case r.About.Emulated:
		return "emulated"
	case s == 0:
		return notMeasured
	}
	return fmt.Sprintf("%.4f", s)
}
