package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"baregrad/kernels/cuda/emulator/probe"
)

// Stores the results of a lab run: the report in bench/results, the hardware's answers with the
// emulator's tests, the goals in the documents.

// Where results are stored, relative to the repository's root.
const (
	resultsFolder = "bench/results"
	recordsFolder = "kernels/cuda/emulator/probe/testdata"
	goalsBegin    = "<!-- goals on a GPU: begin (written by go run ./bench/gpulab keep) -->\n"
	goalsEnd      = "<!-- goals on a GPU: end -->\n"
)

// goalsPages lists the documents with a table of the goals, and the path from each to the results.
var goalsPages = []struct{ page, results string }{
	{"docs/GPU.md", "../" + resultsFolder},
	{"README.md", resultsFolder},
}

// keep copies what run.sh left in a folder into the repository with the given root, and reports
// what it has written.
func keep(w io.Writer, root, from string) error {
	text, err := os.ReadFile(filepath.Join(from, "report.json"))
	if err != nil {
		return err
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("report.json: %w", err)
	}
	if r.About.Name == "" {
		return fmt.Errorf("report.json: no GPU could be used (%s): nothing was measured, and nothing is kept", r.Unusable)
	}
	if why := r.About.trial(); why != "" {
		return fmt.Errorf("report.json: this run only tried the lab, %s: nothing was measured, and nothing is kept", why)
	}
	page, err := os.ReadFile(filepath.Join(from, "report.md"))
	if err != nil {
		return err
	}
	// The records do without the report, and it without them: an archive may be too large to be
	// brought here, or torn.
	var records map[string][]byte
	var broken []string
	archive, err := os.ReadFile(filepath.Join(from, "raw.tar.gz"))
	if err == nil {
		records, broken, err = recordsOf(archive, r.About.Name)
	}
	if err != nil {
		broken = append(broken, fmt.Sprintf("the hardware's answers, or some of them: raw.tar.gz: %v", err))
	}
	name := slug(r.About.Name)
	files := map[string][]byte{
		path.Join(resultsFolder, "gpu-"+name+".json"): text,
		path.Join(resultsFolder, "gpu-"+name+".md"):   page,
	}
	for file, record := range records {
		files[path.Join(recordsFolder, name, file)] = record
	}
	for _, p := range goalsPages {
		old, err := os.ReadFile(filepath.Join(root, p.page))
		if err != nil {
			return err
		}
		head, rest, begins := strings.Cut(string(old), goalsBegin)
		_, tail, ends := strings.Cut(rest, goalsEnd)
		if !begins || !ends {
			return fmt.Errorf("%s has no lines %q and %q", p.page, goalsBegin, goalsEnd)
		}
		files[p.page] = []byte(head + goalsBegin + goalsTable(&r, p.results) + goalsEnd + tail)
	}
	// Everything is known to be valid: write it.
	for _, file := range slices.Sorted(maps.Keys(files)) {
		to := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, files[file], 0o644); err != nil {
			return err
		}
		fmt.Fprintln(w, "written:", file)
	}
	for _, c := range r.Checks {
		if c.Status != "passed" {
			fmt.Fprintf(w, "not in order: %s, %s: %s\n", c.Part, c.Name, c.Status)
		}
	}
	for _, why := range broken {
		fmt.Fprintln(w, "not kept:", why)
	}
	fmt.Fprintln(w, "What docs/performance/gpu.md expects from counts is now to be held against it by hand, and go test ./kernels/cuda/emulator/... to be run.")
	return nil
}

// goalsTable says how the goals were met; for an empty report it says of each goal that it was not
// measured.
func goalsTable(r *Report, results string) string {
	var b strings.Builder
	goals := r.Goals
	if r.About.Name == "" {
		goals = r.goals()
		b.WriteString("No GPU has been measured yet.\n\n")
	} else {
		fmt.Fprintf(&b, "Measured on one %s, in one run, on %s: [all of it](%s/gpu-%s.md).\n\n", r.About.Name, r.Date, results, slug(r.About.Name))
	}
	if doubts := r.doubts(); doubts != "" {
		b.WriteString(cell(doubts) + "\n\n")
	}
	b.WriteString("| goal, on one GPU in one run | measured | |\n|---|---|---|\n")
	for _, g := range goals {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", g.Name, cell(g.Measured), g.Verdict)
	}
	return b.String()
}

// recordsOf reads the hardware's answers from the archive packed by run.sh; broken lists those that
// are not valid records of this GPU. With an error it returns those before it.
func recordsOf(archive []byte, gpu string) (records map[string][]byte, broken []string, err error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, nil, err
	}
	records = map[string][]byte{}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return records, broken, nil
		}
		if err != nil {
			return records, broken, err
		}
		folder, name := path.Split(path.Clean(header.Name))
		if folder != "probe/" || path.Ext(name) != ".probe" {
			continue
		}
		const most = 1 << 20 // a record has some 100 KB
		text, err := io.ReadAll(io.LimitReader(files, most))
		if err != nil {
			return records, broken, err
		}
		r, err := probe.Read(bytes.NewReader(text))
		if err == nil && r.Device != gpu {
			err = fmt.Errorf("it was answered by %s", r.Device)
		}
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		records[name] = text
	}
}

// slug turns a name into a part of a file name.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9') })
	return strings.Join(words, "-")
}

// root returns the repository's root: the nearest parent folder with go.mod.
func root() (string, error) {
	at, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); !errors.Is(err, fs.ErrNotExist) {
			return at, err
		}
		up := filepath.Dir(at)
		if up == at {
			return "", errors.New("there is no go.mod here or above: run this in the repository")
		}
		at = up
	}
	return "", err
}
