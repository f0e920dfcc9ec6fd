package main

import (
	"os"
	"strings"
	"testing"
)

// Every command of the tour of the emulator prints what the page says: the lines
// that stand under it, in their order, with others between them.
func TestEmulatorTour(t *testing.T) {
	t.Chdir("../..")
	page, err := os.ReadFile("docs/EMULATOR.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range strings.Split(string(page), "\n    $ demo ptx ")[1:] {
		lines := strings.Split(block, "\n")
		command := lines[0]
		_, out, errs := ptx(t, words(command)...)
		rest := strings.Split(out+errs, "\n")
		shown := 0
		for _, line := range lines[1:] {
			want, inside := strings.CutPrefix(line, "    ")
			if !inside {
				break
			}
			shown++
			for len(rest) > 0 && rest[0] != want {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				t.Errorf("demo ptx %s\ndoes not print, at its place:\n%s\nbut:\n%s%s", command, want, out, errs)
				break
			}
			rest = rest[1:]
		}
		if shown == 0 {
			t.Errorf("the page shows nothing of what demo ptx %s prints", command)
		}
		commands++
	}
	if commands < 8 {
		t.Errorf("the page has %d commands, want 8", commands)
	}
}

// words splits a command line at its spaces; quotes are for the shell.
func words(command string) []string {
	return strings.Fields(strings.ReplaceAll(command, "'", ""))
}
