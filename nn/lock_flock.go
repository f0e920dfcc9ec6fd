//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package nn

import (
	"os"
	"syscall"
	"time"
)

// abandonedAfter is far longer than what passes between making a temporary file
// and locking it.
const abandonedAfter = 10 * time.Second

// lock marks a file as being written until it is closed, or until the process ends
// in whatever way.
func lock(f *os.File) { syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// unlocked tells whether nobody has locked the file.
func unlocked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // which unlocks it too
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
