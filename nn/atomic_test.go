package nn

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A save removes what killed saves of the same file left behind, and nothing else.
func TestAbandonedSaves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	old := time.Now().Add(-25 * time.Hour)
	// put makes a file whose last write was long ago.
	put := func(name string) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte("rest"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, old, old); err != nil {
			t.Fatal(err)
		}
		return p
	}
	put(".model.safetensors.saving-123")
	put(".model.safetensors.saving-987654321")
	kept := []string{".model.safetensors.saving-5", ".model.safetensors.saving-", ".model.safetensors.saving-12x", ".model.safetensors.123",
		".other.safetensors.saving-123", "model.safetensors.saving-123", ".model.safetensors.saving-77"}
	for _, name := range kept[1:6] {
		put(name)
	}
	if err := os.WriteFile(filepath.Join(dir, kept[0]), nil, 0o600); err != nil { // new, not locked yet
		t.Fatal(err)
	}
	locked := put(kept[6]) // being written, by a writer that has paused for long
	f, err := os.OpenFile(locked, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock(f)
	if unlocked(locked) {
		kept = kept[:6] // a system without such locks
	}
	write := func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }
	if err := writeAtomically(path, write); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Clone(kept), "model.safetensors")
	slices.Sort(want)
	if got := filesIn(t, dir); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
	// A save that fails removes its own file, and leaves the old one.
	failed := errors.New("the disk is full")
	if err := writeAtomically(path, func(io.Writer) error { return failed }); err != failed {
		t.Errorf("error %v", err)
	}
	if got := filesIn(t, dir); !slices.Equal(got, want) {
		t.Errorf("after a save that failed, the folder holds %q, want %q", got, want)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "whole" {
		t.Errorf("the file holds %q, error %v", content, err)
	}
}

func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}
