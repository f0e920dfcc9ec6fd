//go:build linux || darwin

package terminal

import (
	"os"
	"syscall"
	"unsafe"
)

// width tells whether f is a terminal, and how many columns it has (0:
// it does not say). Only terminals answer the request TIOCGWINSZ.
func width(f *os.File) (terminal bool, columns int) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, 0
	}
	var size struct{ rows, columns, x, y uint16 }
	err = raw.Control(func(fd uintptr) {
		_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
		terminal = failed == 0
	})
	return terminal && err == nil, int(size.columns)
}
