//go:build !linux && !darwin

package terminal

import "os"

// width tells whether f is a character device, which a terminal is.
// Its width is not known.
func width(f *os.File) (terminal bool, columns int) {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0, 0
}
