//go:build unix

package regular_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"baregrad/internal/regular"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		f, size, err := regular.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if f.Close(); err != nil || size != 7 || string(content) != "content" {
			t.Errorf("%s: %d bytes %q, error %v", name, size, content, err)
		}
	}
	if _, _, err := regular.Open(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// None of these may be waited for, or read without end.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // the name of a socket is short
	listener, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for path, want := range map[string]string{dir: "a folder", pipe: "a pipe", "/dev/zero": "a device", "socket": "a socket"} {
		if _, _, err := regular.Open(path); err == nil || !strings.Contains(err.Error(), path+": not a regular file, but "+want) {
			t.Errorf("%s: error %v, want one that tells of %s", path, err, want)
		}
	}
}
