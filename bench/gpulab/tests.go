package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
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

// A FailedTest is a test that failed, as one line of the results.
type FailedTest struct {
	Program string `json:"program"`
	Test    string `json:"test"`
	Why     string `json:"why"` // the first line that says so
}

// theProgram stands for a test if a program ends outside of any.
const theProgram = "the program"

// failedTests is what is appended to the name of a log for the name of the file of failed tests.
const failedTests = ".failed.jsonl"

// runTests runs the tests of a program that match a pattern. All output goes to the file log;
// failures and the number of passed tests go to w. Next to the log is a file of FailedTests.
func runTests(w io.Writer, log, program, pattern string, idle time.Duration) error {
	file, err := os.Create(log)
	if err != nil {
		return err
	}
	defer file.Close()
	failed, err := os.Create(log + failedTests)
	if err != nil {
		return err
	}
	defer failed.Close()
	r := &testRun{w: w, program: filepath.Base(program), failures: json.NewEncoder(failed), results: map[string]string{}}
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
			r.said = nil
			r.show("the tests that are left", fmt.Sprintf("they were given up: %v", ended))
			r.results["the tests that are left"] = "FAIL"
			return r.summary(process)
		}
	}
}

// A testRun is the state of a run of the tests.
type testRun struct {
	w        io.Writer
	program  string
	failures *json.Encoder
	results  map[string]string // PASS, SKIP or FAIL, of tests that need not run again
	open     []string          // tests begun but not ended in this process
	failed   map[string]bool   // in this process
	said     []string          // output since a test began or ended

	unexplained []string // tests that failed in this process, and have not said why
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
	defer func() {
		for _, name := range r.unexplained {
			r.report(name, "failed")
		}
		r.unexplained = nil
	}()
	if len(r.failed) > 0 || len(r.open) == 0 {
		for i, line := range r.said { // after the tests' results
			if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
				r.said = r.said[i:min(len(r.said), i+shown)]
				r.show(theProgram, ended.Error())
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
	why := how
	for _, line := range r.said {
		if complaint.MatchString(line) {
			why = strings.TrimSpace(line)
			if how != "failed" {
				why = how + ": " + why
			}
			break
		}
	}
	switch {
	case why == "failed": // a panic comes after the results
		r.unexplained = append(r.unexplained, name)
	case name == theProgram && len(r.unexplained) > 0:
		r.report(r.unexplained[0], why)
		r.unexplained = r.unexplained[1:]
	default:
		r.report(name, why)
	}
}

// report writes a line for the report.
func (r *testRun) report(name, why string) {
	if err := r.failures.Encode(FailedTest{r.program, name, why}); err != nil {
		fmt.Fprintln(r.w, "this is not in the report:", err)
	}
}

// complaint matches the lines with which tests and programs say what is wrong, not a goroutine's
// stack, whose lines begin with a tab.
var complaint = regexp.MustCompile(`^ *\S+\.go:\d+: |^panic: |^fatal error: |^SIG`)

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
