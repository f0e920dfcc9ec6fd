//go:build cuda && !race

package nvidia_test

const raceDetector = false
