package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/emulator/probe"
)

// askHardware records what the hardware does where PTX leaves it open, one record per instruction,
// and reports how far the emulator agrees. If a GPU lacks an instruction, the others are still
// recorded. Results beyond the manual's bounds are recorded, too, and lead to an error at the end.
func askHardware(w io.Writer, g driver.Driver, dir string, parts *turns) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	beyond := 0
	for _, i := range probe.Instructions() {
		if !parts.take() {
			continue
		}
		r, err := probe.Ask(g, i, nil)
		if err != nil {
			fmt.Fprintf(w, "%-62s not asked: %v\n", i.Name, err)
			if isLost(err) {
				return errLost
			}
			continue
		}
		var file bytes.Buffer
		if err := r.Write(&file); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, i.Name+".probe"), file.Bytes(), 0o644); err != nil {
			return err
		}
		e := emulator.NewDriver(emulator.Options{})
		want, err := probe.Ask(e, i, r.In)
		if err != nil {
			return err
		}
		if err := e.Close(); err != nil {
			return err
		}
		c := i.Compare(r, want.Out)
		fmt.Fprintf(w, "%-62s %7d of %7d as the emulator's, %d beyond the bounds\n", i.Name, c.Same, c.Words, c.Beyond)
		if c.First != nil {
			fmt.Fprintf(w, "    %v\n", c.First)
			beyond++
		}
	}
	if beyond > 0 {
		return fmt.Errorf("%d instructions have answers beyond the manual's bounds", beyond)
	}
	return nil
}
