package nn

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"baregrad/internal/terminal"
	"baregrad/kernels"
)

// Summary writes a table of the model's layers, with their output shapes and numbers of
// parameters, as Keras does. It is 88 columns wide, or narrower if the terminal that it is
// written to is.
func (m *Sequential) Summary(w io.Writer) error {
	if isNil(w) {
		return errors.New("summary: no writer was given; os.Stdout is one")
	}
	watched, columns := terminal.Width(w)
	return m.summary(w, columns, watched && !terminal.Unicode(os.Getenv))
}

// A summaryFrame holds the characters of the table's frame. Each line (above the table,
// below the header, between rows, at the bottom) has a left corner, a dash, a crossing and a
// right corner. The edges separate the cells of the header and those of the other rows.
type summaryFrame struct {
	top, header, between, bottom [4]string
	headerEdge, edge             string
}

var (
	unicodeFrame = summaryFrame{[4]string{"┏", "━", "┳", "┓"}, [4]string{"┡", "━", "╇", "┩"},
		[4]string{"├", "─", "┼", "┤"}, [4]string{"└", "─", "┴", "┘"}, "┃", "│"}
	asciiFrame = summaryFrame{[4]string{"+", "-", "+", "+"}, [4]string{"+", "=", "+", "+"},
		[4]string{"+", "-", "+", "+"}, [4]string{"+", "-", "+", "+"}, "|", "|"}
)

// summary writes the table for a terminal of the given width; 0 means any.
func (m *Sequential) summary(w io.Writer, columns int, ascii bool) error {
	if err := m.Build(); err != nil {
		return err
	}
	header := [3]string{"Layer (type)", "Output Shape", "Param #"}
	rows := [][3]string{}
	for _, l := range m.info {
		if l.Layer.Kind() == "InputLayer" {
			continue
		}
		rows = append(rows, [3]string{l.Name + " (" + l.Layer.Kind() + ")", shapeString(l.Output), thousands(count(l.Params))})
	}
	widths := summaryWidths(append(rows, header), columns)
	frame := unicodeFrame
	if ascii {
		frame = asciiFrame
	}
	var s strings.Builder
	rule := func(r [4]string) {
		s.WriteString(r[0])
		for i, width := range widths {
			if i > 0 {
				s.WriteString(r[2])
			}
			s.WriteString(strings.Repeat(r[1], width+2))
		}
		s.WriteString(r[3] + "\n")
	}
	cells := func(row [3]string, edge string) {
		var parts [3][]string
		height := 0
		for i, cell := range row {
			parts[i] = wrapped(cell, widths[i])
			height = max(height, len(parts[i]))
		}
		for y := range height {
			var line [3]string
			for i := range line {
				if y < len(parts[i]) {
					line[i] = parts[i][y]
				}
			}
			fmt.Fprintf(&s, "%s %-*s %s %-*s %s %*s %s\n", edge, widths[0], line[0], edge, widths[1], line[1], edge, widths[2], line[2], edge)
		}
	}
	s.WriteString("Model: \"sequential\"\n")
	rule(frame.top)
	cells(header, frame.headerEdge)
	rule(frame.header)
	for i, row := range rows {
		if i > 0 {
			rule(frame.between)
		}
		cells(row, frame.edge)
	}
	rule(frame.bottom)
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

// summaryWidths returns the widths of the table's columns: Keras's, 88 in total with the
// frame, or more if a cell needs it. If the terminal is narrower, they shrink: first the
// space that no cell needs, then the widest column, whose cells are wrapped.
func summaryWidths(rows [][3]string, columns int) [3]int {
	const frame, least = 10, 8
	widths, needed := [3]int{36, 27, 15}, [3]int{}
	for _, row := range rows {
		for i, cell := range row {
			needed[i] = max(needed[i], utf8.RuneCountInString(cell))
			widths[i] = max(widths[i], needed[i])
		}
	}
	for columns > 0 && widths[0]+widths[1]+widths[2]+frame > columns {
		at, most := 0, math.MinInt
		for i, width := range widths {
			if spare := width - needed[i]; spare > 0 && spare > most {
				at, most = i, spare
			}
		}
		if most == math.MinInt {
			for i, width := range widths {
				if width > widths[at] {
					at = i
				}
			}
			if widths[at] <= least {
				break
			}
			needed[at]--
		}
		widths[at]--
	}
	return widths
}

// wrapped breaks a cell into lines of at most width columns, at spaces where possible.
func wrapped(cell string, width int) []string {
	var lines []string
	line := []rune{}
	for _, word := range strings.Fields(cell) {
		rest := []rune(word)
		if len(line) > 0 && len(line)+1+len(rest) <= width {
			line = append(append(line, ' '), rest...)
			continue
		}
		if len(line) > 0 {
			lines = append(lines, string(line))
		}
		for len(rest) > width {
			lines, rest = append(lines, string(rest[:width])), rest[width:]
		}
		line = rest
	}
	return append(lines, string(line))
}

// thousands formats a number with commas: 1,199,882.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
