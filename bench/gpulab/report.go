package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"baregrad/bench"
)

// A Report is the result of a lab run. It omits what was not measured.
type Report struct {
	Date     string           `json:"date"`
	About    About            `json:"about"`              // empty if no GPU could be used
	Unusable string           `json:"unusable,omitempty"` // why not
	Goals    []Goal           `json:"goals"`
	Checks   []Check          `json:"checks"`
	Failed   []FailedTest     `json:"failed,omitempty"`
	Kernels  []Measurement    `json:"kernels"`
	Training []Epoch          `json:"training"`
	Profiles []Profile        `json:"profiles,omitempty"` // only if asked for by name
	Machine  []string         `json:"machine"`            // output of nvidia-smi and PyTorch, by line
	Problems []string         `json:"problems"`           // what could not be read
	cases    []Case           // what should have been measured, in table order
	byName   map[string][]int // indices of Kernels by case
}

// About is the output of gpulab about.
type About struct {
	Name            string
	Compute         [2]int
	Multiprocessors int
	Memory          int64
	Emulated        bool // the emulator replaced the GPU
	Smoke           bool // the sizes were tiny
}

// trial says why a run is only a trial of the lab itself, whose times mean nothing. It is empty for
// a run that measured.
func (a About) trial() string {
	switch {
	case a.Emulated:
		return "the emulator stood in for the GPU"
	case a.Smoke:
		return "its sizes were tiny (--smoke)"
	}
	return ""
}

// A Check is a step of run.sh that passes or fails.
type Check struct {
	Part    string `json:"part"`
	Name    string `json:"name"`
	Status  string `json:"status"` // passed, failed, stopped after…, or why it was not run or measured
	Seconds int    `json:"seconds"`
	Date    string `json:"date"`
	Clocks  string `json:"clocks,omitempty"` // the GPU's clocks during the step
}

const (
	notMeasured = "not measured"
	outOfTime   = "out of time" // the end of the status of a step for which no time was left
)

// report reads what the steps of run.sh left in raw and writes report.json and report.md to dir. It
// omits what a step did not get to, so a run that was cut off still gives a report of what it had
// measured.
func report(w io.Writer, raw, dir string) error {
	r := &Report{Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), byName: map[string][]int{}}
	if text, err := os.ReadFile(filepath.Join(raw, "about.json")); errors.Is(err, fs.ErrNotExist) {
		r.Unusable = "the lab was stopped before it had found one"
		if why, err := os.ReadFile(filepath.Join(raw, "unusable.txt")); err == nil && len(bytes.TrimSpace(why)) > 0 {
			r.Unusable = string(bytes.TrimSpace(why))
		}
	} else if err != nil {
		return err
	} else if err := json.Unmarshal(text, &r.About); err != nil {
		return fmt.Errorf("about.json: %w", err)
	}
	for _, group := range []string{"matmul", "conv", "memory"} {
		if err := r.readCases(filepath.Join(raw, group+"-cases.json")); err != nil {
			return err
		}
		for _, name := range []string{group, "torch_" + group} {
			if err := lines(filepath.Join(raw, name+".jsonl"), &r.Kernels, &r.Problems); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"epochs", "torch_epochs", "to99", "torch_to99"} {
		if err := lines(filepath.Join(raw, name+".jsonl"), &r.Training, &r.Problems); err != nil {
			return err
		}
	}
	for _, log := range []string{"tests.txt", "bits.txt"} {
		if err := lines(filepath.Join(raw, log+failedTests), &r.Failed, &r.Problems); err != nil {
			return err
		}
	}
	if err := lines(filepath.Join(raw, "profile.jsonl"), &r.Profiles, &r.Problems); err != nil {
		return err
	}
	if err := r.readChecks(raw); err != nil {
		return err
	}
	if text, err := os.ReadFile(filepath.Join(raw, "machine.txt")); err == nil {
		r.Machine = strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	for i, m := range r.Kernels {
		r.byName[m.Name] = append(r.byName[m.Name], i)
		if !slices.ContainsFunc(r.cases, func(c Case) bool { return c.Name == m.Name }) {
			r.cases = append(r.cases, m.Case)
		}
	}
	r.Goals = r.goals()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"report.json": append(text, '\n'), "report.md": []byte(r.markdown())} {
		whole := filepath.Join(dir, name)
		// The lab may be stopped at any time: then the report before stays whole.
		if err := os.WriteFile(whole+".part", text, 0o644); err != nil {
			return err
		}
		if err := os.Rename(whole+".part", whole); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, r.short())
	return err
}

// readCases reads what a group should have measured, so that the report can list what is missing.
func (r *Report) readCases(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list []Case
	if err := json.Unmarshal(text, &list); err != nil {
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %v", filepath.Base(path), err))
	}
	r.cases = append(r.cases, list...)
	return nil
}

// missing says of a figure that it was not measured and, if its part of run.sh ran out of time,
// that too.
func (r *Report) missing(part string, torch bool) string {
	for _, c := range r.Checks {
		late := strings.HasSuffix(c.Status, outOfTime) || strings.HasPrefix(c.Status, "stopped")
		if c.Part == part && late && strings.HasSuffix(c.Name, "in PyTorch") == torch {
			return notMeasured + ": " + outOfTime
		}
	}
	return notMeasured
}

// soundness lists the steps of run.sh that say whether what is timed is right.
var soundness = []string{"tests on the GPU", "every rung and form", "demo train, to 98 %", "the same bits as the emulator"}

// doubts lists those steps that did not pass, for the figures' readers; it is empty if all did.
func (r *Report) doubts() string {
	if r.About.trial() != "" || r.About.Name == "" {
		return "" // there are no figures
	}
	var list []string
	for _, name := range soundness {
		status := "not run"
		for _, c := range r.Checks {
			if c.Name == name {
				status = c.Status
			}
		}
		if status != "passed" {
			list = append(list, fmt.Sprintf("%s (%s)", name, status))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "**What was measured may be wrong**: in this run not all checks of the results passed: " + strings.Join(list, "; ") + "."
}

// parts lists the parts of run.sh, in order.
var parts = []string{"correctness", "epochs", "to99", "matmul", "conv", "memory", "bits", "probe", "sanitizer", "sanitizer-all", "ncu"}

// toNinetyNine is the name of the training to 99 % on MNIST.
const toNinetyNine = "to 99 %"

// trainings lists the names of all trainings.
func trainings() (names []string) {
	for _, n := range bench.Networks() {
		names = append(names, n.Name)
	}
	return append(names, toNinetyNine)
}

// readChecks reads the steps' files, named by a number and the step, together with the clocks that
// nvidia-smi reported during the step.
func (r *Report) readChecks(raw string) error {
	paths, err := filepath.Glob(filepath.Join(raw, "checks", "*.json"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	order := func(c Check) int { return slices.Index(parts, c.Part) }
	defer func() {
		slices.SortStableFunc(r.Checks, func(a, b Check) int { return cmp.Compare(order(a), order(b)) })
	}()
	for _, path := range paths {
		before := len(r.Checks)
		if err := lines(path, &r.Checks, &r.Problems); err != nil {
			return err
		}
		for i := range r.Checks[before:] {
			c := &r.Checks[before+i]
			if text, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".clocks"); err == nil {
				c.Clocks = clocks(string(text))
			}
		}
	}
	return nil
}

// clocks summarises nvidia-smi's readings, one per second: the clocks of the processors and the
// memory in MHz, watts and degrees Celsius.
func clocks(text string) string {
	var all [4][]float64
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := strings.Split(line, ",")
		if len(fields) != len(all) {
			continue
		}
		for i, f := range fields {
			var x float64
			if _, err := fmt.Sscan(strings.TrimSpace(f), &x); err == nil {
				all[i] = append(all[i], x)
			}
		}
	}
	var words []string
	for i, unit := range []string{"MHz", "MHz memory", "W", "°C"} {
		if len(all[i]) == 0 {
			continue
		}
		low, high := slices.Min(all[i]), slices.Max(all[i])
		span := fmt.Sprintf("%.0f", high)
		if low != high {
			span = fmt.Sprintf("%.0f–%.0f", low, high)
		}
		words = append(words, span+" "+unit)
	}
	return strings.Join(words, ", ")
}

// lines reads a file with one JSON object per line. A missing file counts as empty: its step did
// not run, which the report shows. An incomplete line is skipped and reported as a problem.
func lines[T any](path string, into *[]T, problems *[]string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var value T
		if err := json.Unmarshal(scan.Bytes(), &value); err != nil {
			*problems = append(*problems, fmt.Sprintf("%s: %v", filepath.Base(path), err))
			continue
		}
		*into = append(*into, value)
	}
	if err := scan.Err(); err != nil { // a line too long, or a disk that fails: what was read counts
		*problems = append(*problems, fmt.Sprintf("%s: %v", filepath.Base(path), err))
	}
	return nil
}

// find returns a case's measurement by the given engine, or nil.
func (r *Report) find(name, by string) *Measurement {
	for _, i := range r.byName[name] {
		if m := &r.Kernels[i]; strings.HasPrefix(m.By, by) {
			return m
		}
	}
	return nil
}

// epoch returns a training's time by the given engine, or nil.
func (r *Report) epoch(name, by string) *Epoch {
	for i := range r.Training {
		if e := &r.Training[i]; e.Name == name && e.By == by && e.Problem == "" && e.Seconds > 0 {
			return e
		}
	}
	return nil
}
