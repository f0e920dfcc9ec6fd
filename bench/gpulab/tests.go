package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Runs a program's tests on a GPU. A test in which a kernel fails or the program ends makes the GPU
// unusable for all later tests; one that hangs uses up their time. So after the first failure a new
// process continues without the tests that are done. (go test's -failfast and -skip do that; with
// -v=test2json it reports each test as soon as it ends, in lines that begin with the byte 0x16.)

const (
	quietest  = 30 * time.Second // without output: then a test counts as hanging
	processes = 15               // in which tests may fail; the last one goes on after failures
	shown     = 30               // lines of a failed test's output
)

// runTests runs the tests of a program that match a pattern. All output goes to the file log;
// failures and the number of passed tests go to w.
func runTests(w io.Writer, log, program, pattern string, idle time.Duration) error {
	file, err := os.Create(log)
	if err != nil {
		return err
	}
	defer file.Close()
	r := &testRun{w: w, results: map[string]string{}}
	for process := 1; ; process++ {
		r.open, r.said, r.failed = nil, nil, map[string]bool{}
		arguments := []string{"-test.v=test2json", "-test.run", pattern}
		if process < processes {
			arguments = append(arguments, "-test.failfast")
		}
		if skip := r.done(); len(skip) > 0 {
			arguments = append(arguments, "-test.skip", strings.Join(skip, "|"))
		}
		before := len(r.results)
		ended, err := r.process(exec.Command(program, arguments...), file, idle)
		if err != nil {
			return err
		}
		if ended == nil {
			return r.summary(process)
		}
		r.blame(ended)
		if process == processes || len(r.results) == before {
			fmt.Fprintf(w, "the tests were given up: %v\n", ended)
			r.results["the tests that are left"] = "FAIL"
			return r.summary(process)
		}
	}
}

// A testRun is the state of a run of the tests.
type testRun struct {
	w       io.Writer
	results map[string]string // PASS, SKIP or FAIL, of tests that need not run again
	open    []string          // tests begun but not ended in this process
	failed  map[string]bool   // in this process
	said    []string          // output since a test began or ended
}

var (
	testBegins = regexp.MustCompile(`^=== RUN\s+(\S+)`)
	testEnds   = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+)`)
)

// process runs a process to its end, and returns how it ended; nil if all went well.
func (r *testRun) process(c *exec.Cmd, log io.Writer, idle time.Duration) (ended, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	c.Stdout, c.Stderr = write, write
	err = c.Start()
	write.Close()
	if err != nil {
		return nil, err
	}
	var killed atomic.Bool
	timer := time.AfterFunc(idle, func() {
		killed.Store(true)
		c.Process.Kill()
	})
	lines := bufio.NewReader(read)
	for {
		line, err := lines.ReadString('\n')
		if len(line) > 0 {
			timer.Reset(idle)
			for _, part := range strings.Split(strings.TrimRight(line, "\n"), "\x16") {
				if part != "" {
					fmt.Fprintln(log, part)
					r.line(part)
				}
			}
		}
		if err != nil { // end of output
			break
		}
	}
	ended = c.Wait()
	timer.Stop()
	if ended != nil && killed.Load() {
		ended = fmt.Errorf("nothing happened for %v: it was stopped", idle)
	}
	return ended, nil
}

func (r *testRun) line(text string) {
	if m := testBegins.FindStringSubmatch(text); m != nil {
		r.open, r.said = append(r.open, m[1]), nil
		return
	}
	m := testEnds.FindStringSubmatch(text)
	if m == nil {
		if !strings.HasPrefix(text, "=== ") {
			r.said = append(r.said, text)
		}
		return
	}
	status, name := m[1], m[2]
	r.open = slices.DeleteFunc(r.open, func(n string) bool { return n == name })
	switch {
	case status != "FAIL":
		r.results[name] = status
	case !r.within(name): // the test itself failed, not a subtest
		r.failed[name] = true
		r.results[name] = status
		r.show(name, "failed")
	default:
		r.failed[name] = true
	}
	r.said = nil
}

// within reports whether a subtest has failed in this process.
func (r *testRun) within(name string) bool {
	for other := range r.failed {
		if strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

// blame records the test during which the process ended, if no test reported a failure.
func (r *testRun) blame(ended error) {
	if len(r.failed) > 0 || len(r.open) == 0 {
		for i, line := range r.said { // after the tests' results
			if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
				r.said = r.said[i:min(len(r.said), i+shown)]
				r.show("the program", ended.Error())
				break
			}
		}
		return
	}
	name := r.open[len(r.open)-1]
	r.results[name] = "FAIL"
	r.show(name, ended.Error())
}

// show reports a failed test and the end of its output.
func (r *testRun) show(name, how string) {
	fmt.Fprintf(r.w, "%s: %s\n", name, how)
	for _, line := range r.said[max(0, len(r.said)-shown):] {
		fmt.Fprintln(r.w, "   ", line)
	}
}

// done returns patterns for the tests that need not run again, including their subtests.
func (r *testRun) done() (patterns []string) {
	for _, name := range slices.Sorted(maps.Keys(r.results)) {
		parents, covered := strings.Split(name, "/"), false
		for i := 1; i < len(parents); i++ {
			_, known := r.results[strings.Join(parents[:i], "/")]
			covered = covered || known
		}
		if covered {
			continue
		}
		for i, p := range parents {
			parents[i] = "^" + regexp.QuoteMeta(p) + "$"
		}
		patterns = append(patterns, strings.Join(parents, "/"))
	}
	return patterns
}

// summary prints the last line, and returns an error if a test failed.
func (r *testRun) summary(processes int) error {
	counts := map[string]int{}
	for _, status := range r.results {
		counts[status]++
	}
	fmt.Fprintf(r.w, "%d tests passed, %d failed, %d were skipped; processes: %d\n", counts["PASS"], counts["FAIL"], counts["SKIP"], processes)
	if counts["FAIL"] > 0 {
		return fmt.Errorf("%d tests failed", counts["FAIL"])
	}
	return nil
}
