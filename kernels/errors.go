package kernels

import "fmt"

// ShapeError is a programming mistake: operands that don't fit together, or memory
// used in an invalid way. Operations panic with it.
type ShapeError struct {
	Op      string // the operation, as in "matmul"
	Problem string // every shape, and what was expected
}

// Error returns the operation and the problem.
func (e *ShapeError) Error() string { return e.Op + ": " + e.Problem }

// Panicf panics with a *ShapeError for operation op.
func Panicf(op, format string, args ...any) {
	panic(&ShapeError{Op: op, Problem: fmt.Sprintf(format, args...)})
}

// BusyError is a programming mistake, too: two goroutines computed on one device at the
// same time. The results are wrong then, even if the device does not notice.
type BusyError struct{}

// Error says what to do.
func (*BusyError) Error() string {
	return "two goroutines computed on one device at the same time: it is used by one at a time; open a device for each"
}

// DeviceError is a failure of the device, not of the program that uses it: memory
// has run out, or a driver reports an error. Device methods panic with it, so that
// the code of a model needs no error checks; the methods of nn.Sequential return it.
type DeviceError struct {
	Device string // the device's name
	Op     string // the operation
	Err    error  // what went wrong
	Hint   string // what may help; empty if nothing is known
}

// Error returns the device, the operation, what went wrong, and the hint.
func (e *DeviceError) Error() string {
	s := e.Device + ": " + e.Op + ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns what went wrong.
func (e *DeviceError) Unwrap() error { return e.Err }

// OutOfMemoryError says how much memory was requested and how much there was, in bytes.
type OutOfMemoryError struct {
	Asked, Used, Free int64 // the size of the failed request, the memory in use, and the rest
}

// Error returns a message with all three numbers.
func (e *OutOfMemoryError) Error() string {
	return fmt.Sprintf("out of memory: asked for %s, %s in use, %s free",
		FormatBytes(e.Asked), FormatBytes(e.Used), FormatBytes(e.Free))
}

// FormatBytes writes a number of bytes for people, in steps of 1024, as 4.58 MB.
func FormatBytes(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.2f %s", value, units[unit])
}
