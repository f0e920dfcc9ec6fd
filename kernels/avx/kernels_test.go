package avx

import (
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
)

// Every method of the device, with the assembly of each instruction set.
func TestKernels(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			need(t, set)
			kerneltest.Run(t, func() kernels.Device {
				d, err := New(set)
				if err != nil {
					t.Fatal(err)
				}
				return d
			})
		})
	}
}
