package nn

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"baregrad/kernels"
)

// Summary writes the model's layers, the shapes of their outputs and the numbers
// of their parameters as a table, as Keras does.
func (m *Sequential) Summary(w io.Writer) error {
	if err := m.Build(); err != nil {
		return err
	}
	rows := [][3]string{}
	for _, l := range m.info {
		if l.Layer.Kind() == "InputLayer" {
			continue
		}
		rows = append(rows, [3]string{l.Name + " (" + l.Layer.Kind() + ")", shapeString(l.Output), thousands(count(l.Params))})
	}
	widths := [3]int{36, 27, 15} // Keras's, at 88 columns
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var s strings.Builder
	rule := func(left, line, between, right string) {
		s.WriteString(left)
		for i, width := range widths {
			if i > 0 {
				s.WriteString(between)
			}
			s.WriteString(strings.Repeat(line, width+2))
		}
		s.WriteString(right + "\n")
	}
	cells := func(row [3]string, edge string) {
		fmt.Fprintf(&s, "%s %-*s %s %-*s %s %*s %s\n", edge, widths[0], row[0], edge, widths[1], row[1], edge, widths[2], row[2], edge)
	}
	s.WriteString("Model: \"sequential\"\n")
	rule("┏", "━", "┳", "┓")
	cells([3]string{"Layer (type)", "Output Shape", "Param #"}, "┃")
	rule("┡", "━", "╇", "┩")
	for i, row := range rows {
		if i > 0 {
			rule("├", "─", "┼", "┤")
		}
		cells(row, "│")
	}
	rule("└", "─", "┴", "┘")
	trained, all := m.ParamCount()
	for _, line := range []struct {
		what string
		n    int
	}{{"Total", all}, {"Trainable", trained}, {"Non-trainable", all - trained}} {
		fmt.Fprintf(&s, " %s params: %s (%s)\n", line.what, thousands(line.n), kernels.FormatBytes(int64(line.n)*4))
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// thousands writes a number with commas: 1,199,882.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
