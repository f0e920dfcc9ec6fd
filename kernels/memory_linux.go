package kernels

import "syscall"

// hostMemory is how many bytes of memory the machine has, and how many nobody uses, what
// files are cached in not counted; 0 where that is not known.
func hostMemory() (all, free int64) {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0, 0
	}
	unit := int64(info.Unit)
	return int64(info.Totalram) * unit, int64(info.Freeram) * unit
}
