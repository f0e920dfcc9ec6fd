package bench

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// profileWhole is the label of the last line.
const profileWhole = "a step, calls not timed"

// A profileLayout says what the lines of a Profile contain.
type profileLayout struct {
	name, shape int  // widths of the columns; shape is 0 if the shape follows the name or is below it
	rates       bool // with shares and GFLOP/s
	bars        bool
}

// numbers returns the width of what follows name and shape.
func (l profileLayout) numbers(results int) int {
	width := results * (2 + 14)
	if l.rates {
		width = results * (2 + 27)
	}
	if l.bars {
		width += 2 + 20
	}
	if results == 2 {
		width += 2 + 5
	}
	return width
}

// leastLabel is the minimum width of names and shapes, so that not nearly all of them need two
// lines.
const leastLabel = 40

// layout returns the fullest layout that fits the number of columns; 0 means no limit.
func (p *Profile) layout(columns int) profileLayout {
	l := profileLayout{name: len(profileWhole), rates: true, bars: len(p.Results) == 1}
	for _, c := range p.Results[0].Calls {
		l.name, l.shape = max(l.name, 2+len(c.Operation)), max(l.shape, utf8.RuneCountInString(c.Shape))
	}
	fits := func() bool { return columns == 0 || l.name+2+l.shape+l.numbers(len(p.Results)) <= columns }
	if fits() {
		return l
	}
	if l.bars = false; fits() {
		return l
	}
	l.shape = 0
	if l.name = columns - l.numbers(len(p.Results)); l.name < leastLabel {
		l.rates = false
		l.name = max(len(profileWhole), columns-l.numbers(len(p.Results)))
	}
	return l
}

// Text formats the profile for a terminal with that many columns, or 0 for no limit: one line per
// call. With one configuration it has a bar for the call's share of the step; with two it says how
// many times as fast the second one is. If there is too little space, the bars go first; then the
// shapes move next to the names, or below long ones; then the shares and GFLOP/s go.
func (p *Profile) Text(columns int) string {
	l := p.layout(columns)
	var b strings.Builder
	end := func() {
		text := strings.TrimRight(b.String(), " ")
		b.Reset()
		b.WriteString(text + "\n")
	}
	label := func(name, shape string) {
		switch {
		case l.shape > 0:
			fmt.Fprintf(&b, "%-*s  %-*s", l.name, name, l.shape, shape)
		case shape == "":
			fmt.Fprintf(&b, "%-*s", l.name, name)
		case utf8.RuneCountInString(name+" "+shape) > l.name:
			fmt.Fprintf(&b, "%s\n%-*s", name, l.name, "    "+shape)
		default:
			fmt.Fprintf(&b, "%-*s", l.name, name+" "+shape)
		}
	}
	line := func(name, shape string, of func(r ProfileResult) CallTime) {
		label(name, shape)
		for _, r := range p.Results {
			c := of(r)
			if l.rates {
				fmt.Fprintf(&b, "  %s  %s %%  %7s", fixed(1e6*c.Seconds, 9, 1), fixed(100*c.Share, 5, 1), speed(c.GFLOPS))
			} else {
				fmt.Fprintf(&b, "  %s", fixed(1e6*c.Seconds, 14, 1))
			}
		}
		switch first := of(p.Results[0]); {
		case l.bars:
			b.WriteString("  " + bar(20*min(1, first.Share)))
		case len(p.Results) == 2:
			fmt.Fprintf(&b, "  %s", fixed(first.Seconds/of(p.Results[1]).Seconds, 5, 2))
		}
		end()
	}
	label("", "")
	for _, r := range p.Results {
		fmt.Fprintf(&b, "  %*s", pick(l.rates, 27, 14), r.Config)
	}
	end()
	label("", "")
	for range p.Results {
		if l.rates {
			fmt.Fprintf(&b, "  %9s  %7s  %7s", "µs", "share", "GFLOP/s")
		} else {
			fmt.Fprintf(&b, "  %14s", "µs")
		}
	}
	if len(p.Results) == 2 {
		fmt.Fprintf(&b, "  %5s", "×")
	}
	end()
	phase := ""
	for i, c := range p.Results[0].Calls {
		if c.Phase != phase {
			phase = c.Phase
			b.WriteString(phase + "\n")
		}
		line("  "+c.Operation, c.Shape, func(r ProfileResult) CallTime { return r.Calls[i] })
	}
	line("all calls", "", func(r ProfileResult) CallTime {
		return CallTime{Seconds: r.Sum(), Share: r.Sum() / r.StepSeconds}
	})
	line(profileWhole, "", func(r ProfileResult) CallTime { return CallTime{Seconds: r.StepSeconds, Share: 1} })
	return b.String()
}

// fixed formats a number with that many decimals, or with none, or as a power of ten, where a slow
// device or a busy machine makes it too long for its column.
func fixed(v float64, width, decimals int) string {
	text := fmt.Sprintf("%*.*f", width, decimals, v)
	if len(text) > width {
		text = fmt.Sprintf("%*.0f", width, v)
	}
	if len(text) > width {
		text = fmt.Sprintf("%*.0e", width, v)
	}
	return text
}

// speed formats GFLOP/s in at most 7 columns; calls that are no products have none.
func speed(gflops float64) string {
	switch {
	case gflops == 0:
		return ""
	case gflops < 0.001:
		return "< 0.001"
	}
	return Figure(gflops)
}

func pick(is bool, one, other int) int {
	if is {
		return one
	}
	return other
}
