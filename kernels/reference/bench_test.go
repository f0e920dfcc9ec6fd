package reference_test

import (
	"testing"

	"baregrad/kernels/avx"
	"baregrad/kernels/kerneltest"
	"baregrad/kernels/reference"
)

// Every kernel, beside what one core of the machine can do at best where that
// can be measured: go test -bench=Kernels -run='^$'
func BenchmarkKernels(b *testing.B) {
	var peak kerneltest.Peak
	if set, err := avx.Best(); err == nil && set != "reference" {
		measured, err := avx.MeasurePeak(set, 1)
		if err != nil {
			b.Fatal(err)
		}
		peak = kerneltest.Peak{GFLOPS: measured.GFLOPS, GBs: measured.CopyGBs}
	}
	b.Run("reference/cores=1", func(b *testing.B) { kerneltest.Bench(b, reference.New(), peak) })
}
