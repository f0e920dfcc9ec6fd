package mnist

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// shades are the characters of plain pictures, from no ink to full ink.
const shades = " .:-=+*#%@"

// Image draws a grey image of rows×cols pixels, 0 black to 255 white. Every
// character shows two pixels, one above the other, so the picture takes cols
// columns and half as many lines as there are rows. An image wider than the
// screen is shrunk by a whole factor. It panics if img does not hold rows·cols
// pixels.
func (s Screen) Image(img []uint8, rows, cols int) string {
	if rows < 0 || cols < 0 || len(img) != rows*cols {
		panic(fmt.Sprintf("mnist: an image of %d pixels, expected %d×%d", len(img), rows, cols))
	}
	if factor := (cols + s.columns() - 1) / s.columns(); factor > 1 {
		img, rows, cols = shrink(img, rows, cols, factor)
	}
	var b strings.Builder
	for y := 0; y < rows; y += 2 {
		top := img[y*cols : (y+1)*cols]
		bottom := make([]uint8, cols) // below an odd last row it is black
		if y+1 < rows {
			bottom = img[(y+1)*cols : (y+2)*cols]
		}
		if s.Color == ASCII {
			line := make([]byte, cols)
			for x := range line {
				ink := (int(top[x]) + int(bottom[x]) + 1) / 2
				line[x] = shades[(ink*(len(shades)-1)+127)/255]
			}
			b.WriteString(strings.TrimRight(string(line), " ") + "\n")
			continue
		}
		s.halfBlocks(&b, top, bottom)
	}
	return b.String()
}

// halfBlocks draws two rows of pixels in one line: the upper half of each
// character is its foreground, the lower half its background.
func (s Screen) halfBlocks(b *strings.Builder, top, bottom []uint8) {
	foreground, background := "", ""
	for x := range top {
		upper, lower := s.grey(top[x]), s.grey(bottom[x])
		if lower != background {
			b.WriteString("\x1b[48;" + lower + "m")
			background = lower
		}
		if upper == lower {
			b.WriteByte(' ')
			continue
		}
		if upper != foreground {
			b.WriteString("\x1b[38;" + upper + "m")
			foreground = upper
		}
		b.WriteString("▀")
	}
	b.WriteString(styleReset + "\n")
}

// grey returns the code of a grey level, to follow 38; or 48;.
func (s Screen) grey(level uint8) string {
	if s.Color == TrueColor {
		return fmt.Sprintf("2;%d;%d;%d", level, level, level)
	}
	// Of the 256 colours, 16 is black, 231 white, and 232 to 255 are the greys
	// 8, 18, … 238.
	switch {
	case level < 4:
		return "5;16"
	case level > 246:
		return "5;231"
	}
	return fmt.Sprintf("5;%d", 232+min((int(level)-3)/10, 23))
}

// shrink averages blocks of factor×factor pixels; those at the right and bottom
// edges may be smaller.
func shrink(img []uint8, rows, cols, factor int) (out []uint8, outRows, outCols int) {
	outRows, outCols = (rows+factor-1)/factor, (cols+factor-1)/factor
	out = make([]uint8, outRows*outCols)
	for y := range outRows {
		for x := range outCols {
			sum, n := 0, 0
			for v := y * factor; v < min((y+1)*factor, rows); v++ {
				for u := x * factor; u < min((x+1)*factor, cols); u++ {
					sum += int(img[v*cols+u])
					n++
				}
			}
			out[y*outCols+x] = uint8((sum + n/2) / n)
		}
	}
	return out, outRows, outCols
}

// GreyLevels converts values of any range, such as a layer's filters or activations,
// to grey levels for Image: the smallest finite value becomes 0 and the largest 255; if
// all are equal, they become 0. −∞ and NaN become 0, and +∞ becomes 255.
func GreyLevels(values []float32) []uint8 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v := float64(v); !math.IsNaN(v) && !math.IsInf(v, 0) {
			least, most = min(least, v), max(most, v)
		}
	}
	out := make([]uint8, len(values))
	for i, v := range values {
		switch v := float64(v); {
		case math.IsInf(v, 1):
			out[i] = 255
		case v > least: // false for NaN
			out[i] = uint8(math.Round(255 * ((v - least) / (most - least))))
		}
	}
	return out
}

// Mark distinguishes right predictions from wrong ones.
type Mark int

const (
	Unmarked Mark = iota // neither
	Right                // a green caption; in plain text, one that begins with +
	Wrong                // a red caption; in plain text, one that begins with x
)

// Tile is one image of a grid.
type Tile struct {
	Pixels     []uint8 // Rows·Cols grey levels, 0 black to 255 white
	Rows, Cols int     // the size in pixels
	Caption    string  // below the image; a newline starts another line
	Mark       Mark    // the caption's colour
}

// gridGap is the number of columns between the images of a grid.
const gridGap = 2

// Grid draws images in rows, as many in each as fit the screen, with their captions
// below them. A caption that is too long is cut.
func (s Screen) Grid(tiles []Tile) string {
	cell := 0
	for _, tile := range tiles {
		cell = max(cell, tile.Cols)
	}
	cell = min(cell, s.columns())
	perRow := (s.columns() + gridGap) / (cell + gridGap)
	var rows []string
	for row := range slices.Chunk(tiles, perRow) {
		height := 0
		pictures := make([][]string, len(row))
		for i, tile := range row {
			pictures[i] = lines(s.Image(tile.Pixels, tile.Rows, tile.Cols))
			height = max(height, len(pictures[i]))
		}
		blocks := make([]string, len(row))
		for i, tile := range row {
			block := pictures[i]
			for len(block) < height { // align the captions
				block = append(block, "")
			}
			for _, line := range s.caption(tile, cell) {
				block = append(block, center(line, cell))
			}
			block[0] = pad(block[0], cell)
			blocks[i] = strings.Join(block, "\n")
		}
		rows = append(rows, beside(blocks, gridGap))
	}
	return strings.Join(rows, "\n")
}

// caption returns the lines of a tile's caption, at most width columns wide.
func (s Screen) caption(tile Tile, width int) []string {
	if tile.Caption == "" {
		return nil
	}
	style, sign := "", ""
	switch tile.Mark {
	case Right:
		style, sign = styleGreen, "✓ "
	case Wrong:
		style, sign = styleRed, "✗ "
	}
	if s.Color == ASCII {
		sign = map[Mark]string{Right: "+ ", Wrong: "x "}[tile.Mark]
	}
	var out []string
	for i, line := range strings.Split(tile.Caption, "\n") {
		if i == 0 {
			line = sign + line
		}
		out = append(out, s.paint(style, s.clip(line, width)))
	}
	return out
}
