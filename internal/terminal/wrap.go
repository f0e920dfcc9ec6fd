package terminal

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks the lines of a text at spaces, so that none is longer than so many columns
// where its words allow it; what goes on in a further line is indented. Spaces within a
// line that fits stay as they are. With 0 columns, where they are not known, the text
// stays as it is.
func Wrap(text string, columns, indent int) string {
	if columns <= 0 {
		return text
	}
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		margin := 0 // of the part at hand
		for utf8.RuneCountInString(line)+margin > columns {
			at := breakAt(line, columns-margin)
			if at < 0 {
				break
			}
			b.WriteString(strings.TrimRight(line[:at], " ") + "\n" + strings.Repeat(" ", indent))
			line, margin = strings.TrimLeft(line[at:], " "), indent
		}
		b.WriteString(line)
	}
	return b.String()
}

// breakAt is the byte of the last space that leaves at most so many columns before it, or,
// where a word is longer, of the first space; negative where there is none behind a word.
func breakAt(line string, columns int) int {
	at, column := -1, 0
	begin := len(line) - len(strings.TrimLeft(line, " "))
	for i, r := range line {
		if r == ' ' && i > begin && strings.TrimLeft(line[i:], " ") != "" {
			if column > columns && at >= 0 {
				break
			}
			at = i
		}
		column++
	}
	return at
}
