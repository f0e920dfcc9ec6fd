package cuda_test

import (
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/kerneltest"
)

// checked returns a device over the emulator with all checks on. A finding fails the launch that
// caused it.
func checked(t *testing.T) kernels.Device {
	t.Helper()
	d, err := cuda.New("emulator", emulator.NewDriver(emulator.Options{Checks: emulator.AllChecks}))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every operation is right, forward and backward, on the emulator with all checks on.
func TestDevice(t *testing.T) {
	kerneltest.Run(t, func() kernels.Device { return checked(t) }, kerneltest.DriverAllocates, kerneltest.Slow)
}
