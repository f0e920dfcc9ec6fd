package driver

import "errors"

// ErrClosed is the answer to whatever is asked of a driver, or of what came from it,
// after its Close.
var ErrClosed = errors.New("used after it was closed")

// An Error is a failure that a driver reported, with what is known of it.
type Error struct {
	Err  error  // what went wrong
	Hint string // what may help; empty where nothing is known
	// Lost is set if the device can't be used any more: everything that is asked of
	// it from now on fails, and what is in its memory is gone.
	Lost bool
}

// Error is what went wrong, without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is what went wrong.
func (e *Error) Unwrap() error { return e.Err }
