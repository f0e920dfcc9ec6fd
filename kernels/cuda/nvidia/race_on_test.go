//go:build cuda && race

package nvidia_test

// raceDetector tells whether these tests run under it.
const raceDetector = true
