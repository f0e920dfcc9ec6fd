// Command report measures this machine and writes the results to a folder as MACHINE.json,
// MACHINE.md and MACHINE.txt, where MACHINE is the processor and its number of cores. The .txt file
// is the output of go test, for benchstat.
//
//	go run ./bench/report -out bench/results -bench . -benchtime 10x
//
// It needs the go command and must be run from the project's root folder.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"baregrad/bench"
)

func main() {
	out := flag.String("out", "bench/results", "the folder for the results")
	pattern := flag.String("bench", ".", "which benchmarks go test runs; - for none")
	times := flag.String("benchtime", "10x", "how often, or for how long, each benchmark runs")
	budget := flag.Duration("budget", time.Second/2, "how long each matrix product and training step may be measured in a round")
	rounds := flag.Int("rounds", 4, "in how many rounds these are measured; the fastest of all counts, and for the gain of several cores the median of all turns. What takes longer than the budget is measured once")
	more := flag.Duration("more", 150*time.Second, "how long, at most, to measure again the gains of several cores for which too few turns had all cores")
	slowest := flag.Duration("slowest", 10*time.Second, "skip products and training steps of which a single run would take longer than this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *pattern, *times, *budget, *more, *rounds, *slowest); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// written is the contents of the JSON file.
type written struct {
	*bench.Report
	Benchmarks []bench.Benchmark `json:"benchmarks"` // of every kernel, by go test
}

func run(ctx context.Context, out, pattern, times string, budget, more time.Duration, rounds int, slowest time.Duration) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	r, err := bench.Measure(ctx, bench.Options{Budget: budget, Rounds: rounds, Slowest: slowest, More: more, Sparse: bench.SparseProducts(),
		Progress: func(what string) { fmt.Fprintln(os.Stderr, what) }})
	if err != nil {
		return err
	}
	all := written{Report: r, Benchmarks: []bench.Benchmark{}}
	base := filepath.Join(out, r.Machine.Slug())
	if pattern != "-" {
		text, err := benchmarks(ctx, pattern, times)
		if err != nil {
			return err
		}
		if all.Benchmarks, err = bench.ParseBenchmarks(bytes.NewReader(text)); err != nil {
			return err
		}
		if err := os.WriteFile(base+".txt", text, 0o644); err != nil {
			return err
		}
	}
	content, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".json", append(inLines(content), '\n'), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(base+".md", []byte(r.Markdown(all.Benchmarks)), 0o644); err != nil {
		return err
	}
	fmt.Println("Written:", base+".json,", base+".md")
	return nil
}

// numbers matches a list of numbers with one per line.
var numbers = regexp.MustCompile(`\[\s*-?\d[-+.,\deE\s]*\]`)

// inLines puts each list of numbers on one line, because there are thousands of turns.
func inLines(content []byte) []byte {
	return numbers.ReplaceAllFunc(content, func(list []byte) []byte {
		return bytes.Join(bytes.Fields(list), nil)
	})
}

// benchmarks runs go test and returns its output.
func benchmarks(ctx context.Context, pattern, times string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", times, "-timeout", "2h", "./bench")
	var text bytes.Buffer
	command.Stdout, command.Stderr = io.MultiWriter(&text, os.Stderr), os.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go test -bench %s: %w", pattern, err)
	}
	return text.Bytes(), nil
}
