package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Where the time of a kernel goes, by Nsight Compute (ncu), which launches it again and again to read
// the GPU's counters. Its times are of cold caches and of clocks as they are.

// profileMost is how long one process under ncu may take: a set of launches and its profile.
const profileMost = 100 * time.Second

// A Profile is what the counters say of one launch, as one line of the results.
type Profile struct {
	Launched
	Set    string             `json:"set"`
	Values map[string]float64 `json:"values,omitempty"` // by ncu's names; without what this GPU does not count
}

// profiles launches each set by itself, under ncu, and writes what ncu says: files of each set to
// dir, and a line for each launch to w. What was profiled is written before the next set begins.
// self is the command that launches a set; it gets the set's name and the file for its launches.
func profiles(w io.Writer, dir string, sets []launchSet, most time.Duration, self func(ctx context.Context, ncu []string, set, file string) *exec.Cmd) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	to := json.NewEncoder(w)
	var failures []error
	metrics := counters()
	for _, set := range sets {
		list, left, err := profileSet(dir, set.name, metrics, most, self)
		metrics = left
		for _, p := range list {
			if err := to.Encode(p); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		failures = append(failures, fmt.Errorf("%s: %w", set.name, err))
		if err := to.Encode(Profile{Set: set.name, Launched: Launched{What: set.name, Problem: err.Error()}}); err != nil {
			return err
		}
		if errors.Is(err, errForbidden) {
			break // the others' would be, too
		}
	}
	return errors.Join(failures...)
}

// errForbidden is NVIDIA's name for it: see developer.nvidia.com/ERR_NVGPUCTRPERM.
var errForbidden = errors.New("this user may not read the GPU's counters: ERR_NVGPUCTRPERM")

// profileSet profiles a set. It returns the metrics that this ncu knows on this GPU, too.
func profileSet(dir, set string, metrics []string, most time.Duration, self func(ctx context.Context, ncu []string, set, file string) *exec.Cmd) ([]Profile, []string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	process := func(ncu []string, file string) error {
		c := self(ctx, ncu, set, file)
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		c.WaitDelay = time.Second // for what a killed process leaves running
		err := c.Run()
		if ctx.Err() != nil {
			return fmt.Errorf("it took longer than %v, and was stopped", most)
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, lastLine(said.String()))
		}
		return nil
	}
	// First without ncu: which launches are to be profiled, and whether they work.
	file := filepath.Join(dir, set+".launches.jsonl")
	if err := process(nil, file); err != nil {
		return nil, metrics, fmt.Errorf("launched without ncu: %w", err)
	}
	launched, skip, err := readLaunches(file)
	if err != nil {
		return nil, metrics, err
	}
	for {
		table := filepath.Join(dir, set+".csv")
		ended := process([]string{"ncu", "--clock-control", "none", "--csv", "--page", "raw", "--print-units", "base", "--log-file", table,
			"--launch-skip", strconv.Itoa(skip), "--launch-count", strconv.Itoa(len(launched)), "--metrics", strings.Join(metrics, ",")}, file+".again")
		text, err := os.ReadFile(table)
		if err != nil && ended == nil {
			return nil, metrics, err
		}
		list, complaint, err := readProfiles(bytes.NewReader(text), set, launched)
		if unknown := without(metrics, complaint); len(unknown) < len(metrics) && len(list) == 0 {
			metrics = unknown
			continue
		}
		switch {
		case strings.Contains(complaint, "ERR_NVGPUCTRPERM"):
			err = errForbidden
		case complaint != "" && ended != nil:
			err = fmt.Errorf("ncu: %s (%w)", complaint, ended)
		case complaint != "":
			err = fmt.Errorf("ncu: %s", complaint)
		case ended != nil:
			err = ended
		case err == nil && len(list) == 0:
			err = errors.New("ncu printed no table")
		}
		return list, metrics, err
	}
}

// readLaunches reads the launches that are to be profiled, and how many come before them. The
// launches in between are profiled, too.
func readLaunches(file string) (list []Launched, skip int, err error) {
	var all []Launched
	var problems []string
	if err := lines(file, &all, &problems); err != nil {
		return nil, 0, err
	}
	if len(problems) > 0 {
		return nil, 0, errors.New(problems[0])
	}
	last := 0
	for _, l := range all {
		if l.Problem == "" {
			list = append(list, l)
		}
		if l.What != "" {
			last = len(list)
		}
	}
	list = list[:last]
	for skip < len(list) && list[skip].What == "" {
		skip++
	}
	if skip == len(list) {
		return nil, 0, errors.New("nothing was launched")
	}
	return list[skip:], skip, nil
}

// without removes the metric that ncu says it does not know. It names it as a regular expression:
// "Failed to find metric regex:^name(\…".
func without(metrics []string, complaint string) (rest []string) {
	_, name, ok := strings.Cut(complaint, "Failed to find metric")
	if !ok {
		return metrics
	}
	name = strings.ReplaceAll(name, `\`, "")
	longest := "" // a name may begin with another one
	for _, m := range metrics {
		base, _, _ := strings.Cut(m, ".")
		if (strings.Contains(name, m) || strings.Contains(name, base)) && len(m) > len(longest) {
			longest = m
		}
	}
	for _, m := range metrics {
		if m != longest {
			rest = append(rest, m)
		}
	}
	return rest
}

// lastLine returns the last line of what a program printed.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// profileCommand profiles the sets with this program.
func profileCommand(w io.Writer, device string, smoke bool, dir string) error {
	program, err := exec.LookPath(os.Args[0]) // under this name: see TestMain
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		return err
	}
	return profiles(w, dir, launchSets(smoke), profileMost, func(ctx context.Context, ncu []string, set, file string) *exec.Cmd {
		command := append(ncu[:len(ncu):len(ncu)], program, "-device", device, "-smoke="+strconv.FormatBool(smoke), "launches", set, file)
		return exec.CommandContext(ctx, command[0], command[1:]...)
	})
}

// launchesCommand launches a set, and writes its launches to a file.
func launchesCommand(device string, smoke bool, name, file string) error {
	set, err := launchSetByName(name, smoke)
	if err != nil {
		return err
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	g, err := open(device)
	if err != nil {
		return err
	}
	return errors.Join(launchSetOf(g, set, smoke, json.NewEncoder(to)), to.Close())
}
