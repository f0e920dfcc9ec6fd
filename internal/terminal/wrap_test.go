package terminal

import "testing"

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text            string
		columns, indent int
		want            string
	}{
		{"a line of no known width", 0, 2, "a line of no known width"},
		{"fits just so", 12, 2, "fits just so"},
		{"fits not so", 10, 2, "fits not\n  so"},
		{"µs are one µ wide", 7, 0, "µs are\none µ\nwide"},
		{"two   gaps   stay   here", 13, 1, "two   gaps\n stay   here"},
		{"  begins with spaces", 9, 4, "  begins\n    with\n    spaces"},
		{"incomprehensible words", 8, 2, "incomprehensible\n  words"},
		{"an incomprehensible word", 8, 2, "an\n  incomprehensible\n  word"},
		{"one line\nand another\n", 8, 1, "one line\nand\n another\n"},
		{"trailing   ", 4, 2, "trailing   "},
		{"", 4, 2, ""},
	} {
		if got := Wrap(c.text, c.columns, c.indent); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}
