package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"baregrad/kernels/cuda/emulator"
)

// PTXTraceCommand traces one thread, or its whole warp.
type PTXTraceCommand struct {
	ptxLaunch
	BlockIndex string `default:"0,0,0" placeholder:"X,Y,Z" help:"The block to follow."`
	Thread     int    `help:"The thread of the block to follow, counted along x, then y, then z."`
	Warp       bool   `help:"Show the values in all lanes of its warp that take part."`
	Step       bool   `help:"Wait after each instruction for a command: Enter or step, continue, break LINE, print REGISTER, quit."`
}

// tracer follows one thread.
type tracer struct {
	w       io.Writer
	typed   <-chan string   // commands; closed if there is no more input
	ended   <-chan struct{} // closed by Ctrl-C
	lines   []string        // of the source
	block   emulator.Dim3
	warp    int
	lane    int
	whole   bool // show all lanes
	waiting bool // for a command after each instruction
	stops   map[int]bool
	quit    context.CancelFunc
	gone    bool
}

// errQuit ends a trace at the user's request.
var errQuit = errors.New("the trace was quit")

// Run prints one line per instruction: its line number and text, and the registers it names with
// their values after it.
func (c *PTXTraceCommand) Run(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &tracer{
		w: w, typed: typedLines(ctx, os.Stdin), ended: ctx.Done(), warp: c.Thread / 32, lane: c.Thread % 32,
		whole: c.Warp, waiting: c.Step, stops: map[int]bool{}, quit: func() { cancel(errQuit) },
	}
	var err error
	if t.block, err = parseIndex(c.BlockIndex); err != nil {
		return err
	}
	j, err := c.prepare(ctx, emulator.Options{Trace: t.step})
	if err != nil {
		return err
	}
	grid, block := j.config.Grid, j.config.Block
	if t.block.X >= grid.X || t.block.Y >= grid.Y || t.block.Z >= grid.Z {
		return fmt.Errorf("--block-index %v is outside the grid of %v", t.block, grid)
	}
	// In float64, because the given block may be too large for any machine, which the launch
	// refuses.
	if n := float64(block.X) * float64(block.Y) * float64(block.Z); c.Thread < 0 || float64(c.Thread) >= n {
		return fmt.Errorf("--thread %d: a block has threads 0 to %.0f", c.Thread, n-1)
	}
	t.lines = strings.Split(j.source, "\n")
	if err := j.run(ctx); err != nil {
		if errors.Is(context.Cause(ctx), errQuit) {
			return nil
		}
		return err
	}
	return j.results(w)
}

// typedLines returns a channel with the lines of r, so that waiting for a line can also wait for
// ctx.
func typedLines(ctx context.Context, r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// parseIndex parses "X,Y,Z" with numbers from 0.
func parseIndex(text string) (emulator.Dim3, error) {
	var index [3]uint32
	for i, part := range strings.Split(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil || i > 2 {
			return emulator.Dim3{}, fmt.Errorf("--block-index %s: must be one to three numbers, such as 0 or 4,2", text)
		}
		index[i] = uint32(n)
	}
	return emulator.Dim3{X: index[0], Y: index[1], Z: index[2]}, nil
}

// step is called for every instruction of every warp.
func (t *tracer) step(s emulator.Step) {
	if t.gone || s.Block != t.block || s.Warp != t.warp || s.Lanes>>t.lane&1 == 0 {
		return
	}
	line := int(s.Instr.Pos.Line)
	text := ""
	if line <= len(t.lines) {
		text, _, _ = strings.Cut(t.lines[line-1], "//")
	}
	traced := fmt.Sprintf("%5d  %-56s", line, strings.TrimSpace(text))
	shown := map[string]bool{}
	for _, r := range s.Registers() {
		if !shown[r.Name] {
			shown[r.Name] = true
			traced += fmt.Sprintf(" %s=%s", r.Name, t.value(s, r))
		}
	}
	paragraphs(t.w)(11, "%s\n", strings.TrimRight(traced, " "))
	if t.stops[line] {
		t.waiting = true
	}
	for t.waiting && !t.command(s) {
	}
}

// value formats a register's value in the thread, or in all lanes of the warp.
func (t *tracer) value(s emulator.Step, r *emulator.Register) string {
	if !t.whole {
		return s.Value(r, t.lane)
	}
	var values []string
	same := true
	for lane := range 32 {
		if s.Lanes>>lane&1 != 0 {
			values = append(values, s.Value(r, lane))
			same = same && values[0] == values[len(values)-1]
		}
	}
	if same {
		return values[0]
	}
	if evenly(values) {
		values = []string{values[0], values[1], "…", values[len(values)-1]}
	}
	return "[" + strings.Join(values, " ") + "]"
}

// evenly reports whether values are five or more integers with equal differences, as thread numbers
// and addresses often are.
func evenly(values []string) bool {
	var before, step int64
	for i, text := range values {
		v, err := strconv.ParseInt(text, 0, 64)
		if err != nil || i > 1 && v-before != step {
			return false
		}
		before, step = v, v-before
	}
	return len(values) >= 5
}

// command executes one command; it returns true if the kernel should continue.
func (t *tracer) command(s emulator.Step) bool {
	fmt.Fprint(t.w, "(step, continue, break LINE, print REGISTER, quit) ")
	var words []string
	select {
	case line, ok := <-t.typed:
		if !ok {
			fmt.Fprintln(t.w)
			t.waiting = false // no more input
			return true
		}
		words = strings.Fields(line)
	case <-t.ended:
		fmt.Fprintln(t.w)
		t.gone, t.waiting = true, false
		return true
	}
	if len(words) == 0 {
		return true
	}
	is := func(name string, arguments int) bool {
		return len(words) == arguments+1 && strings.HasPrefix(name, words[0])
	}
	switch {
	case is("step", 0):
		return true
	case is("continue", 0):
		t.waiting = false
		return true
	case is("quit", 0):
		t.gone, t.waiting = true, false
		t.quit()
		return true
	case is("break", 1):
		line, err := strconv.Atoi(words[1])
		if err != nil || line < 1 || line > len(t.lines) {
			fmt.Fprintf(t.w, "%s is no line from 1 to %d\n", words[1], len(t.lines))
			return false
		}
		t.stops[line] = !t.stops[line]
		fmt.Fprintf(t.w, "line %d: stop %v\n", line, t.stops[line])
		return false
	case is("print", 1):
		r := s.Register(words[1])
		if r == nil {
			fmt.Fprintf(t.w, "no register is called %s here\n", words[1])
			return false
		}
		for lane := range 32 {
			thread := s.Thread(lane)
			fmt.Fprintf(t.w, "  thread %v: %s\n", thread, s.Value(r, lane))
		}
		return false
	}
	fmt.Fprintln(t.w, "Enter or step: one instruction; continue: to the end or the next stop; break LINE: stop there, or no longer; print REGISTER: its value in each lane; quit")
	return false
}
