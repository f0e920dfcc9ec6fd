package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"baregrad/bench"
	"baregrad/internal/terminal"
	"baregrad/kernels/auto"
)

// ProfileCommand shows where a training step's time goes.
type ProfileCommand struct {
	Network string        `arg:"" help:"The tutorial whose network to profile; demo tutorial lists them."`
	Device  string        `default:"auto" help:"The device to compute on: auto, cpu, reference, or another that demo devices lists."`
	Threads []int         `placeholder:"N" help:"Number of cores (all). Two numbers, separated by a comma, are measured alternately and compared."`
	Budget  time.Duration `default:"3s" help:"How long to train on each number of cores."`
	JSON    bool          `name:"json" help:"Print the figures as one JSON object on the last line."`
}

// Run trains and prints one line per call.
func (c *ProfileCommand) Run(ctx context.Context, w io.Writer) error {
	n, err := bench.NetworkByName(c.Network)
	if err != nil {
		return err
	}
	if c.Budget <= 0 {
		return fmt.Errorf("--budget is %v, must be above 0", c.Budget)
	}
	configs, err := c.configs()
	if err != nil {
		return err
	}
	say := paragraphs(w)
	say(0, "%v\n%s", bench.ThisMachine(), crowded(configs))
	p, err := bench.ProfileSteps(ctx, n, configs, c.Budget)
	if err != nil {
		return err
	}
	say(0, "\n%s: training steps of %d examples from step %d of an epoch on, on %s.\n", p.Network, p.Batch, p.From, p.Data)
	if p.StandIn {
		say(0, "OTHER DATA: the figures are not the tutorial's.\n")
	}
	_, columns := terminal.Width(w)
	say(0, "Each time is the middle one of %s.\n", steps(p.Results))
	fmt.Fprintf(w, "\n%s\n", p.Text(columns))
	say(0, "Products and convolutions skip zeros, but GFLOP/s count them. While other programs run, times are longer.\n")
	if configs[0].Device == "cuda" {
		say(0, "Here the program waits for each call. When it trains, a GPU gets a whole step at once, as one graph, which takes less time.\n")
	}
	if c.JSON {
		return json.NewEncoder(w).Encode(p)
	}
	return nil
}

// steps says how many steps were timed on each configuration.
func steps(results []bench.ProfileResult) string {
	var counts []string
	for _, r := range results {
		counts = append(counts, fmt.Sprint(r.Steps))
	}
	return strings.Join(counts, " and ") + " " + plural(results[0].Steps, "step", "steps")
}

// configs returns the device with each number of cores.
func (c *ProfileCommand) configs() ([]bench.Config, error) {
	d, err := auto.Open(c.Device) // resolves auto and cpu to a device
	if err != nil {
		return nil, err
	}
	name := d.Name()
	if err := d.Close(); err != nil {
		return nil, err
	}
	if name == "emulator" {
		return nil, fmt.Errorf("--device is %s: the emulator's time is not a GPU's; demo ptx stats counts what a kernel does", c.Device)
	}
	if len(c.Threads) > 0 && !bench.ChoosesCores(name) {
		return nil, fmt.Errorf("--threads is %d, but %s has its own cores", c.Threads[0], name)
	}
	var configs []bench.Config
	for _, threads := range c.Threads {
		if threads < 1 || threads > 1024 {
			return nil, fmt.Errorf("--threads is %d, must be from 1 to 1024", threads)
		}
		configs = append(configs, bench.Config{Device: name, Threads: threads})
	}
	if configs == nil {
		all := auto.List()
		i := slices.IndexFunc(all, func(d auto.Info) bool { return d.Name == name })
		configs = []bench.Config{{Device: name, Threads: all[i].Workers}}
	}
	return configs, nil
}
