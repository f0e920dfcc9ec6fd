package bench

import (
	"fmt"
	"slices"
	"strings"
)

// A Table holds figures by row and device. A cell that was not measured is 0.
type Table struct {
	Title   string
	Unit    string
	Note    string // a sentence on what was measured; may be empty
	Rows    []string
	Columns []Config
	Cells   [][]float64 // [row][column]
	Shares  [][]float64 // of the peak, from 0 to 1; 0 if unknown
	Counts  [][]string  // number of values of which each cell is the median; nil if none is
}

// Products returns the table of the matrix products, in GFLOP/s.
func (r *Report) Products() Table {
	t := Table{Title: "matrix product", Unit: "GFLOP/s",
		Note: "Random operands without zeros.", Columns: r.Configs()}
	for _, p := range r.MatMul {
		t.set(Product{p.M, p.N, p.K}.String(), p.Config, p.GFLOPS, share(p.GFLOPS, r.Peak(p.Config)))
	}
	return t
}

// SparseProducts returns the table of the products with zeros, in GFLOP/s.
func (r *Report) SparseProducts() Table {
	t := Table{Title: "product with zeros", Unit: "GFLOP/s", Columns: r.Configs(),
		Note: "Products of the tutorials' layers on their actual inputs, with the share of nonzeros. Multiply-adds with zeros are counted."}
	for _, p := range r.Sparse {
		row := fmt.Sprintf("%v, %.0f %%", SparseProduct{Product{p.M, p.N, p.K}, p.Transposed, p.Of}, 100*p.Nonzero)
		t.set(row, p.Config, p.GFLOPS, share(p.GFLOPS, r.Peak(p.Config)))
	}
	return t
}

// Steps returns the table of the training steps, in images per second. A row says if its network
// did not train on the tutorial's data: see StandIns.
func (r *Report) Steps() Table {
	t := Table{Title: "training step", Unit: "images/s",
		Note: "On the tutorial's data, after the stated number of steps of the first epoch, because the time depends on how many pixels and activations are zero. Multiply-adds saved by skipping zeros or by Winograd's algorithm are counted, so the share can exceed 100 %.", Columns: r.Configs()}
	for _, s := range r.Train {
		row := fmt.Sprintf("%s, batch %d, after %d steps", s.Network, s.Batch, s.From)
		if s.StandIn {
			row += " (OTHER DATA)"
		}
		t.set(row, s.Config, s.ImagesPerSecond, share(s.GFLOPS, r.Peak(s.Config)))
	}
	return t
}

// Gains is the table of what several cores gain over one.
func (r *Report) Gains() Table {
	t := Table{Title: "cores over one", Unit: "times as fast", Note: "One core and several alternate in turns of some milliseconds. " +
		"A turn compares the fastest run of each; the table has the median of the turns in which the machine had all its cores. " +
		"It can differ from the tables above, whose figures may come from times at which the host was not equally fast. In brackets: how many turns count, of how many."}
	for i := range r.Scaling {
		if c := r.Scaling[i].Config; !slices.Contains(t.Columns, c) {
			t.Columns = append(t.Columns, c)
		}
	}
	for i := range r.Scaling {
		s := &r.Scaling[i]
		times, counted := r.Times(s)
		row, column := t.set(s.What, s.Config, times, 0)
		for len(t.Counts) < len(t.Rows) {
			t.Counts = append(t.Counts, make([]string, len(t.Columns)))
		}
		t.Counts[row][column] = fmt.Sprintf(" (%d of %d)", counted, len(s.Turns))
	}
	return t
}

func share(value, peak float64) float64 {
	if peak == 0 {
		return 0
	}
	return value / peak
}

func (t *Table) set(row string, c Config, value, share float64) (i, j int) {
	i = slices.Index(t.Rows, row)
	if i < 0 {
		i = len(t.Rows)
		t.Rows = append(t.Rows, row)
		t.Cells = append(t.Cells, make([]float64, len(t.Columns)))
		t.Shares = append(t.Shares, make([]float64, len(t.Columns)))
	}
	j = slices.Index(t.Columns, c)
	t.Cells[i][j], t.Shares[i][j] = value, share
	return i, j
}

// Figure formats a number with three significant digits, or as an integer with commas if it has
// more than three digits before the point, and as – if it was not measured.
func Figure(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v >= 999.5:
		text := fmt.Sprintf("%.0f", v)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Text formats the table for a terminal: each cell with its share of the peak.
func (t Table) Text() string {
	lines := [][]string{{t.Title + ", " + t.Unit}}
	for _, c := range t.Columns {
		lines[0] = append(lines[0], c.String())
	}
	for i, row := range t.Rows {
		line := []string{row}
		for j, v := range t.Cells[i] {
			cell := Figure(v)
			if s := t.Shares[i][j]; s > 0 {
				cell += fmt.Sprintf(" %3.0f %%", 100*s)
			}
			if t.Counts != nil {
				cell += t.Counts[i][j]
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(t.Columns)+1)
	for _, line := range lines {
		for j, cell := range line {
			widths[j] = max(widths[j], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for j, cell := range line {
			gap := strings.Repeat(" ", widths[j]-len([]rune(cell)))
			if j == 0 {
				b.WriteString(cell + gap)
			} else {
				b.WriteString("  " + gap + cell)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Markdown formats the table as Markdown.
func (t Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s, %s |", t.Title, t.Unit)
	for _, c := range t.Columns {
		fmt.Fprintf(&b, " %s, %d %s |", c.Device, c.Threads, plural(c.Threads, "core", "cores"))
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(t.Columns)) + "\n")
	for i, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |", row)
		for j, v := range t.Cells[i] {
			fmt.Fprintf(&b, " %s", Figure(v))
			if s := t.Shares[i][j]; s > 0 {
				fmt.Fprintf(&b, " (%.0f %%)", 100*s)
			}
			if t.Counts != nil {
				b.WriteString(t.Counts[i][j])
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Chart draws the table as bars of characters, the longest width wide, each with its figure and, if
// shares is true, its share of the peak. If figures differ more than fiftyfold, the scale is
// logarithmic, starting at a third of the smallest figure.
func (t Table) Chart(width int, shares bool) string {
	low, high, label := 0.0, 0.0, 0
	for i := range t.Rows {
		for j, v := range t.Cells[i] {
			if v > 0 && (low == 0 || v < low) {
				low = v
			}
			high = max(high, v)
			label = max(label, len(t.Columns[j].String()))
		}
	}
	if high == 0 {
		return ""
	}
	scale := linear(high)
	if high > 50*low {
		scale = logarithmic(low/3, high)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", t.Title, t.Unit)
	if high > 50*low {
		fmt.Fprintf(&b, "(logarithmic scale)\n")
	}
	for i, row := range t.Rows {
		fmt.Fprintln(&b, row)
		for j, v := range t.Cells[i] {
			if v > 0 {
				fmt.Fprintf(&b, "  %-*s %s %s", label, t.Columns[j], bar(scale(v)*float64(width)), Figure(v))
				if s := t.Shares[i][j]; shares && s > 0 {
					fmt.Fprintf(&b, " (%.0f %%)", 100*s)
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
