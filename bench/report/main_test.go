package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A list of numbers stands on one line, whatever the numbers. Everything else keeps its lines, and the
// JSON its meaning.
func TestInLines(t *testing.T) {
	content, err := json.MarshalIndent(map[string]any{
		"turns": []float64{1, -0.25, 1.5e-9, 3e21}, "one": []int{7}, "none": []int{}, "names": []string{"a", "1"},
		"pairs": [][]int{{1, 2}, {3}}, "text": "[\n 1,\n 2]",
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got := inLines(content)
	for _, want := range []string{
		`"turns": [1,-0.25,1.5e-9,3e+21]`, `"one": [7]`, `"none": []`, "\"names\": [\n  \"a\",\n  \"1\"\n ]", "\"pairs\": [\n  [1,2],\n  [3]\n ]",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	var before, after any
	if json.Unmarshal(content, &before); json.Unmarshal(got, &after) != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("%s\nbecame\n%s", content, got)
	}
}

// Without a folder for the results nothing is measured. A measurement that is interrupted writes nothing.
func TestRunFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(context.Background(), file, "-", "1x", 1, 1, 1, 1); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a folder: error %v", err)
	}
	interrupted, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(dir, "results")
	if err := run(interrupted, out, "-", "1x", 1, 1, 1, 1); err == nil {
		t.Error("an interrupted measurement gives no error")
	}
	if left, err := os.ReadDir(out); err != nil || len(left) != 0 {
		t.Errorf("%v is written, error %v", left, err)
	}
	if text, err := benchmarks(interrupted, "NoSuch", "1x"); err == nil || !strings.Contains(err.Error(), "go test -bench NoSuch: ") {
		t.Errorf("interrupted benchmarks: %q, error %v", text, err)
	}
}
