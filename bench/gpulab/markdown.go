package main

import (
	"fmt"
	"strings"
)

// A report as Markdown, and in short.

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
	b.WriteString("\n## Goals\n\n| goal, on one GPU in one run | measured | |\n|---|---|---|\n")
	for _, g := range r.Goals {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", g.Name, g.Measured, g.Verdict)
	}
	b.WriteString("\n## Checks\n\n| part | check | | seconds | at | clocks |\n|---|---|---|---|---|---|\n")
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s | %s |\n", c.Part, c.Name, cell(c.Status), c.Seconds, c.Date, c.Clocks)
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
	by := map[string]bool{}
	for _, e := range r.Training {
		by[e.By] = true
		seconds, first, accuracy := r.seconds(e.Seconds, e.Problem), r.seconds(e.First, e.Problem), ""
		if e.Accuracy > 0 && !r.About.Emulated {
			accuracy = fmt.Sprintf("%.2f %%", 100*e.Accuracy)
			if e.Problem != "" {
				accuracy += ": " + e.Problem
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s | %s | %d | %s |\n", e.Name, e.By, e.Batch, e.Examples, seconds, first, e.Epochs, accuracy)
	}
	for _, who := range []string{"baregrad", "torch eager", "torch compile", "torch graph"} {
		if !by[who] {
			fmt.Fprintf(&b, "| every tutorial | %s | | | %s | %s | | |\n", who, notMeasured, notMeasured)
		}
	}
	if len(r.Problems) > 0 {
		b.WriteString("\n## What could not be read\n\n")
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "- %s\n", p)
		}
	}
	return b.String()
}

// short is the report as a table for a screen.
func (r *Report) short() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %s\n", r.About.Name, r.Date)
	if r.About.Emulated {
		b.WriteString("THE EMULATOR STOOD IN FOR THE GPU: nothing was measured\n")
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-12s %-34s %4d s  %s\n", c.Part, c.Name, c.Seconds, c.Status)
	}
	b.WriteByte('\n')
	for _, g := range r.Goals {
		fmt.Fprintf(&b, "%-8s %s: %s\n", g.Verdict, g.Name, g.Measured)
	}
	return b.String()
}

// cell is a text as one cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", "/", "\n", " ").Replace(text)
}

// cells is a measurement as a time and a rate. An emulator's time is none of a GPU.
func (r *Report) cells(m *Measurement) string {
	switch {
	case m == nil:
		return notMeasured + " |"
	case m.Problem != "":
		return "failed | " + cell(m.Problem)
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
		return "failed: " + cell(problem)
	case r.About.Emulated:
		return "emulated"
	case s == 0:
		return notMeasured
	}
	return fmt.Sprintf("%.4f", s)
}
