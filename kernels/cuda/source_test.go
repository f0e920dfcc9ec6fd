package cuda

import (
	"regexp"
	"strings"
	"testing"
)

// ptxas accepts only ASCII, even in comments.
func TestSourceIsASCII(t *testing.T) {
	for _, file := range Files() {
		text, err := Source(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(text, "\n") {
			for _, r := range line {
				if r > 126 {
					t.Errorf("%s, line %d: %q in %q", file, i+1, r, line)
				}
			}
			if strings.HasSuffix(line, " ") {
				t.Errorf("%s, line %d: %q ends in a space", file, i+1, line)
			}
		}
		if !strings.HasPrefix(text, "// ") || !strings.Contains(text, "// Shapes: ") ||
			!strings.Contains(text, "// Idea: ") || !strings.Contains(text, "// Launch: ") || !strings.Contains(text, "// Cost: ") {
			t.Errorf("%s does not open with its formula, shapes, idea, launch and cost", file)
		}
	}
}

// Every instruction must say how it rounds: arithmetic to nearest, as on the CPU. Otherwise ptxas may
// contract a product and a sum into one multiply-add, which neither the emulator nor another version
// of ptxas need do. Approximate instructions, and those that flush to zero, differ between GPUs.
func TestRoundingIsSaid(t *testing.T) {
	loose := regexp.MustCompile(`\b(?:(?:add|sub|mul|mad|fma|div|sqrt|rcp)\.(?:r[zmp]\.)?f(?:32|64)|\w+\.(?:approx|full)\b|[\w.]+\.ftz\b)`)
	for _, bad := range []string{"add.f32 x, x, x;", "add.rz.f32 x, x, x;", "mul.ftz.f32 x, x, x;", "ex2.approx.f32 x, x;", "div.full.f32 x, x, x;", "fma.rn.ftz.f32 x, x, x, x;"} {
		if !loose.MatchString(bad) {
			t.Errorf("%q goes through", bad)
		}
	}
	for _, file := range Files() {
		text, err := Source(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(text, "\n") {
			code, _, _ := strings.Cut(line, "//")
			if found := loose.FindString(code); found != "" {
				t.Errorf("%s, line %d: %s does not round to nearest everywhere: %q", file, i+1, found, line)
			}
		}
	}
}

// The block that arrives last reads what the others have written. Its arrival needs a fence before and
// a fence after it; the emulator is content with a barrier in place of the second.
func TestArrivalsAreFenced(t *testing.T) {
	arrivals := 0
	for _, file := range Files() {
		text, err := Source(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if code, _, _ := strings.Cut(line, "//"); strings.Contains(code, "atom.") {
				arrivals++
				if !strings.Contains(lines[i-1], "membar.gl;") || !strings.Contains(lines[i+1], "membar.gl;") {
					t.Errorf("%s, line %d: no fence before it or none after it: %s", file, i+1, line)
				}
			}
		}
	}
	if arrivals == 0 {
		t.Error("no kernel counts arrivals")
	}
}

func TestFind(t *testing.T) {
	file, text, err := Find("relu_bwd_f32")
	if err != nil {
		t.Fatal(err)
	}
	if file != "relu.ptx" {
		t.Errorf("relu_bwd_f32 is in %s, want relu.ptx", file)
	}
	for _, want := range []string{"// ReLU", ".version", "// dx = dy where y > 0", ".entry relu_bwd_f32"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	for _, not := range []string{"relu_fwd_f32", "{{", "y = x if"} {
		if strings.Contains(text, not) {
			t.Errorf("the text holds %q", not)
		}
	}
	if _, _, err := Find("relu"); err == nil || !strings.Contains(err.Error(), "relu.ptx") {
		t.Errorf("Find of an unknown kernel: %v, want an error that lists the files", err)
	}
}

var declaration = regexp.MustCompile(`^\s*\.(?:reg|shared)\b[^;]*?((?:\w+(?:<\d+>|\[\d+\])?(?:,\s*)?)+);`)

// A register of an inner block must not have the name of an outer one: a template that gets the
// outer one as an argument would use its own instead.
func TestNoNameHidesAnother(t *testing.T) {
	for _, file := range Files() {
		text, err := Source(file)
		if err != nil {
			t.Fatal(err)
		}
		scopes := []map[string]int{{}}
		declared := 0
		for i, line := range strings.Split(text, "\n") {
			line, _, _ = strings.Cut(line, "//")
			if m := declaration.FindStringSubmatch(line); m != nil {
				for _, name := range strings.Split(m[1], ",") {
					name = strings.TrimSpace(name)
					declared++
					for depth, scope := range scopes {
						if at, ok := scope[name]; ok {
							t.Errorf("%s, line %d: %s hides that of line %d (%d blocks out)", file, i+1, name, at, len(scopes)-1-depth)
						}
					}
					scopes[len(scopes)-1][name] = i + 1
				}
			}
			// A vector's braces open and close on one line.
			for n := strings.Count(line, "{") - strings.Count(line, "}"); n > 0; n-- {
				scopes = append(scopes, map[string]int{})
			}
			for n := strings.Count(line, "}") - strings.Count(line, "{"); n > 0; n-- {
				scopes = scopes[:len(scopes)-1]
			}
		}
		if declared == 0 {
			t.Errorf("%s: no declaration was found", file)
		}
		if len(scopes) != 1 {
			t.Errorf("%s: %d blocks are left open", file, len(scopes)-1)
		}
	}
}
