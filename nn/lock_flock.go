//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package nn

import (
	"os"
	"syscall"
	"time"
)

// abandonedAfter is much longer than the time between creating a temporary file and
// locking it.
const abandonedAfter = 10 * time.Second

// lock marks a file as being written, until it is closed or the process ends.
func lock(f *os.File) { syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// unlocked reports whether nobody has locked the file.
func unlocked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // which also releases the lock
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
