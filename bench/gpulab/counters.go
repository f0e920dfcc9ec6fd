package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The counters that ncu reads, and what it prints of them. Their names are those of GPUs from
// compute capability 7.0 to 9.0, described in the section on metrics of NVIDIA's Nsight Compute
// Profiling Guide; a few exist on some of these only.

// A unit is a part of the GPU that can be the limit, with the share of its peak that a kernel reached.
type unit struct{ name, metric string }

const ofPeak, ofActive = ".avg.pct_of_peak_sustained_elapsed", ".avg.pct_of_peak_sustained_active"

var (
	units = []unit{
		{"SM", "sm__throughput" + ofPeak}, {"DRAM", "dram__throughput" + ofPeak},
		{"L2", "lts__throughput" + ofPeak}, {"L1", "l1tex__throughput" + ofPeak},
	}
	pipes = []unit{
		{"FMA", "sm__inst_executed_pipe_fma" + ofActive}, {"tensor", "sm__pipe_tensor_cycles_active" + ofActive},
		{"occupancy", "sm__warps_active" + ofActive}, {"issue", "smsp__issue_active" + ofActive},
	}
	// stalls are the reasons for which a warp does not issue its next instruction.
	stalls = []string{"barrier", "branch_resolving", "dispatch_stall", "drain", "gmma", "imc_miss", "lg_throttle", "long_scoreboard",
		"math_pipe_throttle", "membar", "mio_throttle", "misc", "no_instruction", "not_selected", "short_scoreboard", "sleeping",
		"tex_throttle", "wait"}
)

const (
	duration      = "gpu__time_duration.sum"
	registers     = "launch__registers_per_thread"
	waves         = "launch__waves_per_multiprocessor"
	dramRead      = "dram__bytes_read.sum"
	dramWritten   = "dram__bytes_write.sum"
	sharedAccess  = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum"
	bankConflicts = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"
)

// stall returns the name of a reason's counter: for how many cycles a warp waits for it between two
// instructions.
func stall(reason string) string {
	return "smsp__average_warps_issue_stalled_" + reason + "_per_issue_active.ratio"
}

// counters lists all.
func counters() (list []string) {
	list = []string{duration, registers, waves, dramRead, dramWritten, sharedAccess, bankConflicts}
	for _, u := range slices.Concat(units, pipes) {
		list = append(list, u.metric)
	}
	for _, reason := range stalls {
		list = append(list, stall(reason))
	}
	return list
}

// scales are the units of a time or a size that ncu may print, in seconds and bytes.
var scales = map[string]float64{
	"ns": 1e-9, "nsecond": 1e-9, "us": 1e-6, "usecond": 1e-6, "ms": 1e-3, "msecond": 1e-3, "s": 1, "second": 1,
	"byte": 1, "Kbyte": 1e3, "Mbyte": 1e6, "Gbyte": 1e9,
}

// An ncuTable is what ncu printed.
type ncuTable struct {
	names, measures []string            // of the columns, and their units
	rows            []map[string]string // by name
	complaint       string              // ncu's errors
}

// readTable reads ncu's output: a table between lines of its own, which begin with ==.
func readTable(from io.Reader) (t ncuTable, err error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return t, err
	}
	var table, complaints []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, `"`):
			table = append(table, line)
		case strings.HasPrefix(line, "==ERROR=="), strings.HasPrefix(line, "==WARNING== No kernels"):
			complaints = append(complaints, strings.TrimSpace(line[strings.Index(line[2:], "==")+4:]))
		}
	}
	t.complaint = strings.Join(complaints, "; ")
	r := csv.NewReader(strings.NewReader(strings.Join(table, "\n")))
	r.FieldsPerRecord = 0 // as many as in the first
	lines, err := r.ReadAll()
	if err != nil {
		return t, fmt.Errorf("ncu's table: %w", err)
	}
	for i, fields := range lines {
		switch {
		case i == 0:
			t.names = fields
		case i == 1 && fields[0] == "":
			t.measures = fields
		default:
			row := map[string]string{}
			for i, name := range t.names {
				row[name] = fields[i]
			}
			t.rows = append(t.rows, row)
		}
	}
	if len(t.rows) > 0 && !slices.Contains(t.names, kernelName) {
		return t, fmt.Errorf("ncu's table has no column %q: there are %q", kernelName, t.names)
	}
	return t, nil
}

// kernelName is a column of the table.
const kernelName = "Kernel Name"

// kernel returns the name of a row's kernel, without the types of arguments.
func (t *ncuTable) kernel(row int) string {
	name, _, _ := strings.Cut(t.rows[row][kernelName], "(")
	return name
}

// values returns what was counted, without what this GPU does not count, which is "n/a".
func (t *ncuTable) values(row int) map[string]float64 {
	found, known := map[string]float64{}, counters()
	for i, metric := range t.names {
		v, err := strconv.ParseFloat(strings.ReplaceAll(t.rows[row][metric], ",", ""), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || !slices.Contains(known, metric) {
			continue
		}
		if t.measures != nil {
			v *= cmp.Or(scales[t.measures[i]], 1)
		}
		found[metric] = v
	}
	return found
}

// readProfiles reads ncu's table of a set's launches, and what it complains of. A launch that is not
// in the table gets a Profile that says so.
func readProfiles(from io.Reader, set string, launched []Launched) (list []Profile, complaint string, err error) {
	t, err := readTable(from)
	if err != nil || len(t.rows) == 0 {
		return nil, t.complaint, err
	}
	ours := map[string]bool{}
	for _, l := range launched {
		ours[l.Kernel] = true
	}
	row := 0
	others := func() { // which the driver may launch by itself
		for ; row < len(t.rows) && !ours[t.kernel(row)]; row++ {
			list = append(list, Profile{Launched: Launched{What: "not one of ours", Kernel: t.kernel(row)}, Set: set, Values: t.values(row)})
		}
	}
	for _, l := range launched {
		others()
		p := Profile{Launched: l, Set: set}
		if row < len(t.rows) && t.kernel(row) == l.Kernel {
			p.Values = t.values(row)
			row++
		} else {
			p.Problem = "not in ncu's table"
		}
		if l.What != "" {
			list = append(list, p)
		}
	}
	others()
	if row < len(t.rows) {
		return list, t.complaint, fmt.Errorf("ncu's table has %s where it was not launched", t.kernel(row))
	}
	return list, t.complaint, nil
}

// profileTable is the profiles in Markdown; empty if there are none.
func profileTable(list []Profile) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n## Where the time goes\n\nBy Nsight Compute, of one launch with cold caches. In percent of its peak: the unit that is the limit " +
		"(the highest of SM, DRAM, L2 and L1), all four, the FMA and tensor pipes, the warps that were there (occupancy), and the cycles in which an instruction was issued. " +
		"MB are those that DRAM read and wrote. Conflicts: the shared memory's cycles that bank conflicts added, in percent of all. " +
		"Stalls: the two reasons for which a warp waits longest between two instructions, in cycles.\n\n" +
		"| what | kernel | blocks × threads | waves | µs | MB | limit | SM, DRAM, L2, L1 | FMA | tensor | occupancy | registers | issue | conflicts | stalls |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range list {
		if p.Problem != "" {
			fmt.Fprintf(&b, "| %s | %s | | | | | %s | | | | | | | | |\n", cell(p.What), cell(p.Kernel), cell(p.Problem))
			continue
		}
		figure := func(format string, scale float64, metrics ...string) string {
			sum := 0.0
			for _, m := range metrics {
				v, ok := p.Values[m]
				if !ok {
					return "–"
				}
				sum += v * scale
			}
			return fmt.Sprintf(format, sum)
		}
		limit, highest := "–", -1.0
		var four, rest []string
		for _, u := range units {
			if v, ok := p.Values[u.metric]; ok && v > highest {
				limit, highest = fmt.Sprintf("%s %.0f", u.name, v), v
			}
			four = append(four, figure("%.0f", 1, u.metric))
		}
		for _, u := range pipes {
			rest = append(rest, figure("%.0f", 1, u.metric))
		}
		conflicts := "–"
		if all, ok := p.Values[sharedAccess]; ok && all > 0 {
			conflicts = figure("%.0f", 100/all, bankConflicts)
		}
		fmt.Fprintf(&b, "| %s | %s | %s × %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", cell(p.What), cell(p.Kernel), volume(p.Grid), volume(p.Block),
			figure("%.1f", 1, waves), figure("%.1f", 1e6, duration), figure("%.1f", 1e-6, dramRead, dramWritten), limit, strings.Join(four, ", "),
			rest[0], rest[1], rest[2], figure("%.0f", 1, registers), rest[3], conflicts, worstStalls(p.Values))
	}
	return b.String()
}

// volume formats a number of blocks or threads.
func volume(d [3]int) string { return strconv.Itoa(d[0] * d[1] * d[2]) }

// worstStalls names the two reasons for which a kernel's warps wait longest.
func worstStalls(values map[string]float64) string {
	order := slices.Clone(stalls)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(values[stall(b)], values[stall(a)]) })
	var words []string
	for _, reason := range order[:2] {
		if v, ok := values[stall(reason)]; ok {
			words = append(words, fmt.Sprintf("%s %.1f", strings.ReplaceAll(reason, "_", " "), v))
		}
	}
	if len(words) == 0 {
		return "–"
	}
	return strings.Join(words, ", ")
}
