package main

import (
	"fmt"
	"io"

	"baregrad/internal/terminal"
)

// paragraphs gives a Fprintf for w that breaks lines between words where w is a terminal,
// at its width; what goes on in a further line is indented by so many columns.
func paragraphs(w io.Writer) func(indent int, format string, args ...any) {
	_, columns := terminal.Width(w)
	return func(indent int, format string, args ...any) {
		io.WriteString(w, terminal.Wrap(fmt.Sprintf(format, args...), columns, indent))
	}
}
