// Package reference computes every kernel with plain Go loops. It is the
// definition that the other devices are compared with, and what runs where
// there is no faster one.
//
// Sums are kept in float64 and rounded to float32 once, at the end; so are the
// functions of the math package. Loops are ordered so that memory is walked
// forwards, but no further: a reader should see the formula.
//
// The bits are the same on every processor. For x*y + z Go may use one fused
// instruction, which does not round x*y, on arm64 and others, and does not on
// amd64. So a product that something is added to is converted, float64(x*y) + z,
// which makes Go round it; without that stands only a product that is exact as it
// is, such as that of two float32 in float64. scripts/fused.sh finds what was
// forgotten. What is left are the functions of the math package, whose last bits
// of a float64 each processor may have its own way: rounding to float32 leaves a
// difference in about one of a hundred million results at most.
package reference

import (
	"baregrad/kernels"
)

// Device is the reference device. It works in the machine's own memory and is
// done with a call when the call returns. What takes longest runs on all cores,
// everything else on the caller's: see share.go.
//
// A device for a particular machine can embed it and override what that machine
// does faster.
type Device struct {
	scratch           // the caller's
	wide    []float64 // scratch: an operand widened to float64
	whole   []float64 // scratch: sums in progress of a whole result

	between kernels.HostScratch // what one kernel leaves for another

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

// resize returns n elements of *scratch, which it enlarges where it must: memory
// is allocated only when a size is met for the first time.
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

// widen returns x in float64, in *scratch. Where a value is used many times
// this saves converting it each time.
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
