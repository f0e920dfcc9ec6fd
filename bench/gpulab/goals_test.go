package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestGoals(t *testing.T) {
	r := &Report{byName: map[string][]int{}}
	add := func(name, by string, seconds float64) {
		for _, c := range cases(false) {
			if c.Name == name {
				r.byName[name] = append(r.byName[name], len(r.Kernels))
				r.Kernels = append(r.Kernels, Measurement{Case: c, By: by, Seconds: seconds})
				return
			}
		}
		t.Fatalf("no case is called %s", name)
	}
	for _, n := range []string{"2048x2048x2048", "4096x4096x4096", "8192x8192x8192"} {
		add("matmul fp32 "+n, "baregrad", 1)
		add("matmul fp32 "+n, "torch contiguous", 0.96)
		add("matmul tf32 "+n, "baregrad", 1)
		add("matmul tf32 "+n, "torch contiguous", 0.5)
	}
	add("matmul fp32 1000x32x784", "baregrad", 1)
	add("matmul fp32 1000x32x784", "torch contiguous", 1.25)
	add("copy 67108864", "baregrad", 0.001)
	add("relu 67108864", "baregrad", 0.001/1.25)
	add("exp 67108864", "baregrad", 0) // no time
	r.Training = []Epoch{
		{Name: "mnist-cnn", By: "baregrad"}, // no time
		{Name: "mnist-cnn", By: "baregrad", Seconds: 0.5}, {Name: "mnist-cnn", By: "torch eager", Seconds: 3},
		{Name: "mnist-cnn", By: "torch graph", Seconds: 0.4},
		{Name: "mnist-mlp", By: "baregrad", First: 0.02, Seconds: 0.004},
		{Name: "to 99 %", By: "baregrad", Seconds: 0.1, Problem: "99 % was not reached"},
	}
	want := []Goal{
		{Measured: "2048x2048x2048 0.96, 4096x4096x4096 0.96, 8192x8192x8192 0.96", Verdict: "met"},
		{Measured: "1000x32x784 1.25, 4 not measured", Verdict: "open"},
		{Measured: "2048x2048x2048 0.50, 4096x4096x4096 0.50, 8192x8192x8192 0.50", Verdict: "missed"},
		{Measured: "not measured", Verdict: "open"},
		{Measured: "relu 1.25, 16 not measured", Verdict: "open"},
		{Measured: "6.0", Verdict: "met"},
		{Measured: "0.80", Verdict: "missed"},
		{Measured: "0.096 s", Verdict: "met"},
		{Measured: "not measured", Verdict: "open"},
	}
	got := r.goals()
	if len(got) != len(want) {
		t.Fatalf("%d goals, want %d", len(got), len(want))
	}
	for i, g := range got {
		if g.Measured != want[i].Measured || g.Verdict != want[i].Verdict {
			t.Errorf("%s: %s (%s), want %s (%s)", g.Name, g.Measured, g.Verdict, want[i].Measured, want[i].Verdict)
		}
	}
	for _, about := range []About{{Emulated: true}, {Smoke: true}} {
		r.About = about
		for _, g := range r.goals() {
			if g.Verdict != "open" {
				t.Errorf("%+v: %s is %s", about, g.Name, g.Verdict)
			}
		}
	}
}

// Each goal is met with all of its figures just beyond its bound, and missed with one just short of it.
func TestBoundsOfTheGoals(t *testing.T) {
	const beyond, short = 1 + 1e-9, 1 - 1e-9
	bounds := []float64{0.95, 1, 0.6, 1, 0.9, 5, 1, 0.1, 0.2} // in the order of the goals; the last two limit a time
	counts := []int{3, 5, 3, 5, 17, 1, 1, 1, 1}               // of the figures that each goal needs
	report := func(first, last float64) *Report {             // last is the factor of each goal's last figure
		r := &Report{byName: map[string][]int{}}
		left := slices.Clone(counts)
		next := func(goal int) float64 {
			left[goal]--
			if left[goal] == 0 {
				return last * bounds[goal]
			}
			return first * bounds[goal]
		}
		add := func(c Case, by string, seconds float64) {
			r.byName[c.Name] = append(r.byName[c.Name], len(r.Kernels))
			r.Kernels = append(r.Kernels, Measurement{Case: c, By: by, Seconds: seconds})
		}
		for _, c := range cases(false) {
			theirs := 1e-6 // unless a goal needs the case
			switch square := c.Kind == "matmul" && c.Dims[0] == c.Dims[1] && c.Dims[1] == c.Dims[2]; {
			case c.Kind == "copy":
				add(c, "torch contiguous", c.Bytes) // the faster of the two: a byte a second
				add(c, "baregrad", 2*c.Bytes)
				continue
			case c.Form != "" || square && c.Dims[0] < 2048 || c.TF32 && !square || strings.Contains(c.Name, " by 5x5"):
			case square && !c.TF32:
				theirs = next(0)
			case c.Kind == "matmul" && !c.TF32:
				theirs = next(1)
			case square:
				theirs = next(2)
			case strings.HasPrefix(c.Kind, "conv"):
				theirs = next(3)
			default:
				add(c, "baregrad", c.Bytes/next(4))
				continue
			}
			add(c, "baregrad", 0.5)
			add(c, "torch contiguous", 0.5*theirs)
		}
		r.Training = []Epoch{
			{Name: "mnist-cnn", By: "baregrad", Seconds: 1}, {Name: "mnist-cnn", By: "torch eager", Seconds: next(5)},
			{Name: "mnist-cnn", By: "torch graph", Seconds: next(6)},
			{Name: "mnist-mlp", By: "baregrad", First: next(7) / 2, Seconds: bounds[7] / 38},
			{Name: "to 99 %", By: "baregrad", Seconds: next(8)},
		}
		for i, n := range left {
			if n != 0 {
				t.Fatalf("goal %d was given %d figures, want %d", i, counts[i]-n, counts[i])
			}
		}
		return r
	}
	above, below := report(beyond, beyond).goals(), report(beyond, short).goals()
	for i := range bounds {
		if i >= 7 { // limits
			above[i], below[i] = below[i], above[i]
		}
		if above[i].Verdict != "met" || strings.Count(above[i].Measured, ",") != counts[i]-1 {
			t.Errorf("%s: %s with %s, want it met with %d figures", above[i].Name, above[i].Verdict, above[i].Measured, counts[i])
		}
		if below[i].Verdict != "missed" {
			t.Errorf("%s: %s with %s, want it missed", below[i].Name, below[i].Verdict, below[i].Measured)
		}
	}
	r := report(beyond, beyond)
	for i := range r.Kernels {
		if m := &r.Kernels[i]; m.Kind == "copy" || m.By != "baregrad" {
			m.Problem = "it failed"
		}
	}
	r.Training = r.Training[:1]
	for i, g := range r.goals() {
		if g.Verdict != "open" || g.Measured != notMeasured {
			t.Errorf("without what it is compared with, %s is %s with %s", above[i].Name, g.Verdict, g.Measured)
		}
	}
}

// Goals at their bounds, of NaN, and with figures that are missing.
func TestVerdicts(t *testing.T) {
	late := notMeasured + ": " + outOfTime
	at, nan, lost, stopped := figure{value: 1, ok: true}, figure{value: math.NaN(), ok: true}, figure{missing: notMeasured}, figure{missing: late}
	for _, c := range []struct {
		below             bool
		figures           []figure
		verdict, measured string
	}{
		{false, []figure{at}, "met", "1"},
		{true, []figure{at}, "missed", "1"},
		{false, []figure{at, nan}, "missed", "1, NaN"},
		{true, []figure{nan}, "missed", "NaN"},
		{false, []figure{at, at, lost}, "open", "1, 1, 1 not measured"},
		{false, []figure{nan, stopped, lost}, "missed", "NaN, 2 " + late},
		{true, []figure{lost, stopped, lost}, "open", late},
	} {
		if g := goal("", "%v", 1, c.below, c.figures...); g.Verdict != c.verdict || g.Measured != c.measured {
			t.Errorf("%v, below %v: %s with %s, want %s with %s", c.figures, c.below, g.Verdict, g.Measured, c.verdict, c.measured)
		}
	}
}
