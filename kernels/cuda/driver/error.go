package driver

import "errors"

// ErrClosed is returned by a driver, and by everything obtained from it, after its Close.
var ErrClosed = errors.New("used after it was closed")

// An Error is a failure reported by a driver.
type Error struct {
	Err  error  // what went wrong
	Hint string // what may help; may be empty
	// Lost is set if the device can no longer be used: everything fails from now on, and the
	// contents of its memory are gone.
	Lost bool
}

// Error returns the message without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
