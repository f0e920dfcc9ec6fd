//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
)

// A command with eight parts, as a shell script. What each part does is in the variable named
// after it.
const eightParts = `
for ((i = $1; i < 8; i++)); do
	printf x >&3
	name=part$i
	eval "${!name:-echo $i}"
done`

func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		parts  []string // what these parts do; the others write their number
		ends   string   // what the command does after the last part
		output string
		err    string // in the error; "" if there is none
	}{
		"well":       {nil, "", "0 1 2 3 4 5 6 7", ""},
		"says so":    {nil, "exit 1", "0 1 2 3 4 5 6 7", "exit status 1"},
		"hangs":      {[]string{"part2=sleep 60"}, "", "0 1 failed2 3 4 5 6 7", "nothing happened"},
		"lost":       {[]string{"part2=echo lost; exit 3"}, "", "0 1 lost 3 4 5 6 7", "part 3: the GPU is lost"},
		"killed":     {[]string{"part0=kill -9 $$", "part7=kill -9 $$"}, "", "failed0 1 2 3 4 5 6 failed7", "part 8: the program ended: signal: killed"},
		"one by one": {[]string{"part3=exit 2", "part4=exit 1", "part5=exit 3"}, "", "0 1 2 failed3 failed4 6 7", "part 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said bytes.Buffer
			var err error
			idle := time.Minute
			if name == "hangs" {
				idle = time.Second
			}
			// If more than the one process that hangs was stopped, the machine has held up the
			// others: more patience.
			for stopped := 2; stopped > 1 && idle <= time.Minute; idle *= 2 {
				said.Reset()
				err = watch(8, idle, func(from int) *exec.Cmd {
					command := exec.Command("bash", "-c", eightParts+"\n"+c.ends, "-", fmt.Sprint(from))
					command.Env = append(os.Environ(), c.parts...)
					command.Stdout = &said
					command.WaitDelay = idle // for what a killed shell leaves running
					return command
				}, func(part int, why string) error {
					_, err := fmt.Fprintf(&said, "failed%d\n", part)
					return err
				})
				text := fmt.Sprint(err)
				stopped = strings.Count(text, "nothing happened") + strings.Count(text, "signal: killed")
			}
			if got := strings.Join(strings.Fields(said.String()), " "); got != c.output {
				t.Errorf("it wrote %q, want %q", got, c.output)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
	err := watch(8, time.Second, func(int) *exec.Cmd { return exec.Command("bash", "-c", "exit 1") }, nil)
	if err == nil {
		t.Error("a program that ends before its first part gave no error")
	}
}

// The lab's own commands notify the watching process of each part, and skip the parts before the
// one to begin with.
func TestPartsOfCommands(t *testing.T) {
	for _, args := range [][]string{{"time", "memory"}, {"epochs"}, {"forms"}, {"probe", t.TempDir()}} {
		parts, err := failedParts(args, true)
		if err != nil || len(parts) < 5 {
			t.Fatalf("%v has %d parts, error %v", args, len(parts), err)
		}
		const left = 2
		var out, begun bytes.Buffer
		if err := run(&out, "emulator", true, &turns{from: len(parts) - left, watcher: &begun}, args); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if begun.Len() != left || len(lines) != left {
			t.Errorf("%v: of the last %d parts %d were begun, and wrote %d lines", args, left, begun.Len(), len(lines))
			continue
		}
		// The line for a failed part names it like its own line would.
		for i, part := range parts[len(parts)-left:] {
			line := part("it failed")
			if text, ok := line.(string); ok {
				if name := strings.TrimSuffix(text, ": it failed"); !strings.HasPrefix(lines[i], name+" ") {
					t.Errorf("%v: %q stands for %q", args, text, lines[i])
				}
				continue
			}
			text, err := json.Marshal(line)
			var got, want Epoch // and the fields that a Measurement has too
			if err = errors.Join(err, json.Unmarshal(text, &got), json.Unmarshal([]byte(lines[i]), &want)); err != nil {
				t.Fatal(err)
			}
			if got.Name != want.Name || got.By != want.By || got.Batch != want.Batch || got.Problem != "it failed" {
				t.Errorf("%v: %s stands for %s", args, text, lines[i])
			}
		}
	}
	if _, err := failedParts([]string{"to99"}, true); err == nil {
		t.Error("to99 has no parts, and could be watched")
	}
}

// losing is a driver whose GPU is lost during a launch.
type losing struct {
	driver.Driver
	launches int // before that
}

type losingStream struct {
	driver.Stream
	of *losing
}

var errLostGPU = &driver.Error{Err: errors.New("IllegalAddress"), Hint: "a kernel", Lost: true}

func (l *losing) NewStream() (driver.Stream, error) {
	s, err := l.Driver.NewStream()
	return losingStream{s, l}, err
}

func (s losingStream) Launch(f driver.Function, launch driver.Launch) error {
	if s.of.launches--; s.of.launches < 0 {
		return errLostGPU
	}
	return s.Stream.Launch(f, launch)
}

func (s losingStream) BeginCapture() error { return s.Stream.(driver.Capturer).BeginCapture() }
func (s losingStream) EndCapture() (driver.Graph, error) {
	return s.Stream.(driver.Capturer).EndCapture()
}

// If the GPU is lost, a command writes which part it was in and ends. A new process continues.
func TestLostGPUEndsACommand(t *testing.T) {
	list, err := casesOf("memory", true)
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]func(d *cuda.Device, out *bytes.Buffer) error{
		"time":   func(d *cuda.Device, out *bytes.Buffer) error { return timeCases(out, d, list, &turns{}) },
		"epochs": func(d *cuda.Device, out *bytes.Buffer) error { return timeEpochs(out, d, true, &turns{}) },
	} {
		var out bytes.Buffer
		d, err := cuda.New("cuda", &losing{emulator.NewDriver(emulator.Options{}), 30})
		if err != nil {
			t.Fatal(err)
		}
		err = command(d, &out)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if !errors.Is(err, errLost) || !strings.Contains(lines[len(lines)-1], "IllegalAddress") ||
			slices.ContainsFunc(lines[:len(lines)-1], func(l string) bool { return strings.Contains(l, "problem") }) {
			t.Errorf("%s: error %v, and it wrote\n%s", name, err, out.String())
		}
	}
}
