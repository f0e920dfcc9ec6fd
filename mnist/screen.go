package mnist

import (
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"baregrad/internal/terminal"
)

// ColorMode says which characters and colours pictures are drawn with.
type ColorMode int

const (
	// ASCII draws with plain characters, darker ones for more ink.
	ASCII ColorMode = iota
	// Color256 draws with half-blocks in the 256 colours that nearly every
	// terminal has, 26 of them grey.
	Color256
	// TrueColor draws with half-blocks in 24-bit colour.
	TrueColor
)

// String returns the mode's name.
func (m ColorMode) String() string {
	switch m {
	case ASCII:
		return "ASCII"
	case Color256:
		return "256 colours"
	case TrueColor:
		return "true colour"
	}
	return "ColorMode(" + strconv.Itoa(int(m)) + ")"
}

// Screen describes what pictures are drawn on. Its methods return text that ends in
// a newline. The zero value is plain text, 80 columns wide.
type Screen struct {
	Color ColorMode // ASCII by default
	// Width is the number of columns; 80 if 0.
	Width int
}

// DetectScreen returns the Screen that suits w. It has colour if w is a terminal known
// to support it and the environment variable NO_COLOR is not set. The width is that
// of the terminal, or of the environment variable COLUMNS.
func DetectScreen(w io.Writer) Screen {
	watched, width := terminal.Width(w)
	return screenFor(watched, width, runtime.GOOS == "windows", os.Getenv)
}

// screenFor chooses how to draw; width is 0 if unknown.
func screenFor(watched bool, width int, windows bool, env func(string) string) Screen {
	if columns, err := strconv.Atoi(env("COLUMNS")); err == nil && columns > 0 {
		width = columns
	}
	s := Screen{Width: width}
	if !watched || env("NO_COLOR") != "" || !terminal.Unicode(env) {
		return s
	}
	term := env("TERM")
	depth := env("COLORTERM")
	switch {
	case term == "dumb":
	case depth == "truecolor" || depth == "24bit" || strings.HasSuffix(term, "-direct") || env("WT_SESSION") != "":
		s.Color = TrueColor
	case strings.Contains(term, "256color") || env("ConEmuANSI") == "ON":
		s.Color = Color256
	case term == "":
	default:
		// Of the terminals that do not say how many colours they have, these have too
		// few, or no half-blocks.
		for _, plain := range []string{"linux", "vt", "ansi", "cons", "sun"} {
			if strings.HasPrefix(term, plain) {
				return s
			}
		}
		s.Color = Color256
	}
	return s
}

// columns returns the width.
func (s Screen) columns() int {
	if s.Width <= 0 {
		return 80
	}
	return s.Width
}

// The Select Graphic Rendition codes of ANSI terminals. Both colour modes have the
// 256 palette colours.
const (
	styleReset = "\x1b[0m"
	styleBold  = "\x1b[1m"
	styleGreen = "\x1b[32m"
	styleRed   = "\x1b[31m"
)

// paint puts text between a style and the reset code, if the screen has colour.
func (s Screen) paint(style, text string) string {
	if s.Color == ASCII || style == "" {
		return text
	}
	return style + text + styleReset
}

// visibleWidth returns how many columns a line takes: its runes, without the
// escape sequences added by paint.
func visibleWidth(line string) int {
	width := 0
	escape := false
	for _, r := range line {
		switch {
		case escape:
			escape = r != 'm'
		case r == '\x1b':
			escape = true
		default:
			width++
		}
	}
	return width
}

// pad adds spaces until line is width columns wide.
func pad(line string, width int) string {
	return line + strings.Repeat(" ", max(0, width-visibleWidth(line)))
}

// center adds spaces on both sides until line is width columns wide.
func center(line string, width int) string {
	left := max(0, width-visibleWidth(line)) / 2
	return pad(strings.Repeat(" ", left)+line, width)
}

// clip shortens a line without escape sequences to width columns, and marks that
// it did.
func (s Screen) clip(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	if width < 1 {
		return ""
	}
	mark := "…"
	if s.Color == ASCII {
		mark = "~"
	}
	return string(runes[:width-1]) + mark
}

// lines splits a block of text into its lines.
func lines(block string) []string {
	return strings.Split(strings.TrimSuffix(block, "\n"), "\n")
}

// beside puts blocks of text side by side, gap columns apart, aligned at the top.
func beside(blocks []string, gap int) string {
	var columns [][]string
	var widths []int
	height := 0
	for _, block := range blocks {
		column := lines(block)
		width := 0
		for _, line := range column {
			width = max(width, visibleWidth(line))
		}
		columns, widths = append(columns, column), append(widths, width)
		height = max(height, len(column))
	}
	var b strings.Builder
	for y := range height {
		var row strings.Builder
		for i, column := range columns {
			line := ""
			if y < len(column) {
				line = column[y]
			}
			if i > 0 {
				row.WriteString(strings.Repeat(" ", gap))
			}
			row.WriteString(pad(line, widths[i]))
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}
