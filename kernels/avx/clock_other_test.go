//go:build !linux

package avx

import "time"

var clockStart = time.Now()

// threadClock is the time of day: other systems have no clock for a thread here.
func threadClock() time.Duration { return time.Since(clockStart) }
