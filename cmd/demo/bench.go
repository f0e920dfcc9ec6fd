package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"baregrad/bench"
	"baregrad/cmd/demo/figure"
	"baregrad/internal/terminal"
	"baregrad/kernels"
	"baregrad/nn"
)

// BenchCommand compares the devices.
type BenchCommand struct {
	Device  []string      `placeholder:"NAME" help:"Which devices to measure, with commas between (all that demo devices lists)."`
	Threads []int         `placeholder:"N" help:"On how many cores, with commas between (one, and all)."`
	Budget  time.Duration `default:"150ms" help:"How long each figure may take."`
	Slowest time.Duration `default:"1s" help:"Leave out a product or a training step that would take longer than this once."`
	Out     string        `placeholder:"DIR" help:"A folder for the charts, matmul.svg and train.svg."`
	JSON    bool          `name:"json" help:"Print the figures as one JSON object on the last line; its peak_gflops are of one core."`
}

// Run measures and draws.
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
	fmt.Fprintf(w, "%v\n%s", bench.ThisMachine(), crowded(configs))
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
	fmt.Fprintf(w, "Measured in %.0f s. Other programs at work make figures smaller.\n", time.Since(begin).Seconds())
	if c.Out != "" {
		folder := figure.Folder{Dir: c.Out, Format: "svg", Saved: func(path string) { fmt.Fprintln(w, "Drawn to", path) }}
		for name, t := range map[string]bench.Table{"matmul": r.Products(), "train": r.Steps()} {
			if len(t.Rows) == 0 {
				continue // all of it was left out
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

// cut is the part of a line that has room in so many columns: what goes on in the next line of
// a terminal can't be written over. Where their number is not known, it is below 0.
func cut(line string, columns int) string {
	if runes := []rune(line); columns >= 0 && len(runes) > columns {
		return string(runes[:columns])
	}
	return line
}

// configs are the devices and cores to measure: those that are here, less what
// the command line leaves out. A number of cores that it asks for is taken by the
// devices that can choose.
func (c *BenchCommand) configs() ([]bench.Config, error) {
	all := bench.Configs()
	known := []string{}
	for _, a := range all {
		if !slices.Contains(known, a.Device) {
			known = append(known, a.Device)
		}
	}
	for _, name := range c.Device {
		if !slices.Contains(known, name) {
			return nil, nn.Unknown("device of this machine", name, known)
		}
	}
	var chosen []bench.Config
	for _, name := range known {
		if len(c.Device) > 0 && !slices.Contains(c.Device, name) {
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

// crowded is a line that says so where more cores are asked for than there are.
func crowded(configs []bench.Config) string {
	cores := bench.ThisMachine().Cores
	for _, c := range configs {
		if c.Threads > cores && bench.ChoosesCores(c.Device) {
			return fmt.Sprintf("This machine has fewer cores than %v asks for: its threads share them.\n", c)
		}
	}
	return ""
}

// showReport prints the tables and the chart.
func showReport(w io.Writer, r *bench.Report) {
	if len(r.Peaks) > 0 {
		fmt.Fprintln(w, "\nWhat the machine was measured to do at best:")
		for _, p := range r.Peaks {
			fmt.Fprintf(w, "  %-16s %6s GFLOP/s in registers, %5s GB/s copied past the caches\n",
				p.Config, bench.Figure(p.GFLOPS), bench.Figure(p.CopyGBs))
		}
		fmt.Fprintln(w, "\nPer cents are of that peak.")
	}
	for _, t := range []bench.Table{r.Products(), r.Steps()} {
		fmt.Fprintf(w, "\n%s", t.Text())
		if len(t.Rows) > 0 {
			fmt.Fprintln(w, t.Note)
		}
	}
	for _, note := range r.StandIns() {
		fmt.Fprintf(w, "OTHER DATA: %s. Its figures are not the tutorial's.\n", note)
	}
	fmt.Fprintf(w, "\n%s\n%s", r.Products().Chart(40), r.Steps().Chart(40))
	for _, t := range r.Transfers {
		fmt.Fprintf(w, "\n%v has memory of its own: %s are written at %s GB/s and read at %s GB/s.\n", t.Config,
			kernels.FormatBytes(int64(t.Bytes)), bench.Figure(t.WriteGBs), bench.Figure(t.ReadGBs))
	}
	if len(r.Left) > 0 {
		fmt.Fprintf(w, "\nNot measured (–), because it would take too long:\n")
		for _, left := range r.Left {
			fmt.Fprintln(w, " ", left)
		}
	}
	fmt.Fprintln(w)
}

// columnNames are the names of the table's devices.
func columnNames(t bench.Table) []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.String())
	}
	return names
}
