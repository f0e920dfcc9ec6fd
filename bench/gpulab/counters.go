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

// readProfiles reads ncu's table of a set's launches, and what it complains of. A launch that is not
// in the table gets a Profile that says so.
func readProfiles(from io.Reader, set string, launched []Launched) (list []Profile, complaint string, err error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, "", err
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
	complaint = strings.Join(complaints, "; ")
	r := csv.NewReader(strings.NewReader(strings.Join(table, "\n")))
	r.FieldsPerRecord = -1
	var rows []map[string]string
	var names, measures []string
	for {
		fields, end := r.Read()
		if end == io.EOF {
			break
		}
		if end != nil {
			return nil, complaint, fmt.Errorf("ncu's table: %w", end)
		}
		switch {
		case names == nil:
			names = fields
		case len(fields) != len(names):
			return nil, complaint, fmt.Errorf("ncu's table: a line has %d fields, want %d", len(fields), len(names))
		case measures == nil && fields[0] == "":
			measures = fields
		default:
			row := map[string]string{}
			for i, name := range names {
				row[name] = fields[i]
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil, complaint, nil
	}
	if !slices.Contains(names, "Kernel Name") {
		return nil, complaint, fmt.Errorf("ncu's table has no column %q: there are %q", "Kernel Name", names)
	}
	known := counters()
	for _, l := range launched {
		p := Profile{Launched: l, Set: set}
		if len(rows) > 0 && rows[0]["Kernel Name"] == l.Kernel {
			p.Values = map[string]float64{}
			for i, name := range names {
				if !slices.Contains(known, name) {
					continue
				}
				// Metrics that the GPU does not have are "n/a".
				if v, err := strconv.ParseFloat(strings.ReplaceAll(rows[0][name], ",", ""), 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
					if measures != nil {
						v *= cmp.Or(scales[measures[i]], 1)
					}
					p.Values[name] = v
				}
			}
			rows = rows[1:]
		} else {
			p.Problem = "not in ncu's table"
		}
		if l.What != "" {
			list = append(list, p)
		}
	}
	if len(rows) > 0 {
		return list, complaint, fmt.Errorf("ncu profiled %s, which was not to be launched then", rows[0]["Kernel Name"])
	}
	return list, complaint, nil
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
