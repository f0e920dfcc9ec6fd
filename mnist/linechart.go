package mnist

import (
	"fmt"
	"math"
	"strings"
)

// Series is one line of a chart.
type Series struct {
	Name   string    // in the legend
	Values []float64 // one for each position along the horizontal axis; NaN and infinities are skipped
}

// seriesMarks draw the points of a series in plain text, seriesStyles its line in
// colour: blue, orange, green and magenta of the 256-colour palette.
var (
	seriesMarks  = []string{"*", "o", "+", "x"}
	seriesStyles = []string{"\x1b[38;5;33m", "\x1b[38;5;208m", "\x1b[38;5;34m", "\x1b[38;5;170m"}
)

// Lines draws series over a common axis, from 1 to the length of the longest, as
// lines of dots, such as the curves of a training run by epoch. The scale goes from
// the smallest to the largest value. The names are above. It returns an empty string
// if there are no values, and panics if there are more than four series.
func (s Screen) Lines(series []Series) string {
	if len(series) > len(seriesMarks) {
		panic(fmt.Sprintf("mnist: %d lines in a chart, expected at most %d", len(series), len(seriesMarks)))
	}
	least, most := math.Inf(1), math.Inf(-1)
	n := 0
	for _, line := range series {
		n = max(n, len(line.Values))
		for _, v := range line.Values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	if least > most {
		return ""
	}
	const height = 8
	top, bottom := fmt.Sprintf("%.4g", most), fmt.Sprintf("%.4g", least)
	label := max(len(top), len(bottom))
	width := max(2, min(60, s.columns()-label-2))
	dots := newDotCanvas(width, height, s.Color == ASCII)
	for i, line := range series {
		dots.line(line.Values, n, least, most, i)
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", label+1))
	for i, line := range series {
		b.WriteString(" " + s.seriesText(i, seriesMarks[i]+" "+line.Name, "─ "+line.Name) + " ")
	}
	b.WriteByte('\n')
	axis := map[bool]string{true: "|", false: "│"}[s.Color == ASCII]
	for y := range height {
		text := ""
		switch y {
		case 0:
			text = top
		case height - 1:
			text = bottom
		}
		row := fmt.Sprintf("%*s %s", label, text, axis)
		for x := range width {
			row += s.dot(dots, x, y)
		}
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
	right := fmt.Sprint(n)
	fmt.Fprintf(&b, "%*s1%*s\n", label+2, "", width-1, right)
	return b.String()
}

// seriesText is a text in the colour of series i, or the plain text without colour.
func (s Screen) seriesText(i int, plain, coloured string) string {
	if s.Color == ASCII {
		return plain
	}
	return s.paint(seriesStyles[i], coloured)
}

// dot is the character at (x, y) of a chart.
func (s Screen) dot(c *dotCanvas, x, y int) string {
	cell := c.cells[y*c.width+x]
	if cell == 0 {
		return " "
	}
	return s.seriesText(c.owner[y*c.width+x], seriesMarks[c.owner[y*c.width+x]], string(rune(0x2800+int(cell))))
}

// A dotCanvas consists of characters of two by four dots, as in Braille, or of one
// dot in plain text.
type dotCanvas struct {
	width, height  int // in characters
	across, down   int // dots in a character
	cells          []uint8
	owner          []int // the last series that drew in each character
	perRow, perCol int   // dots in total
}

func newDotCanvas(width, height int, plain bool) *dotCanvas {
	c := &dotCanvas{width: width, height: height, across: 2, down: 4}
	if plain {
		c.across, c.down = 1, 1
	}
	c.perRow, c.perCol = width*c.across, height*c.down
	c.cells, c.owner = make([]uint8, width*height), make([]int, width*height)
	return c
}

// brailleBits are the bits of the dots in a Braille character, by row and column.
var brailleBits = [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// set draws a dot.
func (c *dotCanvas) set(x, y, series int) {
	i := y/c.down*c.width + x/c.across
	c.cells[i] |= brailleBits[y%c.down][x%c.across]
	c.owner[i] = series
}

// line draws values at n positions, with straight lines between them.
func (c *dotCanvas) line(values []float64, n int, least, most float64, series int) {
	row := func(v float64) int {
		if most == least {
			return c.perCol / 2
		}
		return int(math.Round((most - v) / (most - least) * float64(c.perCol-1)))
	}
	for x := range c.perRow {
		at := 0.0
		if c.perRow > 1 {
			at = float64(x) / float64(c.perRow-1) * float64(n-1)
		}
		left := int(at)
		if left >= len(values) {
			return
		}
		v := values[left]
		if part := at - float64(left); part > 0 && left+1 < len(values) {
			v += float64(part * (values[left+1] - v))
		} else if part > 0 {
			return // the line is shorter than the axis
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			c.set(x, row(v), series)
		}
	}
}
