package kerneltest

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"baregrad/kernels"
)

// epsilon is the distance from 1 to the next float32: 2⁻²³.
const epsilon = 1.0 / (1 << 23)

// A tolerance is how far a result may be from the oracle's: |got−want| <=
// absolute + relative·|want|. Where one is made, a comment says why it is that.
type tolerance struct {
	absolute, relative float64
}

// exact is for results that no device has a reason to round differently.
var exact = tolerance{}

// rounding is for a few float32 operations one after another, each of which
// is off by half an epsilon at most: n epsilons relative, and as much absolute
// for differences of numbers around 1 that cancel.
func rounding(n float64) tolerance { return tolerance{absolute: n * epsilon, relative: n * epsilon} }

// summing is for sums of n products of numbers up to 2, added up in float32.
// With random signs the partial sums are of the order of 2·√n; each of the n
// additions is off by up to ε/2 of that, and n such errors, of random signs too,
// come to n·ε. Four times that, because the worst of many sums counts.
func summing(n int) tolerance {
	return tolerance{absolute: 4 * float64(n+2) * epsilon, relative: 4 * epsilon}
}

// differs tells whether got is not want within the tolerance. NaN must meet
// NaN, and an infinity the same infinity.
func (tol tolerance) differs(got, want float64) bool {
	// The oracle computes in float64: what float32 can't hold is an infinity there.
	want32 := float64(float32(want))
	switch {
	case math.IsNaN(want32):
		return !math.IsNaN(got)
	case math.IsInf(want32, 0):
		return got != want32
	}
	return !(math.Abs(got-want) <= tol.absolute+tol.relative*math.Abs(want))
}

// compare returns an error that shows the first element of got that differs from want.
func compare(got array, want []float64, tol tolerance) error {
	if got.len() != len(want) {
		return fmt.Errorf("%d elements, want %d", got.len(), len(want))
	}
	wrong, first := 0, -1
	note := func(i int) {
		wrong++
		if first < 0 {
			first = i
		}
	}
	for i, v := range got.floats { // most arrays: without a copy in float64
		if tol.differs(float64(v), want[i]) {
			note(i)
		}
	}
	if !got.isFloat() {
		for i, v := range got.values() {
			if tol.differs(v, want[i]) {
				note(i)
			}
		}
	}
	if wrong == 0 {
		return nil
	}
	values := got.values()
	return fmt.Errorf("element %d is %v, want %v within %.3g + %.3g·|want|; %d of %d elements are wrong",
		first, values[first], want[first], tol.absolute, tol.relative, wrong, len(want))
}

// sameBits returns an error if two results differ in any bit.
func sameBits(a, b array) error {
	x, y := a.host(), b.host()
	if bytes.Equal(x, y) {
		return nil
	}
	size := a.kind.Size()
	for i := range x {
		if x[i] != y[i] {
			return fmt.Errorf("element %d: %v, then %v", i/size, a.values()[i/size], b.values()[i/size])
		}
	}
	return nil
}

var errNoPanic = errors.New("no panic, want a *kernels.ShapeError")

// shapeError runs f and returns the *kernels.ShapeError that it panics with.
// Any other end is an error.
func shapeError(f func()) (shape *kernels.ShapeError, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
			err = errNoPanic
		case *kernels.ShapeError:
			shape = r
		default:
			err = fmt.Errorf("panic with %T %v, want a *kernels.ShapeError", r, r)
		}
	}()
	f()
	return nil, nil
}
