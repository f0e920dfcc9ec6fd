package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"baregrad/bench"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator/probe"
)

// A kernel that fails on a GPU makes the GPU unusable for its process: every later driver call
// fails, too. So gpulab watch runs a command's parts in another process. If that ends early,
// reports a lost GPU, or hangs, its current part is recorded as failed, and a new process continues
// with the next part.

// turns counts the parts of a command: parts up to from are skipped, and the watching process, if
// any, is notified of each part that begins.
type turns struct {
	from, at int
	watcher  io.Writer // gets one byte per part
}

// take reports whether to do the next part.
func (t *turns) take() bool {
	t.at++
	if t.at <= t.from {
		return false
	}
	if t.watcher != nil {
		t.watcher.Write([]byte{1}) // if nobody reads, nobody watches
	}
	return true
}

// errLost ends a command whose GPU is lost; the failure has been written.
var errLost = errors.New("the GPU is lost")

// exitLost is the exit status of a process ended by errLost.
const exitLost = 3

func isLost(err error) bool {
	var known *driver.Error
	return errors.As(err, &known) && known.Lost
}

// watchedFile is the file descriptor to which a watched process writes its bytes, and watched the
// environment variable that tells it to.
const (
	watchedFile = 3
	watched     = "BAREGRAD_LAB_WATCHED"
)

// watcher returns that file if this process is watched.
func watcher() io.Writer {
	if os.Getenv(watched) == "" {
		return nil
	}
	return os.NewFile(watchedFile, "watcher")
}

// failedParts returns, for each part of a command, the output that represents its failure for a
// given reason.
func failedParts(args []string, smoke bool) (list []func(why string) any, err error) {
	switch {
	case len(args) == 2 && args[0] == "time":
		cases, err := casesOf(args[1], smoke)
		if err != nil {
			return nil, err
		}
		for _, c := range inOrder(cases) {
			list = append(list, func(why string) any { return Measurement{Case: c, By: "baregrad", Problem: why} })
		}
	case len(args) == 1 && args[0] == "epochs":
		for _, n := range bench.Networks() {
			list = append(list, func(why string) any { e := epochOf(n, smoke); e.Problem = why; return e })
		}
	case len(args) == 1 && args[0] == "forms":
		for _, c := range formChecks() {
			list = append(list, func(why string) any { return c.name + ": " + why })
		}
	case len(args) == 2 && args[0] == "probe":
		for _, i := range probe.Instructions() {
			list = append(list, func(why string) any { return i.Name + ": " + why })
		}
	default:
		return nil, fmt.Errorf("%v can't be watched: there are time GROUP, epochs, forms and probe DIR", args)
	}
	return list, nil
}

// watch runs a command with the given number of parts. start creates the process that begins with
// part from. It must write a byte to its file watchedFile for each part begun, and is killed if a
// part takes longer than idle. failed writes the output for a failed part.
func watch(parts int, idle time.Duration, start func(from int) *exec.Cmd, failed func(part int, why string) error) error {
	var failures []error
	for from := 0; from < parts; {
		begun, hung, err := oneProcess(start(from), idle)
		at := from + begun - 1 // the current part
		var exit *exec.ExitError
		switch {
		case err == nil:
			return errors.Join(failures...)
		case begun == 0:
			return errors.Join(append(failures, err)...)
		case hung:
			err = fmt.Errorf("nothing happened for %v: it was stopped", idle)
		case errors.As(err, &exit) && exit.ExitCode() == 1 && at == parts-1:
			return errors.Join(append(failures, err)...) // it reached its end, and reports an error
		case errors.As(err, &exit) && exit.ExitCode() == exitLost: // it has reported that itself
			failures = append(failures, fmt.Errorf("part %d: %w", at+1, errLost))
			from = at + 1
			continue
		}
		why := err
		if !hung {
			why = fmt.Errorf("the program ended: %w", err)
		}
		failures = append(failures, fmt.Errorf("part %d: %w", at+1, why))
		if err := failed(at, why.Error()); err != nil {
			return err
		}
		from = at + 1
	}
	return errors.Join(failures...)
}

// oneProcess runs a process and returns how many parts it has begun, and whether it had to be
// killed.
func oneProcess(c *exec.Cmd, idle time.Duration) (begun int, hung bool, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return 0, false, err
	}
	defer read.Close()
	c.ExtraFiles = []*os.File{write} // which becomes number 3
	c.Env = append(c.Environ(), watched+"=1")
	err = c.Start()
	write.Close()
	if err != nil {
		return 0, false, err
	}
	var killed atomic.Bool
	timer := time.AfterFunc(2*idle, func() { // starting the program takes time, too
		killed.Store(true)
		c.Process.Kill()
		read.Close() // which child processes may hold open
	})
	one := make([]byte, 1)
	for {
		if n, err := read.Read(one); n == 0 || err != nil {
			break
		}
		begun++
		timer.Reset(idle)
	}
	err = c.Wait()
	timer.Stop()
	return begun, killed.Load(), err
}

// watchCommand watches one of this program's commands.
func watchCommand(w io.Writer, device string, smoke bool, args []string) error {
	parts, err := failedParts(args, smoke)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	idle := 20 * time.Second
	if smoke {
		idle *= 30
	}
	return watch(len(parts), idle, func(from int) *exec.Cmd {
		flags := []string{"-device", device, "-smoke=" + strconv.FormatBool(smoke), "-from", strconv.Itoa(from)}
		c := exec.Command(self, append(flags, args...)...)
		c.Args[0] = "gpulab"
		c.Stdout, c.Stderr = w, os.Stderr
		return c
	}, func(part int, why string) error {
		line := parts[part](why)
		if text, ok := line.(string); ok {
			_, err := fmt.Fprintln(w, strings.ReplaceAll(text, "\n", " "))
			return err
		}
		return json.NewEncoder(w).Encode(line)
	})
}

// lostAfter returns errLost if the device is lost, otherwise nil.
func lostAfter(d *cuda.Device) error {
	if d.Lost() {
		return errLost
	}
	return nil
}
