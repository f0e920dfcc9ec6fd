//go:build unix

package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ctrl-C during a training that saves each epoch: the program says how far it got
// and ends with the shell's status for it; the file is that of the last epoch, whole.
func TestCtrlC(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	c := exec.Command(os.Args[0], "train", "--model", "mlp", "--limit", "2000", "--epochs", "1000", "--checkpoint", "--save", path)
	c.Env = append(os.Environ(), runDemo+"=1")
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Epoch 4/1000") {
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until it has ended
	}
	c.Wait()
	if status := c.ProcessState.ExitCode(); status != statusInterrupted || !strings.Contains(errs.String(), "training stopped in epoch") {
		t.Errorf("status %d, want %d; standard error %q", status, statusInterrupted, errs.String())
	}
	m := load(t, path)
	if _, steps := m.Compiled(); steps < 3*16 || steps%16 != 0 {
		t.Errorf("the file is that of step %d, want the end of an epoch of 16 steps, the third or a later one", steps)
	}
	if status, _, errs := demo(context.Background(), "predict", "--model", path, "-n", "1"); status != 0 {
		t.Errorf("predict: status %d, %s", status, errs)
	}
	rests, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil || len(rests) > 0 {
		t.Errorf("%v lie beside the file (error %v)", rests, err)
	}
}

// Ctrl-C ends a command that waits for a pipe that nobody writes to.
func TestCtrlCWhileReadingAPipe(t *testing.T) {
	model, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"predict", "--model", model, pipe}, {"show", "--model", model, "--picture", pipe}, {"ptx", "run", pipe}} {
		ctx, cancel := context.WithCancel(context.Background())
		status := make(chan int, 1)
		go func() {
			s, _, _ := demo(ctx, args...)
			status <- s
		}()
		time.Sleep(200 * time.Millisecond) // it waits by now; else it ends before it does, which is as good
		cancel()
		if s := <-status; s != statusInterrupted { // if it still waits, go test ends the test
			t.Errorf("%v: status %d, want %d", args, s, statusInterrupted)
		}
		// Whoever waits to open the pipe gets its other end, and then the end of the file.
		if other, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			other.Close()
		}
	}
}
