//go:build !linux && !darwin

package mnist

import "os"

// terminalWidth tells whether f is a character device, which a terminal is.
// Its width is not known.
func terminalWidth(f *os.File) (terminal bool, width int) {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0, 0
}
