package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A report as Markdown, and in short form.

func (r *Report) markdown() string {
	var b strings.Builder
	if r.About.Name == "" {
		fmt.Fprintf(&b, "# GPU lab: no GPU, %s\n\nNo GPU could be used, and nothing was measured:\n\n```\n%s\n```\n", r.Date, r.Unusable)
		if len(r.Machine) > 0 {
			fmt.Fprintf(&b, "\nThe machine:\n\n```\n%s\n```\n", strings.Join(r.Machine, "\n"))
		}
		return b.String()
	}
	fmt.Fprintf(&b, "# GPU lab: %s, %s\n\n", r.About.Name, r.Date)
	fmt.Fprintf(&b, "Compute capability %d.%d, %d multiprocessors, %.1f GB of memory.\n",
		r.About.Compute[0], r.About.Compute[1], r.About.Multiprocessors, float64(r.About.Memory)/(1<<30))
	if why := r.About.trial(); why != "" {
		fmt.Fprintf(&b, "\n**This run only tries the lab: %s.** Nothing was measured.\n", why)
	}
	if len(r.Machine) > 0 {
		fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(r.Machine, "\n"))
	}
	b.WriteString("\n## Goals\n\n")
	if doubts := r.doubts(); doubts != "" {
		b.WriteString(doubts + "\n\n")
	}
	b.WriteString("| goal, on one GPU in one run | measured | |\n|---|---|---|\n")
	for _, g := range r.Goals {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", g.Name, g.Measured, g.Verdict)
	}
	b.WriteString("\n## Checks\n\n| part | check | | seconds | at | clocks |\n|---|---|---|---|---|---|\n")
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s | %s |\n", c.Part, c.Name, cell(c.Status), c.Seconds, c.Date, c.Clocks)
	}
	b.WriteString(failedTable(r.Failed))
	b.WriteString("\n## Kernels\n\nTimes of one call in µs: calls on rotating memory captured as one graph, the median between two events. " +
		"The ratio is PyTorch's time divided by ours: above 1, ours is faster.\n\n" +
		"| case | baregrad | | PyTorch | | ratio |\n|---|---|---|---|---|---|\n")
	for _, c := range r.cases {
		ours, theirs := r.find(c.Name, "baregrad"), r.find(c.Name, "torch")
		missing := notMeasured // in PyTorch, which has no alternative kernels
		if c.Form == "" {
			missing = r.missing(c.group(), true)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, r.cells(ours, r.missing(c.group(), false)), r.cells(theirs, missing), r.ratio(ours, theirs))
	}
	b.WriteString("\n## Training\n\nSeconds of an epoch on the tutorial's data after the first (of the whole training, to 99 %: the median of its seeds).\n\n" +
		"| what | by | batch | examples | seconds | first epoch | epochs | test accuracy |\n|---|---|---|---|---|---|---|---|\n")
	for _, e := range r.Training {
		seconds, first, accuracy := r.seconds(e.Seconds, e.Problem), r.seconds(e.First, e.Problem), ""
		if e.Accuracy > 0 && r.About.trial() == "" {
			accuracy = fmt.Sprintf("%.2f %%", 100*e.Accuracy)
			if n := len(e.Trials); n > 1 {
				accuracy += fmt.Sprintf(" (mean of %d seeds, from %.2f to %.2f %%)", n, 100*slices.Min(e.Trials), 100*slices.Max(e.Trials))
			}
			if e.Problem != "" {
				accuracy += ": " + e.Problem
			}
		}
		name := e.Name
		if e.StandIn {
			name += " (OTHER DATA: " + cell(e.Data) + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s | %s | %d | %s |\n", name, e.By, e.Batch, e.Examples, seconds, first, e.Epochs, accuracy)
	}
	for _, who := range []string{"baregrad", "torch graph", "torch eager", "torch compile"} {
		for _, name := range trainings() {
			if slices.ContainsFunc(r.Training, func(e Epoch) bool { return e.Name == name && e.By == who }) {
				continue
			}
			part := "epochs"
			if name == toNinetyNine {
				part = "to99"
			}
			why := r.missing(part, who != "baregrad")
			fmt.Fprintf(&b, "| %s | %s | | | %s | %s | | |\n", name, who, why, why)
		}
	}
	b.WriteString(profileTable(r.Profiles))
	if len(r.Problems) > 0 {
		b.WriteString("\n## What could not be read\n\n")
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "- %s\n", p)
		}
	}
	return b.String()
}

// failedTable lists the first failed tests of each program; it is empty if none failed.
func failedTable(failed []FailedTest) string {
	const most = 10
	var b strings.Builder
	counts := map[string]int{}
	for _, f := range failed {
		if len(counts) == 0 {
			b.WriteString("\n## Failed tests\n\n| program | test | |\n|---|---|---|\n")
		}
		if counts[f.Program]++; counts[f.Program] <= most {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", f.Program, cell(f.Test), cell(f.Why))
		}
	}
	for _, program := range slices.Sorted(maps.Keys(counts)) {
		if more := counts[program] - most; more > 0 {
			fmt.Fprintf(&b, "| %s | %d more | log.txt has them |\n", program, more)
		}
	}
	return b.String()
}

// short formats the report as a table for a terminal.
func (r *Report) short() string {
	var b strings.Builder
	if r.About.Name == "" {
		return fmt.Sprintf("\nno GPU could be used, and nothing was measured: %s\n", r.Unusable)
	}
	fmt.Fprintf(&b, "\n%s, %s\n", r.About.Name, r.Date)
	if why := r.About.trial(); why != "" {
		fmt.Fprintf(&b, "THIS RUN ONLY TRIES THE LAB, %s: nothing was measured\n", why)
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-12s %-34s %4d s  %s\n", c.Part, c.Name, c.Seconds, c.Status)
	}
	b.WriteByte('\n')
	if doubts := r.doubts(); doubts != "" {
		b.WriteString(doubts + "\n\n")
	}
	for _, g := range r.Goals {
		fmt.Fprintf(&b, "%-8s %s: %s\n", g.Verdict, g.Name, g.Measured)
	}
	return b.String()
}

// cell escapes text for a table cell. Long text, such as a compiler's log, is cut; report.json has
// all of it.
func cell(text string) string {
	const most = 400
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + " …"
	}
	return strings.NewReplacer("|", "/", "\n", " ").Replace(text)
}

// cells formats a measurement as a time and a rate. A trial's time is not shown.
func (r *Report) cells(m *Measurement, missing string) string {
	switch {
	case m == nil:
		return missing + " |"
	case m.Problem != "":
		return "failed | " + cell(m.Problem)
	case r.About.trial() != "":
		return "only tried |"
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
	if ours == nil || theirs == nil || ours.Problem != "" || theirs.Problem != "" || r.About.trial() != "" {
		return notMeasured
	}
	return fmt.Sprintf("%.2f", theirs.Seconds/ours.Seconds)
}

func (r *Report) seconds(s float64, problem string) string {
	switch {
	case problem != "" && s == 0:
		return "failed: " + cell(problem)
	case r.About.trial() != "":
		return "only tried"
	case s == 0:
		return notMeasured
	}
	return fmt.Sprintf("%.4f", s)
}
