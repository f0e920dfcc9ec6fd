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

// writeAtomically writes a file such that, if the program or the machine stops at any
// time, either the old file or the complete new one is there. It writes a temporary file
// in the same folder, syncs it to disk and renames it. It also removes temporary files of
// earlier saves of this file that were killed. If path is a link, the file that it points
// to is replaced. Anything that is not a regular file is refused.
func writeAtomically(path string, write func(io.Writer) error) (err error) {
	if path, err = replaceable(path); err != nil {
		return err
	}
	folder := filepath.Dir(path)
	removeAbandoned(folder, temporaryPrefix(path))
	f, err := os.CreateTemp(folder, temporaryPrefix(path)+"*")
	if err != nil { // its message has a name that means nothing to the user
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
	lock(f) // if this fails, only the file's age protects it
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
	// The rename is durable only once the folder is synced too. Not every system can
	// sync a folder; the file is complete either way.
	if d, err := os.Open(folder); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

// replaceable returns the path that a new file for path should replace: the target, if
// path is a link. It refuses anything but a regular file, since replacing a device or a
// pipe would do harm.
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

// temporaryPrefix is the prefix of the names of temporary files for a path. Digits follow.
func temporaryPrefix(path string) string { return "." + filepath.Base(path) + ".saving-" }

// removeAbandoned removes temporary files that are no longer being written. Their writer
// no longer holds their lock, and they have not been changed for a while; the latter
// spares a new file that is not locked yet. A file that can't be removed does no harm.
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
