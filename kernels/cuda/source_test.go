package cuda

import (
	"strings"
	"testing"
)

// ptxas refuses anything but ASCII, even in comments.
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
