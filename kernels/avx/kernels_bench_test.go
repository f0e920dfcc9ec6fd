package avx

import (
	"testing"

	"baregrad/kernels/kerneltest"
)

// Every kernel at the sizes of the MNIST networks. The reference device's
// benchmark of the same name prints lines to compare with.
func BenchmarkKernels(b *testing.B) {
	eachDevice(b, func(b *testing.B, d *Device) {
		peak := peakOf(b, d.Name(), d.pool.workers)
		kerneltest.Bench(b, d, kerneltest.Peak{GFLOPS: peak.GFLOPS, GBs: peak.CopyGBs})
	})
}
