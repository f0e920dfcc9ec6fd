package bench

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// profileWhole is the last line's label.
const profileWhole = "a step, calls not timed"

// A profileLayout says what a Profile's lines have room for.
type profileLayout struct {
	name, shape int  // widths of the columns; shape is 0 where the shape follows the name, or stands below it
	rates       bool // the shares and GFLOP/s, too
	bars        bool
}

// numbers is how wide what follows name and shape is.
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

// leastLabel is how many columns names and shapes must have, lest nearly all of them be
// spread over two lines.
const leastLabel = 40

// layout is the fullest one that has room in so many columns; with 0 all fit.
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

// Text lays the profile out for a terminal of so many columns, 0 for any: a line for each
// call, with a bar for its share of the step where there is one configuration, and where
// there are two how many times as fast the second is. Where there is not room for all, the
// bars go first; then the shapes move up to the names, or below those that are long; and
// then the shares and GFLOP/s go.
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
			c, speed := of(r), ""
			if c.GFLOPS > 0 {
				speed = Figure(c.GFLOPS)
			}
			if l.rates {
				fmt.Fprintf(&b, "  %9.1f  %5.1f %%  %7s", 1e6*c.Seconds, 100*c.Share, speed)
			} else {
				fmt.Fprintf(&b, "  %14.1f", 1e6*c.Seconds)
			}
		}
		switch first := of(p.Results[0]); {
		case l.bars:
			b.WriteString("  " + bar(20*min(1, first.Share)))
		case len(p.Results) == 2:
			fmt.Fprintf(&b, "  %5.2f", first.Seconds/of(p.Results[1]).Seconds)
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

func pick(is bool, one, other int) int {
	if is {
		return one
	}
	return other
}
