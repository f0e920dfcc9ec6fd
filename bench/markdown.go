package bench

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"baregrad/kernels"
)

// Benchmark is one line of go test's benchmark output.
type Benchmark struct {
	Name    string             `json:"name"` // without Benchmark, and without the number of processors at the end
	Runs    int                `json:"runs"`
	Metrics map[string]float64 `json:"metrics"` // by unit
}

// processors matches the suffix that go test appends to a name.
var processors = regexp.MustCompile(`-\d+$`)

// ParseBenchmarks parses the output of go test -bench.
func ParseBenchmarks(r io.Reader) ([]Benchmark, error) {
	list := []Benchmark{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		runs, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, fmt.Errorf("benchmark line %q: the second word must be a number of runs", lines.Text())
		}
		b := Benchmark{processors.ReplaceAllString(strings.TrimPrefix(words[0], "Benchmark"), ""), runs, map[string]float64{}}
		for i := 2; i+1 < len(words); i += 2 {
			if b.Metrics[words[i+1]], err = strconv.ParseFloat(words[i], 64); err != nil {
				return nil, fmt.Errorf("benchmark line %q: %q is no number", lines.Text(), words[i])
			}
		}
		list = append(list, b)
	}
	return list, lines.Err()
}

// kernelName matches the name of a kernel's benchmark.
var kernelName = regexp.MustCompile(`^Kernels/device=(\w+)/cores=(\d+)/(.+)$`)

// kernelTable returns the table of kernel benchmarks in one unit, by device.
func kernelTable(list []Benchmark, unit string) Table {
	t := Table{Title: "kernel", Unit: unit}
	for _, pass := range []bool{false, true} { // first the columns, then the cells
		for _, b := range list {
			parts := kernelName.FindStringSubmatch(b.Name)
			value, measured := b.Metrics[unit]
			if parts == nil || !measured || parts[1] == "emulator" {
				continue
			}
			threads, _ := strconv.Atoi(parts[2]) // only digits
			c := Config{parts[1], threads}
			if !pass {
				if !slices.Contains(t.Columns, c) {
					t.Columns = append(t.Columns, c)
				}
				continue
			}
			t.set(parts[3], c, value, b.Metrics["%peak"]/100)
		}
	}
	return t
}

// Markdown formats the report as a page, with the benchmarks of go test.
func (r *Report) Markdown(list []Benchmark) string {
	m := r.Machine
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, %d cores\n\n", m.CPU, m.Cores)
	fmt.Fprintf(&b, "Written by `make bench`.\n\n| | |\n|---|---|\n")
	for _, row := range [][2]string{
		{"date", m.Date},
		{"instruction sets used", strings.Join(m.Sets, ", ")},
		{"caches", fmt.Sprintf("%s L1 and %s L2 per core, %s L3", kernels.FormatBytes(int64(m.CacheL1)),
			kernels.FormatBytes(int64(m.CacheL2)), kernels.FormatBytes(int64(m.CacheL3)))},
		{"the device cuda", m.GPU},
		{"system", m.OS + "/" + m.Arch},
		{"Go", m.Go},
		{"source", m.Revision},
		{"load average before", m.Load},
	} {
		if row[1] != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
		}
	}
	fmt.Fprintf(&b, "\n## Measured peaks\n\n| instructions | cores | GFLOP/s | GB/s copied |\n|---|--:|--:|--:|\n")
	for _, p := range r.Peaks {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", p.Device, p.Threads, Figure(p.GFLOPS), Figure(p.CopyGBs))
	}
	b.WriteString("\nBelow, the share of this peak is in brackets. Each figure is of the fastest run. While other programs run, figures are lower.\n")
	if load, err := strconv.ParseFloat(strings.Fields(m.Load + " -")[0], 64); err == nil && load > float64(m.Cores)/2 {
		fmt.Fprintf(&b, "\n**Other programs were running: on average %.0f wanted the %d cores. Whatever takes longer than "+
			"a few milliseconds was interrupted in every run, so its figures are far below those of an idle machine.**\n",
			load, m.Cores)
	}
	for _, t := range []Table{r.Products(), r.SparseProducts(), r.Steps(), r.Gains()} {
		if len(t.Rows) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", strings.ToUpper(t.Title[:1])+t.Title[1:], t.Note, t.Markdown())
		}
	}
	for _, note := range r.StandIns() {
		fmt.Fprintf(&b, "\n**Other data: %s. Its figures are not the tutorial's.**\n", note)
	}
	for _, t := range r.Transfers {
		fmt.Fprintf(&b, "\nTransfers of %s: %s writes at %s GB/s and reads at %s GB/s.\n",
			kernels.FormatBytes(int64(t.Bytes)), t.Device, Figure(t.WriteGBs), Figure(t.ReadGBs))
	}
	if len(r.Left) > 0 {
		b.WriteString("\nNot measured, because it would take too long:\n\n")
		for _, left := range r.Left {
			fmt.Fprintf(&b, "- %s\n", left)
		}
	}
	for _, unit := range []string{"GFLOP/s", "GB/s"} {
		if t := kernelTable(list, unit); len(t.Rows) > 0 {
			fmt.Fprintf(&b, "\n## Kernels by %s\n\nAt the sizes of MNIST networks, batch 128.\n\n%s", unit, t.Markdown())
		}
	}
	return b.String()
}
