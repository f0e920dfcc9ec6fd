package main

import (
	"fmt"
	"slices"
	"strings"
)

// The project's goals on a GPU, compared with the measurements.

// A Goal is one of these goals.
type Goal struct {
	Name     string `json:"name"`
	Measured string `json:"measured"`
	Verdict  string `json:"verdict"` // met, missed, or open if something was not measured
}

// A figure is one number that a goal needs. If ok is false it was not measured, and missing says
// why.
type figure struct {
	label   string
	value   float64
	ok      bool
	missing string
}

// goal compares figures with a bound: all must reach it, or stay below it.
func goal(name, format string, bound float64, below bool, figures ...figure) Goal {
	g := Goal{Name: name, Verdict: "met"}
	var words []string
	missing, why := 0, notMeasured
	for _, f := range figures {
		if !f.ok {
			missing++
			if len(f.missing) > len(why) {
				why = f.missing // one that ran out of time
			}
			continue
		}
		words = append(words, strings.TrimSpace(f.label+" "+fmt.Sprintf(format, f.value)))
		if below && !(f.value < bound) || !below && !(f.value >= bound) {
			g.Verdict = "missed"
		}
	}
	switch {
	case len(words) == 0:
		g.Measured, g.Verdict = why, "open"
		return g
	case missing > 0:
		words = append(words, fmt.Sprintf("%d %s", missing, why))
		if g.Verdict == "met" {
			g.Verdict = "open"
		}
	}
	g.Measured = strings.Join(words, ", ")
	return g
}

// goals evaluates all goals.
func (r *Report) goals() []Goal {
	var squares, tutorials, tf32, conv, memory []figure
	for _, c := range cases(false) {
		if c.Form != "" {
			continue // ours only, for comparison with the default choice
		}
		ours, theirs := r.find(c.Name, "baregrad"), r.find(c.Name, "torch")
		ratio := figure{ok: r.good(ours) && r.good(theirs)}
		ratio.missing = max(r.missing(c.group(), false), r.missing(c.group(), true)) // the longer one
		if ratio.ok {
			ratio.value = theirs.Seconds / ours.Seconds
		}
		switch {
		case c.Kind == "matmul":
			square := c.Dims[0] == c.Dims[1] && c.Dims[1] == c.Dims[2]
			large := square && c.Dims[0] >= 2048
			ratio.label = strings.Join(strings.Fields(c.Name)[2:], " ")
			if c.TF32 && large {
				tf32 = append(tf32, ratio)
			} else if !c.TF32 && large {
				squares = append(squares, ratio)
			} else if !c.TF32 && !square {
				tutorials = append(tutorials, ratio)
			}
		case slices.Contains(groups["conv"], c.Kind) && c.Dims[4] == 3:
			ratio.label = c.Name
			conv = append(conv, ratio)
		case slices.Contains(groups["memory"], c.Kind) && c.Kind != "copy":
			f := figure{label: strings.Fields(c.Name)[0], ok: r.good(ours) && r.copyRate() > 0, missing: r.missing(c.group(), false)}
			if f.ok {
				f.value = ours.Bytes / ours.Seconds / r.copyRate()
			}
			memory = append(memory, f)
		}
	}
	times := func(label, by string) figure {
		ours, theirs := r.epoch("mnist-cnn", "baregrad"), r.epoch("mnist-cnn", by)
		if ours == nil || theirs == nil || r.About.trial() != "" {
			return figure{label: label, missing: max(r.missing("epochs", false), r.missing("epochs", true))}
		}
		return figure{label: label, value: theirs.Seconds / ours.Seconds, ok: true}
	}
	twenty, to99 := figure{missing: r.missing("epochs", false)}, figure{missing: r.missing("to99", false)}
	if e := r.epoch("mnist-mlp", "baregrad"); e != nil && r.About.trial() == "" {
		twenty = figure{value: e.First + 19*e.Seconds, ok: true}
	}
	if e := r.epoch(toNinetyNine, "baregrad"); e != nil && r.About.trial() == "" {
		to99 = figure{value: e.Seconds, ok: true}
	}
	return []Goal{
		goal("fp32 matrix product, 2048 to 8192: at least 0.95 of cuBLAS", "%.2f", 0.95, false, squares...),
		goal("fp32 matrix product, the tutorials' shapes: at least 1.0 of cuBLAS", "%.2f", 1, false, tutorials...),
		goal("tf32 matrix product, 2048 to 8192: at least 0.6 of cuBLAS", "%.2f", 0.6, false, tf32...),
		goal("the convolutions of mnist-cnn: level with cuDNN in fp32", "%.2f", 1, false, conv...),
		goal("elementwise, pooling and softmax: at least 0.9 of the bandwidth of a copy", "%.2f", 0.9, false, memory...),
		goal("an epoch of mnist-cnn: 5 times as fast as PyTorch eager", "%.1f", 5, false, times("", "torch eager")),
		goal("an epoch of mnist-cnn: level with PyTorch's captured graph", "%.2f", 1, false, times("", "torch graph")),
		goal("the 20 epochs of mnist-mlp: under 0.1 s", "%.3f s", 0.1, true, twenty),
		goal("99 % on MNIST: under 0.2 s of training", "%.3f s", 0.2, true, to99),
	}
}

// good reports whether a measurement is valid and from a GPU.
func (r *Report) good(m *Measurement) bool {
	return m != nil && m.Problem == "" && m.Seconds > 0 && r.About.trial() == ""
}

// copyRate returns the bandwidth of a copy within the device in bytes per second, by the driver or
// by PyTorch, whichever is faster; 0 if none was measured.
func (r *Report) copyRate() (rate float64) {
	for i := range r.Kernels {
		if m := &r.Kernels[i]; m.Kind == "copy" && r.good(m) {
			rate = max(rate, m.Bytes/m.Seconds)
		}
	}
	return rate
}
