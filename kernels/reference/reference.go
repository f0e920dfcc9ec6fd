// Package reference computes every kernel with plain Go loops. It defines what the
// other devices must compute, and runs where there is no faster one.
//
// Sums are kept in float64 and rounded to float32 once, at the end. Functions of the
// math package are computed the same way. Loops read memory in order, but are not
// optimized beyond that: the formula should stay visible.
//
// The bits are the same on every processor. For x*y + z, Go may use a fused
// multiply-add, which does not round x*y. It does so on arm64 and others, but not on
// amd64. So a product that is added to something is converted, float64(x*y) + z,
// which makes Go round it. The conversion is missing only where the product is exact
// anyway, such as that of two float32 in float64. scripts/fused.sh finds forgotten
// conversions. What remains are the functions of the math package, whose float64
// results may differ in the last bits between processors. Rounding to float32 hides
// all but about one difference in a hundred million results.
package reference

import (
	"baregrad/kernels"
)

// Device is the reference device. It works in the machine's own memory, and a call
// is done when it returns. The slowest operations run on all cores, everything else
// on the caller's: see share.go.
//
// A device for a particular machine can embed it and override what the machine
// does faster.
type Device struct {
	scratch           // the caller's
	wide    []float64 // scratch: an operand widened to float64
	whole   []float64 // scratch: sums in progress of a whole result

	between kernels.HostScratch // what one kernel leaves for the next

	workers []worker
	sharing sharing
	call    operands
}

var _ kernels.Device = (*Device)(nil)

// New returns a reference device that uses runtime.GOMAXPROCS cores.
func New() *Device {
	d := &Device{}
	d.workers = d.newWorkers()
	return d
}

// Name returns "reference".
func (d *Device) Name() string { return "reference" }

// Close gives back the scratch memory. It never fails.
func (d *Device) Close() error {
	*d = Device{}
	return nil
}

// resize returns n elements of *scratch, and enlarges it if needed. So memory is
// allocated only the first time a size is used.
func resize[T any](scratch *[]T, n int) []T {
	if cap(*scratch) < n {
		*scratch = make([]T, n)
	}
	return (*scratch)[:n]
}

// zeros returns n zeros in *scratch.
func zeros(scratch *[]float64, n int) []float64 {
	s := resize(scratch, n)
	clear(s)
	return s
}

// widen returns x in float64, in *scratch. It saves repeated conversions of values
// that are used many times.
func widen(scratch *[]float64, x []float32) []float64 {
	s := resize(scratch, len(x))
	for i, v := range x {
		s[i] = float64(v)
	}
	return s
}

// widenTransposed returns the transpose of the matrix x[rows,cols] in float64.
func widenTransposed(scratch *[]float64, x []float32, rows, cols int) []float64 {
	s := resize(scratch, len(x))
	for r := range rows {
		for c, v := range x[r*cols : (r+1)*cols] {
			s[c*rows+r] = float64(v)
		}
	}
	return s
}

// store rounds sums into y: y = sums, or y += sums.
func store(y []float32, sums []float64, m kernels.Mode) {
	if m == kernels.Accumulate {
		for i, v := range sums {
			y[i] = float32(float64(y[i]) + v)
		}
		return
	}
	for i, v := range sums {
		y[i] = float32(v)
	}
}

// put is store for one value.
func put(y *float32, v float32, m kernels.Mode) {
	if m == kernels.Accumulate {
		v = float32(v) + *y
	}
	*y = v
}
