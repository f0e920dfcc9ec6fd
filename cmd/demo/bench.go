package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"baregrad/bench"
	"baregrad/cmd/demo/figure"
	"baregrad/internal/terminal"
	"baregrad/kernels"
	"baregrad/kernels/auto"
)

// BenchCommand compares the devices.
type BenchCommand struct {
	Device  []string      `placeholder:"NAME" help:"Devices to measure, separated by commas (all that demo devices lists)."`
	Threads []int         `placeholder:"N" help:"Numbers of cores, separated by commas (one, and all)."`
	Budget  time.Duration `default:"150ms" help:"How long each figure may take."`
	Slowest time.Duration `default:"1s" help:"Skip products and training steps of which a single run would take longer than this."`
	Out     string        `placeholder:"DIR" help:"A folder for the charts, matmul.svg and train.svg."`
	JSON    bool          `name:"json" help:"Print the figures as one JSON object on the last line; its peak_gflops are for one core."`
}

// Run measures and prints the results.
func (c *BenchCommand) Run(ctx context.Context, w io.Writer) error {
	configs, err := c.configs()
	if err != nil {
		return err
	}
	if c.Budget <= 0 || c.Slowest <= 0 {
		return fmt.Errorf("--budget is %v and --slowest is %v, must be above 0", c.Budget, c.Slowest)
	}
	if c.Out != "" {
		if err := makeFolder(c.Out); err != nil {
			return err
		}
	}
	say := paragraphs(w)
	say(0, "%v\n%s", bench.ThisMachine(), crowded(configs))
	begin := time.Now()
	watched, columns := terminal.Width(w)
	watched = watched && os.Getenv("TERM") != "dumb"
	r, err := bench.Measure(ctx, bench.Options{Configs: configs, Budget: c.Budget, Slowest: c.Slowest, Progress: func(what string) {
		if watched {
			fmt.Fprint(w, "\r\x1b[K", cut(fmt.Sprintf("%3.0f s: %s", time.Since(begin).Seconds(), what), columns-1))
		}
	}})
	if watched {
		fmt.Fprint(w, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	showReport(w, r)
	say(0, "Measured in %.0f s. While other programs run, figures are lower.\n", time.Since(begin).Seconds())
	if c.Out != "" {
		folder := figure.Folder{Dir: c.Out, Format: "svg", Saved: func(path string) { fmt.Fprintln(w, "Drawn to", path) }}
		for name, t := range map[string]bench.Table{"matmul": r.Products(), "train": r.Steps()} {
			if len(t.Rows) == 0 {
				continue // nothing of it was measured
			}
			if err := folder.Bars(name, t.Title+", "+t.Unit, t.Rows, columnNames(t), t.Cells); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	return nil
}

// cut returns the part of a line that fits in the given number of columns, because a wrapped line
// in a terminal cannot be overwritten. A negative number means that the width is unknown.
func cut(line string, columns int) string {
	if runes := []rune(line); columns >= 0 && len(runes) > columns {
		return string(runes[:columns])
	}
	return line
}

// configs returns the devices and cores to measure: the available ones, restricted by the command
// line. A requested number of cores applies to the devices that can choose.
func (c *BenchCommand) configs() ([]bench.Config, error) {
	all := bench.Configs()
	known := []string{}
	for _, a := range all {
		if !slices.Contains(known, a.Device) {
			known = append(known, a.Device)
		}
	}
	var asked []string
	for _, name := range c.Device {
		d, err := auto.Open(name) // resolves auto and cpu to a device
		if err != nil {
			return nil, err
		}
		asked = append(asked, d.Name())
		if err := d.Close(); err != nil {
			return nil, err
		}
	}
	var chosen []bench.Config
	for _, name := range known {
		if len(asked) > 0 && !slices.Contains(asked, name) {
			continue
		}
		several := bench.ChoosesCores(name)
		for _, a := range all {
			if a.Device == name && (len(c.Threads) == 0 || !several) {
				chosen = append(chosen, a)
			}
		}
		for _, n := range c.Threads {
			if n < 1 || n > 1024 {
				return nil, fmt.Errorf("--threads is %d, must be from 1 to 1024", n)
			}
			if several {
				chosen = append(chosen, bench.Config{Device: name, Threads: n})
			}
		}
	}
	return chosen, nil
}

// crowded returns a warning if more cores are requested than there are.
func crowded(configs []bench.Config) string {
	cores := bench.ThisMachine().Cores
	for _, c := range configs {
		if c.Threads > cores && bench.ChoosesCores(c.Device) {
			return fmt.Sprintf("This machine has fewer cores than %v asks for: its threads share them.\n", c)
		}
	}
	return ""
}

// showReport prints the tables and the charts. If a table does not fit the terminal, both tables
// are omitted, and the charts show the shares, too.
func showReport(w io.Writer, r *bench.Report) {
	_, columns := terminal.Width(w)
	say := paragraphs(w)
	if len(r.Peaks) > 0 {
		say(0, "\nMeasured peaks of this machine:\n")
		for _, p := range r.Peaks {
			say(4, "  %-16s %6s GFLOP/s in registers, %5s GB/s copied past the caches\n",
				p.Config, bench.Figure(p.GFLOPS), bench.Figure(p.CopyGBs))
		}
		say(0, "\nPercentages refer to these peaks.\n")
	}
	tables := []bench.Table{r.Products(), r.Steps()}
	roomy := columns == 0
	if !roomy {
		roomy = widest(tables[0].Text()) <= columns && widest(tables[1].Text()) <= columns
	}
	for _, t := range tables {
		if roomy {
			fmt.Fprintf(w, "\n%s", t.Text())
		} else {
			fmt.Fprintf(w, "\n%s", t.Chart(chartWidth, true))
		}
		if len(t.Rows) > 0 {
			say(0, "%s\n", t.Note)
		}
	}
	for _, note := range r.StandIns() {
		say(0, "OTHER DATA: %s. Its figures are not the tutorial's.\n", note)
	}
	if roomy {
		fmt.Fprintf(w, "\n%s\n%s", tables[0].Chart(chartWidth, false), tables[1].Chart(chartWidth, false))
	}
	for _, t := range r.Transfers {
		say(0, "\n%v has memory of its own: %s are written at %s GB/s and read at %s GB/s.\n", t.Config,
			kernels.FormatBytes(int64(t.Bytes)), bench.Figure(t.WriteGBs), bench.Figure(t.ReadGBs))
	}
	if len(r.Left) > 0 {
		say(0, "\nNot measured%s, because it would take too long:\n", map[bool]string{true: " (–)"}[roomy])
		for _, left := range r.Left {
			say(4, "  %s\n", left)
		}
	}
	fmt.Fprintln(w)
}

// chartWidth is the length of the longest bar of a chart. Together with a device's name and a
// figure with its share, that is at most 80 columns.
const chartWidth = 40

// widest returns the number of columns of a text's longest line.
func widest(text string) (columns int) {
	for line := range strings.Lines(text) {
		columns = max(columns, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	return columns
}

// columnNames returns the names of the table's devices.
func columnNames(t bench.Table) []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.String())
	}
	return names
}
