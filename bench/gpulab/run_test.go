//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"baregrad/kernels/kerneltest"
)

// run.sh keeps to its budget whatever its steps do. In these tests, scripts that take as long as
// the test says replace the programs that it starts. Except in one test, date and timeout are
// replaced too, so that hours pass in no time.

// A fakeLab is run.sh with such programs around it.
type fakeLab struct {
	dir, out string
	path     string // a folder of programs that take precedence over the machine's
	again    bool   // whether to add to what was measured before

	shellStart string // a file that bash reads before run.sh, if not empty
}

// The fake programs. The time that a program takes is in the file seconds/NAME, where NAME is the
// program and its arguments, or else in seconds/all; the default is 1 second. A stopped program
// must be killed, which takes two more seconds.
const (
	fakeProgram = `#!/usr/bin/env bash
name=$(basename "$0"); name=${name%.py}
for a in "$@"; do case $a in -*) ;; */*) ;; *) name=$name-$a ;; esac; done
echo "$name" >>"$FAKE/begun"
[ -e "$FAKE/hangs" ] && [ "$BAREGRAD_LIBCUDA" != emulator ] && { echo 1000000 >"$FAKE/takes"; exit 1; }
case $name in
gpulab-about)
	[ -e "$FAKE/noGPU" ] && { echo 'gpulab: the driver "sulks"' >&2; exit 1; }
	echo "{\"Name\":\"a stand-in$(cat "$FAKE/other" 2>/dev/null)\",\"Compute\":[9,0]}"; exit ;;
gpulab-report* | gpulab-cases*) exec -a gpulab "$FAKE_LAB" "$@" ;;
demo-train-cuda) echo '{"test_accuracy":0.991,"test_loss":0.03}' ;;
gpulab-profile) echo '{"what":"a product","kernel":"k","set":"products"}' ;;
gpulab-watch-time-matmul) echo '{"name":"matmul fp32 2048x2048x2048","kind":"matmul","by":"baregrad","flop":1e9,"seconds":0.001}' ;;
esac
for takes in "$FAKE/seconds/$name" "$FAKE/seconds/all"; do
	[ -e "$takes" ] || continue
	cat "$takes" >"$FAKE/takes"
	[ -z "$FAKE_REALLY" ] || { trap '' TERM; while :; do sleep 1; done; }
done
exit 0
`
	fakePython = `#!/usr/bin/env bash
case $1 in -c | torch_start.py) echo 'a library greets you
baregrad lab: yes
PyTorch 0'; exit ;; esac # PyTorch is there, and there is a GPU
script=$1; shift
exec "$FAKE/lab/bin/${script%.py}" "$@"
`
	fakeDate = `#!/usr/bin/env bash
[ "$*" = +%s ] && exec cat "$FAKE/clock"
echo then
`
	fakeTimeout = `#!/usr/bin/env bash
[ "$1" = -k ] && shift 2
limit=$1; shift
echo 1 >"$FAKE/takes"
"$@"; status=$?
case $* in *' report '* | *tar*) exit $status ;; esac # no time at all
read -r takes <"$FAKE/takes"; read -r clock <"$FAKE/clock"
if [ "$takes" -gt "$limit" ]; then takes=$((limit + 2)) status=137; fi
echo $((clock + takes)) >"$FAKE/clock"
exit $status
`
)

func newFakeLab(t *testing.T, seconds map[string]int) fakeLab {
	t.Helper()
	for _, program := range []string{"bash", "timeout", "tar", "cksum", "tee"} {
		_, err := exec.LookPath(program)
		kerneltest.Require(t, "shell", err == nil, fmt.Sprintf("run.sh calls %s: %v", program, err))
	}
	dir := t.TempDir()
	f := fakeLab{dir: dir, out: filepath.Join(dir, "out"), path: filepath.Join(dir, "path")}
	bin := filepath.Join(dir, fmt.Sprintf("baregrad-gpu-lab-%d", os.Getuid()), "bin")
	for _, folder := range []string{bin, f.path, filepath.Join(dir, "seconds"), filepath.Join(dir, "lab")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"gpulab", "gpulab.test", "nvidia.test", "demo", "torch_time", "torch_train"} {
		script(filepath.Join(bin, name), fakeProgram)
	}
	if err := os.Symlink(bin, filepath.Join(dir, "lab", "bin")); err != nil {
		t.Fatal(err)
	}
	script(filepath.Join(f.path, "date"), fakeDate)
	script(filepath.Join(f.path, "timeout"), fakeTimeout)
	script(filepath.Join(f.path, "python3"), fakePython)
	script(filepath.Join(f.path, "compute-sanitizer"), fakeProgram)
	for name, n := range seconds {
		write(t, filepath.Join(dir, "seconds"), name, []byte(strconv.Itoa(n)))
	}
	text, err := os.ReadFile("run.sh")
	if err != nil {
		t.Fatal(err)
	}
	script(filepath.Join(dir, "run.sh"), string(text))
	write(t, dir, "lab.tar.xz", []byte("unpacked already"))
	sum, err := exec.Command("bash", "-c", `cksum <"$1"`, "-", filepath.Join(dir, "lab.tar.xz")).Output()
	if err != nil {
		t.Fatal(err)
	}
	write(t, bin, "sum", sum)
	return f
}

// run starts run.sh. It returns the status of each step by name, the output, and how long it took.
func (f fakeLab) run(t *testing.T, args ...string) (statuses map[string]string, report Report, said string, took time.Duration) {
	t.Helper()
	if !f.again {
		args = append([]string{"--fresh"}, args...)
	}
	steadily(t, func() {
		c := f.command(t, args...)
		begin := time.Now()
		output, err := c.CombinedOutput()
		if _, exited := err.(*exec.ExitError); err != nil && !exited {
			t.Fatal(err)
		}
		said, took = string(output), time.Since(begin)
	})
	text, err := os.ReadFile(filepath.Join(f.out, "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	report = Report{}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	statuses = map[string]string{}
	for _, c := range report.Checks {
		statuses[c.Name] = c.Status
	}
	return statuses, report, said, took
}

// command returns run.sh as a command, with the clock at the beginning.
func (f fakeLab) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	really := ""
	if _, err := os.Stat(filepath.Join(f.path, "timeout")); err != nil {
		really = "1"
	}
	write(t, f.dir, "clock", []byte("1000\n"))
	c := exec.Command("bash", append([]string{filepath.Join(f.dir, "run.sh")}, args...)...)
	c.Env = append(os.Environ(), "PATH="+f.path+string(os.PathListSeparator)+os.Getenv("PATH"), "TMPDIR="+f.dir, "OUT="+f.out,
		"FAKE="+f.dir, "FAKE_LAB="+self, "FAKE_REALLY="+really, "PYTHON=python3", "BASH_ENV="+f.shellStart)
	return c
}

// steadily calls f again if the machine froze in the meantime, as a virtual machine may on a busy
// host, or a closed laptop: run.sh's limits are in clock time.
func steadily(t *testing.T, f func()) {
	t.Helper()
	for range 5 {
		done, most := make(chan struct{}), make(chan time.Duration)
		go func() {
			var longest time.Duration
			last := time.Now()
			for {
				select {
				case <-done:
					most <- max(longest, time.Since(last))
					return
				case <-time.After(50 * time.Millisecond):
					longest, last = max(longest, time.Since(last)), time.Now()
				}
			}
		}()
		f()
		close(done)
		longest := <-most
		if longest < time.Second {
			return
		}
		t.Logf("the machine stood still for %v: once more", longest)
	}
	kerneltest.Require(t, "steady-clock", false, "in five runs this machine stood still for a second each time, which run.sh's limits count")
}

// clock returns how many seconds have passed.
func (f fakeLab) clock(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "clock"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n - 1000
}

const forever = 1 << 20

func TestRunOfTheLab(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	statuses, report, said, _ := f.run(t)
	for name, status := range statuses {
		if status != "passed" {
			t.Errorf("%s: %s", name, status)
		}
	}
	if len(report.Kernels) != 1 || !strings.Contains(said, "passed") {
		t.Errorf("%d kernels measured, want 1; said:\n%s", len(report.Kernels), said)
	}
	if len(statuses) != 21 {
		t.Errorf("%d steps, want 21: %v", len(statuses), statuses)
	}
}

// The run keeps to its budget whichever step hangs, and even if all hang. If only one hangs, every
// other step still gets its minimum.
func TestBudgetOfTheLab(t *testing.T) {
	all := map[string]int{"all": forever}
	for slow, name := range map[string]string{
		"gpulab-tests-.": "tests on the GPU", "torch_train-epochs": "epochs in PyTorch", "gpulab-watch-probe": "what PTX leaves open",
	} {
		t.Run(slow, func(t *testing.T) {
			t.Parallel()
			f := newFakeLab(t, map[string]int{slow: forever})
			statuses, _, said, _ := f.run(t)
			if f.clock(t) > 460 {
				t.Errorf("the run took %d s, more than its budget", f.clock(t))
			}
			if !strings.HasPrefix(statuses[name], "stopped after") {
				t.Errorf("%s, which hangs: %q", name, statuses[name])
			}
			for other, status := range statuses {
				if status != "passed" && other != name {
					t.Errorf("%s: %s\n%s", other, status, said)
				}
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		f := newFakeLab(t, all)
		statuses, report, said, _ := f.run(t)
		if f.clock(t) > 460 {
			t.Errorf("the run took %d s, more than its budget", f.clock(t))
		}
		for name, status := range statuses {
			if !strings.HasPrefix(status, "stopped after") {
				t.Errorf("%s: %q, want that it had its least, and was stopped\n%s", name, status, said)
			}
		}
		if len(statuses) != 21 {
			t.Errorf("%d steps, want 21: %v", len(statuses), statuses)
		}
		if len(report.Kernels) != 1 {
			t.Errorf("%d kernels in the report, want the one that was measured before its step was stopped", len(report.Kernels))
		}
	})
	// If the budget is too small, the first steps get their minimum, and the report names the others.
	t.Run("short", func(t *testing.T) {
		t.Parallel()
		f := newFakeLab(t, all)
		statuses, _, said, _ := f.run(t, "--budget", "150")
		if f.clock(t) > 150 {
			t.Errorf("the run took %d s, more than its budget", f.clock(t))
		}
		for _, name := range []string{"matmul", "conv", "memory", "what PTX leaves open", "compute-sanitizer synccheck"} {
			if statuses[name] != "not measured: out of time" {
				t.Errorf("%s: %q, want not measured: out of time\n%s", name, statuses[name], said)
			}
		}
		if want := "stopped after 60 s: out of time"; statuses["tests on the GPU"] != want {
			t.Errorf("the tests: %q, want %q", statuses["tests on the GPU"], want)
		}
		text, err := os.ReadFile(filepath.Join(f.out, "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		if want := "| conv 128x26x26x32 by 3x3x64 | not measured: out of time | | not measured: out of time | | not measured |"; !strings.Contains(string(text), want) {
			t.Errorf("the report has no line %s", want)
		}
	})
}

// In real time: a step that ignores the request to end is killed, and the report is written in
// time.
func TestLabKillsWhatHangs(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, map[string]int{"demo-devices": forever})
	for _, name := range []string{"date", "timeout"} {
		if err := os.Remove(filepath.Join(f.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	statuses, _, said, took := f.run(t, "--budget", "20", "correctness", "bits")
	// The first step has 20 - 12 seconds, minus the time that the start takes on a busy machine,
	// and two more until it is killed.
	if !(took < 20*time.Second) {
		t.Errorf("the run took %v, more than its budget of 20 s", took)
	}
	if !strings.HasPrefix(statuses["devices"], "stopped after") || !strings.HasSuffix(statuses["devices"], "out of time") {
		t.Errorf("devices, which hangs: %q\n%s", statuses["devices"], said)
	}
	for _, name := range []string{"tests on the GPU", "the same bits as the emulator"} {
		if statuses[name] != "not measured: out of time" {
			t.Errorf("%s: %q, want not measured: out of time", name, statuses[name])
		}
	}
}

// The run is stopped when its time is up, even if it hangs outside of any step.
func TestLabIsStopped(t *testing.T) {
	t.Parallel()
	f := newFakeLab(t, nil)
	for _, name := range []string{"path/date", "path/timeout", "lab.tar.xz"} {
		if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(f.dir, "lab.tar.xz"), 0o600); err != nil { // nobody ever writes to it
		t.Fatal(err)
	}
	for budget, want := range map[string]string{"2": "the budget of 2 s is used up", "460": "this was interrupted"} {
		var took time.Duration
		var output string
		var err error
		steadily(t, func() {
			begin := time.Now()
			c := exec.Command("bash", filepath.Join(f.dir, "run.sh"), "--budget", budget)
			c.Env = append(os.Environ(), "TMPDIR="+f.dir, "OUT="+f.out)
			hangs := make(chan struct{})
			if budget == "460" {
				go func() {
					w, err := os.OpenFile(filepath.Join(f.dir, "lab.tar.xz"), os.O_WRONLY, 0) // waits for a reader
					if err == nil {
						t.Cleanup(func() { w.Close() })
					}
					close(hangs)
				}()
			}
			output, err = interrupted(t, c, hangs)
			took = time.Since(begin)
		})
		if err == nil || !(took < 20*time.Second) || !strings.Contains(output, want) {
			t.Errorf("after %v the error is %v, and what was said\n%s", took, err, output)
		}
	}
}

// interrupted runs a command until none of its processes runs, interrupts it when the channel is
// closed, and returns its output.
func interrupted(t *testing.T, c *exec.Cmd, when <-chan struct{}) (output string, err error) {
	t.Helper()
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-when:
		c.Process.Signal(syscall.SIGTERM)
		err = <-ended
	case err = <-ended:
	}
	return said.String(), err
}
