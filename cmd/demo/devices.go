package main

import (
	"encoding/json"
	"fmt"
	"io"

	"baregrad/kernels"
	"baregrad/kernels/auto"
)

// DevicesCommand lists the devices.
type DevicesCommand struct {
	JSON bool `help:"Print the list as one JSON object on the last line."`
}

// Run prints one line per device, and a second one if something is missing.
func (c *DevicesCommand) Run(w io.Writer) error {
	list := auto.List()
	if c.JSON {
		return json.NewEncoder(w).Encode(map[string]any{"devices": list})
	}
	say := paragraphs(w)
	for _, d := range list {
		const indent = 13 // where a device's description begins
		if !d.Available {
			say(indent, "✗ %-10s %s\n", d.Name, d.Reason)
			continue
		}
		say(indent, "✓ %-10s %s\n", d.Name, holdings(d))
	}
	return nil
}

// holdings returns what an available device has.
func holdings(d auto.Info) string {
	what := ""
	if d.Hardware != "" {
		what = d.Hardware + ", "
	}
	unit := "core"
	if d.Name == "cuda" { // NVIDIA's cores are the parts of a multiprocessor
		unit = "multiprocessor"
	}
	what += fmt.Sprintf("%d %s", d.Workers, plural(d.Workers, unit, unit+"s"))
	if d.Memory > 0 {
		what += fmt.Sprintf(", %s of memory", kernels.FormatBytes(d.Memory))
	}
	if d.Free > 0 {
		what += fmt.Sprintf(" (%s to be had)", kernels.FormatBytes(d.Free))
	}
	return what
}

// withoutGPU says in a line why a program with GPU support computes on another device, if the choice
// was left to it.
func withoutGPU(w io.Writer, asked string, d kernels.Device) {
	if asked != "auto" || d.Name() == "cuda" {
		return
	}
	if why := auto.WithoutGPU(); why != "" {
		fmt.Fprintf(w, "No GPU: %s\n", why)
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
