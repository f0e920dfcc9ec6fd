package mnist

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Bars draws a horizontal bar for each of values, probabilities from 0 to 1,
// with its name before it and its percentage after it. The bar with index best is
// highlighted; -1 highlights none. It panics if names and values differ in number.
func (s Screen) Bars(values []float32, names []string, best int) string {
	if len(values) != len(names) {
		panic(fmt.Sprintf("mnist: %d names for %d bars", len(names), len(values)))
	}
	label := 0
	for _, name := range names {
		label = max(label, visibleWidth(name))
	}
	const percent = len(" 100.0 %")
	label = min(label, max(1, s.columns()/3))
	mark := ""
	if s.Color == ASCII && best >= 0 {
		mark = " <"
	}
	room := min(40, s.columns()-label-1-percent-len(mark))
	var b strings.Builder
	for i, value := range values {
		line := pad(s.clip(names[i], label), label)
		if room > 0 {
			line += " " + pad(s.bar(float64(value), room), room)
		}
		line += fmt.Sprintf("%6.1f %%", 100*value)
		if i == best {
			line = s.paint(styleBold, line) + mark
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// bar draws a bar of value, 0 to 1, in at most width columns.
func (s Screen) bar(value float64, width int) string {
	if !(value > 0) { // also excludes NaN
		return ""
	}
	value = math.Min(value, 1)
	if s.Color == ASCII {
		return strings.Repeat("#", int(math.Round(value*float64(width))))
	}
	eighths := int(math.Round(value * float64(8*width)))
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return text
}

// Prediction draws an image and the bars of the classes' probabilities, as Image and
// Bars do. The bars are beside the image, or below it on a narrow screen.
func (s Screen) Prediction(img []uint8, rows, cols int, probabilities []float32, names []string, best int) string {
	const gap, least = 3, 30
	picture := s.Image(img, rows, cols)
	if s.columns() < cols+gap+least {
		return picture + s.Bars(probabilities, names, best)
	}
	right := s
	right.Width = s.columns() - cols - gap
	padded := lines(picture)
	padded[0] = pad(padded[0], cols)
	return beside([]string{strings.Join(padded, "\n"), right.Bars(probabilities, names, best)}, gap)
}

// ConfusionMatrix draws a table of how often each class was predicted as which:
// counts[t][p] is the number of images of class t that were predicted to be of
// class p. Rows are the true classes, columns the predicted ones. The last column
// is the share of the row that is right (the class's recall), the last row the
// share of the column that is right (its precision). A table that is too wide for
// the screen continues below with the remaining columns. It panics if counts is not
// square or names does not name each class.
func (s Screen) ConfusionMatrix(counts [][]int, names []string) string {
	n := len(counts)
	if len(names) != n {
		panic(fmt.Sprintf("mnist: %d names for a confusion matrix of %d classes", len(names), n))
	}
	rowSums, columnSums := make([]int, n), make([]int, n)
	longest := len("100%")
	for t, row := range counts {
		if len(row) != n {
			panic(fmt.Sprintf("mnist: row %d of a confusion matrix of %d classes has %d columns", t, n, len(row)))
		}
		for p, count := range row {
			rowSums[t] += count
			columnSums[p] += count
			longest = max(longest, len(strconv.Itoa(count)))
		}
	}
	heads, labels := confusionNames(names, longest)
	cell := longest + 1
	label := 0
	for _, text := range labels {
		label = max(label, visibleWidth(text))
	}
	const corner, recall = "true", "recall"
	label = min(max(label, len(corner), len("precision")), max(4, s.columns()/3))
	perBlock := max(1, (s.columns()-label-len(recall)-1)/cell)

	var b strings.Builder
	for from := 0; from < n; from += perBlock {
		if from > 0 {
			b.WriteByte('\n')
		}
		to := min(from+perBlock, n)
		b.WriteString(pad(s.clip(corner, label), label) + " predicted\n" + strings.Repeat(" ", label))
		for p := from; p < to; p++ {
			fmt.Fprintf(&b, "%*s", cell, heads[p])
		}
		if to == n {
			b.WriteString(" " + recall)
		}
		b.WriteByte('\n')
		for t, row := range counts {
			b.WriteString(pad(s.clip(labels[t], label), label))
			for p := from; p < to; p++ {
				b.WriteString(s.confusionCell(row[p], rowSums[t], t == p, cell))
			}
			if to == n {
				fmt.Fprintf(&b, " %*s", len(recall), share(row[t], rowSums[t]))
			}
			b.WriteByte('\n')
		}
		b.WriteString(pad(s.clip("precision", label), label))
		for p := from; p < to; p++ {
			fmt.Fprintf(&b, "%*s", cell, share(counts[p][p], columnSums[p]))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// confusionNames returns the column heads and row labels. If a name is longer than
// width, columns are headed by numbers, and row labels have number and name.
func confusionNames(names []string, width int) (heads, labels []string) {
	if !slices.ContainsFunc(names, func(name string) bool { return visibleWidth(name) > width }) {
		return names, names
	}
	digits := len(strconv.Itoa(len(names) - 1))
	for i, name := range names {
		heads = append(heads, strconv.Itoa(i))
		labels = append(labels, fmt.Sprintf("%*d %s", digits, i, name))
	}
	return heads, labels
}

// confusionCell draws one count of a row with sum images: right ones on green,
// wrong ones on red, which is brighter for a larger share.
func (s Screen) confusionCell(count, sum int, right bool, width int) string {
	text := fmt.Sprintf("%*d", width, count)
	if count == 0 {
		text = fmt.Sprintf("%*s", width, ".")
	}
	if count == 0 || s.Color == ASCII {
		return text
	}
	part := float64(count) / float64(sum)
	var color int // of the 256-colour palette: 22 and 28 are greens, 52 to 160 reds
	switch {
	case right && part >= .95:
		color = 28
	case right:
		color = 22
	case part >= .1:
		color = 160
	case part >= .02:
		color = 124
	case part >= .005:
		color = 88
	default:
		color = 52
	}
	return s.paint(fmt.Sprintf("\x1b[48;5;%d;38;5;231m", color), text)
}

// share formats part of whole as a percentage with one decimal, and exactly 100% as
// such. If whole is 0, it is "-".
func share(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	if part == whole {
		return "100%"
	}
	// Round down: 99.96 is not yet 100.
	tenths := math.Floor(1000 * float64(part) / float64(whole))
	return fmt.Sprintf("%.1f", tenths/10)
}
