// Package regular opens files whose size must be known before they are read. It
// imports nothing of the project: whatever reads files may use it.
package regular

import (
	"fmt"
	"io/fs"
	"os"
)

// Open opens the regular file at path, or the one that a link there leads to, and
// gives its size in bytes. Anything else is an error that says what it is: opening
// a pipe would wait for whoever writes to it, and a device has no end.
func Open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = Check(path, info)
	}
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	// Asked again of the open file: another may have got the name since.
	if info, err = f.Stat(); err == nil {
		err = Check(path, info)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Check says what the file called path is if it is not a regular one.
func Check(path string, info fs.FileInfo) error {
	kind := "something else"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%s: not a regular file, but %s", path, kind)
}
