//go:build !linux

package avx

import "time"

var clockStart = time.Now()

// threadClock is the elapsed time: this system has no thread clock here.
func threadClock() time.Duration { return time.Since(clockStart) }
