package main

import (
	"fmt"
	"io"

	"baregrad/internal/terminal"
)

// paragraphs returns an Fprintf for w. If w is a terminal, it breaks lines between words at the
// terminal's width; continuation lines are indented by the given number of columns.
func paragraphs(w io.Writer) func(indent int, format string, args ...any) {
	_, columns := terminal.Width(w)
	return func(indent int, format string, args ...any) {
		io.WriteString(w, terminal.Wrap(fmt.Sprintf(format, args...), columns, indent))
	}
}
