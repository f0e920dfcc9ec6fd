//go:build unix

package nn

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Saving to a name that is not a regular file: a link stays a link, and its target is
// replaced; a pipe (or a device) is left alone.
func TestSaveReplacesFilesOnly(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	m, _ := oneWeight(t)
	file, link, pipe := filepath.Join(dir, "folder", "file"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("folder", "file"), link); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(ctx, link); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v now (error %v)", info.Mode(), err)
	}
	if _, err := Load(ctx, m.Device(), file); err != nil {
		t.Errorf("the file that the link leads to: %v", err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{pipe: "a pipe", dir: "a folder"} {
		if err := m.Save(ctx, path); err == nil || !strings.Contains(err.Error(), "save "+path) || !strings.Contains(err.Error(), want) {
			t.Errorf("save to %s: error %v, want one that tells of %s", path, err, want)
		}
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is %v now (error %v)", info.Mode(), err)
	}
	rests, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(rests) > 0 {
		t.Errorf("%v lie beside (error %v)", rests, err)
	}
}
