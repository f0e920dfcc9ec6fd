//go:build race

package emulator

// raceDetector says whether Go's race detector is on. It reports races planted in kernels as races
// of the goroutines that run them.
const raceDetector = true
