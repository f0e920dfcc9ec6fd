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

// Run prints one line for each device, and a second where something is missing.
func (c *DevicesCommand) Run(w io.Writer) error {
	list := auto.List()
	if c.JSON {
		return json.NewEncoder(w).Encode(map[string]any{"devices": list})
	}
	for _, d := range list {
		if !d.Available {
			fmt.Fprintf(w, "✗ %-10s %s\n", d.Name, d.Reason)
			continue
		}
		fmt.Fprintf(w, "✓ %-10s", d.Name)
		if d.Hardware != "" {
			fmt.Fprintf(w, " %s,", d.Hardware)
		}
		fmt.Fprintf(w, " %d %s", d.Workers, plural(d.Workers, "core", "cores"))
		if d.Memory > 0 {
			fmt.Fprintf(w, ", %s of memory", kernels.FormatBytes(d.Memory))
		}
		if d.Free > 0 {
			fmt.Fprintf(w, " (%s to be had)", kernels.FormatBytes(d.Free))
		}
		fmt.Fprintln(w)
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
