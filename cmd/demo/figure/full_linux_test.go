package figure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A figure that does not fit on the disk leaves no part of a file.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "image.png")
	if err := os.Symlink("/dev/full", path); err != nil { // a file on a full disk
		t.Fatal(err)
	}
	saved := false
	err := Folder{Dir: dir, Saved: func(string) { saved = true }}.Image("image", make([]uint8, 784), 28, 28)
	if err == nil || !strings.Contains(err.Error(), "figure image: write "+path+": no space left on device") || saved {
		t.Errorf("error %v, reported as saved: %v", err, saved)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left (error %v)", left, err)
	}
}
