package main

import (
	"bufio"
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

// A Report is what a run of the lab found. What was not measured is not in it.
type Report struct {
	Date     string           `json:"date"`
	About    About            `json:"about"`
	Goals    []Goal           `json:"goals"`
	Checks   []Check          `json:"checks"`
	Kernels  []Measurement    `json:"kernels"`
	Training []Epoch          `json:"training"`
	Machine  []string         `json:"machine"`  // what nvidia-smi and PyTorch say, line by line
	Problems []string         `json:"problems"` // what could not be read
	cases    []Case           // what was to be measured, in the order of the table
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
	Part    string `json:"part"`
	Name    string `json:"name"`
	Status  string `json:"status"` // passed, failed, stopped after…, or why it was not run or not measured
	Seconds int    `json:"seconds"`
	Date    string `json:"date"`
	Clocks  string `json:"clocks,omitempty"` // the GPU's meanwhile
}

const (
	notMeasured = "not measured"
	outOfTime   = "out of time" // so run.sh ends the status of a step for which none was left
)

// report reads what the steps of run.sh left in raw and writes report.json and
// report.md to dir. What a step did not come to write is not in them: a run that
// was cut off gives a report of what it had measured.
func report(w io.Writer, raw, dir string) error {
	r := &Report{Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), byName: map[string][]int{}}
	if text, err := os.ReadFile(filepath.Join(raw, "about.json")); err != nil {
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
	if err := os.WriteFile(filepath.Join(dir, "report.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.md"), []byte(r.markdown()), 0o644); err != nil {
		return err
	}
	_, err = io.WriteString(w, r.short())
	return err
}

// readCases reads what a group was to measure, so that the report can name what it did
// not come to.
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

// missing says of a figure that a part of run.sh did not come to that it was not
// measured, and, where the part ran out of time, says so.
func (r *Report) missing(part string, torch bool) string {
	for _, c := range r.Checks {
		late := strings.HasSuffix(c.Status, outOfTime) || strings.HasPrefix(c.Status, "stopped")
		if c.Part == part && late && strings.HasSuffix(c.Name, "in PyTorch") == torch {
			return notMeasured + ": " + outOfTime
		}
	}
	return notMeasured
}

// parts are those of run.sh, in its order.
var parts = []string{"correctness", "epochs", "to99", "matmul", "conv", "memory", "bits", "probe", "sanitizer", "sanitizer-all"}

// toNinetyNine is the name of the training to 99 % on MNIST.
const toNinetyNine = "to 99 %"

// trainings names all that is trained.
func trainings() (names []string) {
	for _, n := range bench.Networks() {
		names = append(names, n.Name)
	}
	return append(names, toNinetyNine)
}

// readChecks reads the steps' files, named by a number and the step, with the
// clocks that nvidia-smi saw meanwhile beside them.
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

// clocks sums up what nvidia-smi said once a second: the processors' clock and the
// memory's in MHz, watts and degrees.
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

// lines reads a file of one JSON object a line. A file that is not there has none:
// its step did not run, which the report then says. A line that was not written to
// its end is left out, and noted as a problem.
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
	return scan.Err()
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

// epoch is the time of a training by whom, or nil if there is none.
func (r *Report) epoch(name, by string) *Epoch {
	for i := range r.Training {
		if e := &r.Training[i]; e.Name == name && e.By == by && e.Problem == "" && e.Seconds > 0 {
			return e
		}
	}
	return nil
}
