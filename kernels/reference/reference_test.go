package reference_test

import (
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
	"baregrad/kernels/reference"
)

func TestKernels(t *testing.T) {
	kerneltest.Run(t, func() kernels.Device { return reference.New() })
}
