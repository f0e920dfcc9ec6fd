package kernels

import "syscall"

// hostMemory returns how many bytes of memory the machine has, and how many are free, not
// counting the file cache; both are 0 if unknown.
func hostMemory() (all, free int64) {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0, 0
	}
	unit := int64(info.Unit)
	return int64(info.Totalram) * unit, int64(info.Freeram) * unit
}
