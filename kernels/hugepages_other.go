//go:build !linux

package kernels

// preferHugePages does nothing: only Linux needs to be asked.
func preferHugePages([]byte) {}
