package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

// sized stands for a terminal of so many columns; of 0, for a file.
type sized struct {
	io.Writer
	columns int
}

func (s sized) Width() (terminal bool, columns int) { return s.columns > 0, s.columns }

// On a terminal of 80 columns no line of these commands is longer.
func TestNarrowOutput(t *testing.T) {
	t.Setenv("NO_COLOR", "1") // whose codes take no room
	for _, command := range []string{
		"devices", "ptx list", "tutorial list",
		"ptx stats relu.ptx -k relu_fwd_f32 --block 256 --arg f32[5] --arg f32[5]=range(-2,1) --arg 5",
		"ptx trace relu.ptx -k relu_fwd_f32 --block 256 --arg f32[5] --arg f32[5]=range(-2,1) --arg 5 --warp",
		"profile binary-mlp --device reference --budget 1ns --threads 1",
		"train --model mlp --limit 300 --epochs 1 --save PATH/m.safetensors --device reference",
	} {
		var out, errs strings.Builder
		if status := run(context.Background(), withPath(command, t.TempDir()), sized{&out, 80}, &errs); status != 0 {
			t.Fatalf("demo %s: status %d: %s", command, status, errs.String())
		}
		for line := range strings.Lines(out.String()) {
			// A command to copy is not broken.
			if n := widest(line); n > 80 && !strings.HasPrefix(line, "  demo ") && !strings.Contains(line, "\r") {
				t.Errorf("demo %s: a line of %d columns: %s", command, n, line)
			}
		}
	}
}

func TestEvenly(t *testing.T) {
	for values, want := range map[string]bool{
		"0 1 2 3 4": true, "0x10 0x14 0x18 0x1c 0x20": true, "-2 -1 0 1 2": true, "7 5 3 1 -1": true,
		"0 1 2 3": false, "0 1 2 3 5": false, "0.5 1 1.5 2 2.5": false, "1 0 0 0 0": false,
	} {
		if evenly(strings.Fields(values)) != want {
			t.Errorf("%s: %v, want %v", values, !want, want)
		}
	}
}

// A path in a command to copy is one argument, whatever is in it.
func TestArgument(t *testing.T) {
	for path, want := range map[string]string{
		"mnist-cnn.safetensors": "mnist-cnn.safetensors", "/tmp/ä/1,5%.bin": "/tmp/ä/1,5%.bin", "": "''", "my model": "'my model'",
		"a$b": "'a$b'", "it's": `'it'\''s'`, "~/m": "'~/m'",
	} {
		if got := argument(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}
