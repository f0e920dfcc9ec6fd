//go:build !linux

package kernels

// preferHugePages does nothing: only Linux has to be asked.
func preferHugePages([]byte) {}
