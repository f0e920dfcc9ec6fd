// Package nvidia drives NVIDIA GPUs: it implements driver.Driver over gorgonia.org/cu. It is built
// with the tag cuda, which needs cgo and a C compiler but nothing from NVIDIA (see package
// libcuda); without the tag, Open returns an error that says so.
package nvidia

import "fmt"

// A NoDeviceError says why there is no GPU to open.
type NoDeviceError struct {
	Looked string // what was looked for and what was found
	Hint   string // what may help
}

// Error returns what was looked for, and the hint.
func (e *NoDeviceError) Error() string { return fmt.Sprintf("%s (%s)", e.Looked, e.Hint) }

// Options say how a GPU is used. The zero value takes memory as needed, up to all that is free.
type Options struct {
	// MemoryLimit is the maximum memory to take, in bytes; 0 is no limit.
	MemoryLimit int64
}
