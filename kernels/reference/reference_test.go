package reference_test

import (
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
	"baregrad/kernels/reference"
)

func TestKernels(t *testing.T) {
	kerneltest.Run(t, func() kernels.Device { return reference.New() })
}

// The reference also checks the contents of buffers, such as indices. A GPU can't panic
// for those, but this device defines the behaviour.
func TestValuesOutOfRange(t *testing.T) {
	d := reference.New()
	floats := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	ints := func(values ...int32) kernels.Buffer {
		b := d.Alloc(kernels.Int32, len(values))
		kernels.Upload(d, b, values)
		return b
	}
	gather := kernels.GatherSpec{Rows: 2, Width: 3, Scale: 1}
	for _, c := range []struct {
		want string
		call func()
	}{
		{"softmax cross-entropy: label 3 of row 1: must be from 0 to 2",
			func() { d.SoftmaxCrossEntropy(floats(2), floats(6), floats(6), ints(0, 3), 2, 3) }},
		{"softmax cross-entropy gradient: label -1 of row 0",
			func() {
				d.SoftmaxCrossEntropyGrad(floats(6), floats(2), floats(6), ints(-1, 0), 2, 3, kernels.Overwrite)
			}},
		{"cross-entropy: label 3 of row 1", func() { d.CrossEntropy(floats(2), floats(6), ints(0, 3), 2, 3) }},
		{"cross-entropy gradient: label 3 of row 1",
			func() { d.CrossEntropyGrad(floats(6), floats(2), floats(6), ints(0, 3), 2, 3, kernels.Overwrite) }},
		{"gather: rows 2 to 4 of an index of 3", func() { d.Gather(floats(6), floats(9), ints(0, 1, 2), ints(2), gather) }},
		{"gather: rows -1 to 1 of an index of 3", func() { d.Gather(floats(6), floats(9), ints(0, 1, 2), ints(-1), gather) }},
		{"gather: index 2 is row 3 of a source of 3 rows", func() { d.Gather(floats(6), floats(9), ints(0, 1, 3), ints(1), gather) }},
		{"gather: index 0 is row -1", func() { d.Gather(floats(6), floats(9), ints(-1, 1), ints(0), gather) }},
	} {
		func() {
			defer func() {
				r := recover()
				if e, ok := r.(*kernels.ShapeError); !ok || !strings.HasPrefix(e.Error(), c.want) {
					t.Errorf("panic with %v, want a *kernels.ShapeError %q", r, c.want)
				}
			}()
			c.call()
		}()
	}
}
