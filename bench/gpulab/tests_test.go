//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runTests runs the subtests of TestSpoilt in separate processes. Like a failed kernel, a bad one
// makes those after it in the same process fail too.

const spoiltTests = "BAREGRAD_LAB_SPOILT"

var spoilt bool

func TestSpoilt(t *testing.T) {
	if os.Getenv(spoiltTests) == "" {
		t.Log("a part of TestFailuresStayAlone")
		return
	}
	begun, err := os.OpenFile(os.Getenv(spoiltTests), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Close()
	for _, group := range []string{"A", "B|C"} {
		t.Run(group, func(t *testing.T) {
			for _, name := range []string{"one", "fails", "two (of 2)", "panics", "three", "ends", "four", "hangs", "five"} {
				t.Run(name, func(t *testing.T) {
					begun.WriteString(t.Name() + "\n")
					if spoilt {
						t.Fatal("the GPU is lost")
					}
					switch name {
					case "fails":
						spoilt = true
						t.Error("a kernel has failed here")
					case "panics":
						spoilt = true
						panic("a kernel has failed there")
					case "ends":
						syscall.Kill(os.Getpid(), syscall.SIGKILL)
					case "hangs":
						time.Sleep(time.Hour)
					}
				})
			}
		})
	}
	t.Run("last", func(t *testing.T) { begun.WriteString(t.Name() + "\n") })
}

func TestFailuresStayAlone(t *testing.T) {
	var dir string
	var said bytes.Buffer
	var err error
	idle := 2 * time.Second
	// Two tests hang. If more seem to, the machine has held up the others: more patience.
	for ; ; idle *= 2 {
		dir = t.TempDir()
		t.Setenv(spoiltTests, filepath.Join(dir, "begun"))
		said.Reset()
		err = runTests(&said, filepath.Join(dir, "log"), os.Args[0], "^TestSpoilt$", idle)
		if strings.Count(said.String(), "nothing happened for") <= 2 || idle > 30*time.Second {
			break
		}
	}
	if err == nil || !strings.Contains(said.String(), "failed, 0 were skipped; processes: 9") {
		t.Fatalf("error %v, said\n%s", err, said.String())
	}
	begun, err := os.ReadFile(filepath.Join(dir, "begun"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(begun))
	if len(lines) != 19 {
		t.Errorf("%d tests were begun, want each of the 19 once:\n%s", len(lines), begun)
	}
	for _, want := range []string{
		"TestSpoilt/A/fails: failed", "a kernel has failed here", "TestSpoilt/B|C/panics: failed", "panic: a kernel has failed there",
		"TestSpoilt/A/ends: signal: killed", fmt.Sprintf("TestSpoilt/B|C/hangs: nothing happened for %v", idle), "8 failed",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("nothing was said of %q:\n%s", want, said.String())
		}
	}
	if strings.Contains(said.String(), "the GPU is lost") {
		t.Errorf("a failure has spread:\n%s", said.String())
	}
	raw, out := t.TempDir(), t.TempDir()
	write(t, raw, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	if err := os.Rename(filepath.Join(dir, "log"+failedTests), filepath.Join(raw, "bits.txt"+failedTests)); err != nil {
		t.Fatal(err)
	}
	lab(t, "report", raw, out)
	report, err := os.ReadFile(filepath.Join(out, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"gpulab.test | TestSpoilt/A/fails | tests_test.go:", ": a kernel has failed here |", "TestSpoilt/B/C/panics | exit status 2: panic: a kernel has failed there",
		"gpulab.test | TestSpoilt/A/ends | signal: killed |", fmt.Sprintf("TestSpoilt/B/C/hangs | nothing happened for %v: it was stopped |", idle),
	} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report has no %q:\n%s", want, report)
		}
	}
	if log, err := os.ReadFile(filepath.Join(dir, "log")); err != nil || !strings.Contains(string(log), "--- PASS: TestSpoilt/last") {
		t.Errorf("the log (error %v) lacks the last test:\n%s", err, log)
	}
}

// Programs that do not even start, and programs in which every test passes.
func TestRunsOfTests(t *testing.T) {
	var said bytes.Buffer
	log := filepath.Join(t.TempDir(), "log")
	if err := runTests(&said, log, os.Args[0], "^(TestMistakesOfCommands|TestSpoilt)$", time.Minute); err != nil || !strings.Contains(said.String(), "2 tests passed, 0 failed, 0 were skipped; processes: 1") {
		t.Errorf("error %v, said %s", err, said.String())
	}
	if err := runTests(&said, log, filepath.Join(t.TempDir(), "nothing"), ".", time.Minute); err == nil {
		t.Error("a program that is not there gave no error")
	}
	if err := runTests(&said, log, "false", ".", time.Minute); err == nil || !strings.Contains(said.String(), "given up") {
		t.Errorf("a program that ends at once: error %v, said %s", err, said.String())
	}
}

// Of many failed tests, the report has the first ten of each program.
func TestManyFailedTests(t *testing.T) {
	var list []FailedTest
	for i := range 12 {
		list = append(list, FailedTest{"a", fmt.Sprintf("Test%d", i), "x | y"}, FailedTest{"b", fmt.Sprintf("Test%d", i), "z"})
	}
	text := failedTable(list[:21])
	for want, n := range map[string]int{"| a | Test": 10, "| x / y |": 10, "| b | Test": 10, "| a | 1 more |": 1, "| b | ": 10} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%q is there %d times, want %d:\n%s", want, got, n, text)
		}
	}
	if text := failedTable(nil); text != "" {
		t.Errorf("no test failed, and the report says %q", text)
	}
}
