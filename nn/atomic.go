package nn

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"baregrad/internal/regular"
)

// writeAtomically writes a file so that, whenever the program or the machine
// stops, there is the old file or the whole new one: into a temporary file in
// the same folder, which is synced to the disk and then given the name. What
// earlier saves of this file left behind, because they were killed, it removes.
// Where path is a link, the file that it leads to is replaced; anything but a file
// is left alone.
func writeAtomically(path string, write func(io.Writer) error) (err error) {
	if path, err = replaceable(path); err != nil {
		return err
	}
	folder := filepath.Dir(path)
	removeAbandoned(folder, temporaryPrefix(path))
	f, err := os.CreateTemp(folder, temporaryPrefix(path)+"*")
	if err != nil { // whose text has a name that nobody knows
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return fmt.Errorf("the folder %s: %w", folder, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	lock(f) // where that fails, the file is as safe as its age makes it
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	// The new name is safe once the folder is on the disk too. Not every system
	// can sync a folder; the file is whole either way.
	if d, err := os.Open(folder); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

// replaceable gives the name that a new file for path is to have: that of the file
// that a link leads to. It refuses what is no regular file: a device or a pipe that
// lost its name to a file would be missed.
func replaceable(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	if err == nil {
		err = regular.Check(path, info)
	}
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// temporaryPrefix is how the names of temporary files for a path begin. Digits follow.
func temporaryPrefix(path string) string { return "." + filepath.Base(path) + ".saving-" }

// removeAbandoned removes temporary files that nobody writes any more: whose
// writer no longer holds their lock, and which have not been touched for a while,
// so that one just made, and not yet locked, is spared. A file that can't be
// removed does no harm and stays.
func removeAbandoned(folder, prefix string) {
	d, err := os.Open(folder)
	if err != nil {
		return
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	for _, name := range names {
		digits, ours := strings.CutPrefix(name, prefix)
		if !ours || digits == "" || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		path := filepath.Join(folder, name)
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandonedAfter && unlocked(path) {
			os.Remove(path)
		}
	}
}
