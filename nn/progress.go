package nn

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"baregrad/internal/terminal"
)

// Verbosity says how Fit shows progress. Keras's verbose=1 is Bar, 2 is Lines, and 0 is
// Silent. Here 0 is the value of a field that was not set, and means Auto.
type Verbosity int

const (
	Auto   Verbosity = iota // Bar
	Bar                     // a line that fills up, in a terminal; otherwise a line for each epoch
	Lines                   // a line for each epoch, without a bar
	Silent                  // nothing
)

const (
	barWidth    = 20
	redrawAfter = 50 * time.Millisecond
)

// progress draws Keras's progress line. A nil *progress draws nothing.
type progress struct {
	w               io.Writer
	verbose         Verbosity
	terminal, color bool
	columns         int  // of the terminal; 0 if unknown
	ascii           bool // use ASCII instead of Unicode

	steps       int
	start       time.Time // of the epoch
	afterFirst  time.Time // when the first step was done, which the step time leaves out
	trainingEnd time.Time
	lastDraw    time.Time
	drawn       int // columns of the line that is shown
}

func newProgress(w io.Writer, v Verbosity) *progress {
	if v == Silent {
		return nil
	}
	p := &progress{w: w, verbose: v}
	p.terminal, p.columns = terminal.Width(w)
	p.terminal = p.terminal && os.Getenv("TERM") != "dumb"
	p.ascii = p.terminal && !terminal.Unicode(os.Getenv)
	p.color = p.terminal && os.Getenv("NO_COLOR") == ""
	return p
}

// begin starts the line of an epoch with the given number of steps.
func (p *progress) begin(title string, steps int) {
	if p == nil {
		return
	}
	p.steps, p.start, p.drawn = steps, time.Now(), 0
	p.lastDraw, p.afterFirst = time.Time{}, time.Time{}
	if title != "" {
		fmt.Fprintln(p.w, title)
	}
}

// due reports whether to draw after the step that was just done.
func (p *progress) due() bool {
	if p == nil {
		return false
	}
	now := time.Now()
	if p.afterFirst.IsZero() {
		p.afterFirst = now
	}
	return p.terminal && p.verbose != Lines && now.Sub(p.lastDraw) >= redrawAfter
}

// draw shows how far the epoch has come.
func (p *progress) draw(step int, values map[string]float64) {
	p.lastDraw = time.Now()
	left := "…"
	if p.ascii {
		left = "?"
	}
	if step > 1 {
		left = eta(p.lastDraw.Sub(p.afterFirst).Seconds() / float64(step-1) * float64(p.steps-step))
	}
	p.rewrite(p.line(step, left, p.lastDraw, values, p.columns))
}

// trained notes that the training part of the epoch is over.
func (p *progress) trained() {
	if p != nil {
		p.trainingEnd = time.Now()
	}
}

// end shows the finished epoch.
func (p *progress) end(step int, values map[string]float64) {
	if p == nil {
		return
	}
	taken := fmt.Sprintf("%.0fs", time.Since(p.start).Seconds())
	line, width := p.line(step, taken, p.trainingEnd, values, 0) // complete, however narrow the terminal
	if p.verbose == Lines {
		line = fmt.Sprintf("%d/%d - %s - %s", step, p.steps, taken, p.stepTime(step, p.trainingEnd)) + formatValues(values)
		width = len(line)
	}
	p.rewrite(line, width)
	fmt.Fprintln(p.w)
	p.drawn = 0
}

// abandon moves on from a line that will not be finished.
func (p *progress) abandon() {
	if p != nil && p.drawn > 0 {
		fmt.Fprintln(p.w)
		p.drawn = 0
	}
}

// say writes a line of its own.
func (p *progress) say(line string) {
	if p != nil {
		p.abandon()
		fmt.Fprintln(p.w, line)
	}
}

// line returns the progress line and its width in columns. If columns is not 0, the line
// is shortened to fit a terminal of that width, because a wrapped line could not be
// overwritten.
func (p *progress) line(step int, clock string, now time.Time, values map[string]float64, columns int) (line string, width int) {
	counter := fmt.Sprintf("%*d/%d", len(fmt.Sprint(p.steps)), step, p.steps)
	rest := []rune(p.stepTime(step, now) + formatValues(values))
	fixed := len(counter) + utf8.RuneCountInString(clock) + 2
	bar := barWidth
	if columns > 0 {
		if bar = min(bar, columns-2-fixed-len(rest)); bar < 4 {
			bar = -1 // not even the space after it
			rest = rest[:max(0, min(len(rest), columns-1-fixed))]
		}
	}
	width = fixed + 1 + bar + len(rest)
	mark := [2]string{"━", "━"}
	if p.ascii {
		mark = [2]string{"=", "."}
	}
	done := max(0, bar*step/max(p.steps, 1))
	filled, empty := strings.Repeat(mark[0], done), strings.Repeat(mark[1], max(0, bar-done))
	if p.color {
		counter, clock = "\x1b[1m"+counter+"\x1b[0m", "\x1b[1m"+clock+"\x1b[0m"
		filled, empty = "\x1b[32m"+filled+"\x1b[0m", "\x1b[37m"+empty+"\x1b[0m"
	}
	if bar < 0 {
		return counter + " " + clock + " " + string(rest), width
	}
	return counter + " " + filled + empty + " " + clock + " " + string(rest), width
}

// rewrite replaces the previous line by one of the given width, in a terminal.
func (p *progress) rewrite(line string, width int) {
	if !p.terminal {
		fmt.Fprint(p.w, line)
		return
	}
	fmt.Fprint(p.w, "\r"+line+strings.Repeat(" ", max(0, p.drawn-width)))
	p.drawn = width
}

func (p *progress) stepTime(step int, now time.Time) string {
	seconds := now.Sub(p.start).Seconds()
	if step > 1 && !p.afterFirst.IsZero() {
		seconds = now.Sub(p.afterFirst).Seconds() / float64(step-1)
	}
	switch {
	case seconds >= 1 || seconds <= 0:
		return fmt.Sprintf("%.0fs/step", math.Max(seconds, 0))
	case seconds >= 1e-3:
		return fmt.Sprintf("%.0fms/step", seconds*1e3)
	}
	return fmt.Sprintf("%.0fus/step", seconds*1e6)
}

// eta formats the remaining seconds as 9s, 1:05 or 1:00:05.
func eta(seconds float64) string {
	s := int(math.Round(seconds))
	switch {
	case s >= 3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	case s >= 60:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%ds", s)
}

func formatValues(values map[string]float64) string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	if i := slices.Index(names, "learning_rate"); i >= 0 { // last, as in Keras
		names = append(slices.Delete(names, i, i+1), "learning_rate")
	}
	var s strings.Builder
	for _, name := range names {
		format := " - %s: %.4f"
		if math.Abs(values[name]) < 1e-3 && values[name] != 0 {
			format = " - %s: %.4e"
		}
		fmt.Fprintf(&s, format, name, values[name])
	}
	return s.String()
}
