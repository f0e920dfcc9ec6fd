package cuda_test

import (
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// Postponed calls give the same results as calls one after the other: on separate memory, and where
// the second call reads or writes what the first writes, or writes what the first reads.
func TestPairs(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	from := func(values ...float32) kernels.Buffer {
		b := d.Alloc(kernels.Float32, len(values))
		kernels.Upload(d, b, values)
		return b
	}
	all := func(n int) kernels.ReduceSpec { return kernels.ReduceSpec{Outer: 1, N: n, Inner: 1} }
	for name, c := range map[string]struct {
		run  func(x kernels.Buffer) // of 1, 2, 3, 4
		want []float32
	}{
		"apart": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(1, 3), all(2), kernels.Accumulate)
			d.Mean(x.Slice(3, 4), x.Slice(1, 3), all(2))
		}, []float32{6, 2, 3, 2.5}},
		"three": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(2, 4), all(2), kernels.Overwrite)
			d.Sum(x.Slice(1, 2), x.Slice(2, 4), all(2), kernels.Accumulate)
			d.Sum(x.Slice(3, 4), x.Slice(0, 3), all(3), kernels.Overwrite)
		}, []float32{7, 9, 3, 19}},
		"second reads": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(1, 4), all(3), kernels.Overwrite)
			d.Sum(x.Slice(3, 4), x.Slice(0, 3), all(3), kernels.Overwrite)
		}, []float32{9, 2, 3, 14}},
		"second writes the same": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(1, 4), all(3), kernels.Accumulate)
			d.Sum(x.Slice(0, 1), x.Slice(1, 3), all(2), kernels.Accumulate)
		}, []float32{15, 2, 3, 4}},
		"second writes what was read": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(1, 4), all(3), kernels.Overwrite)
			d.Sum(x.Slice(2, 3), x.Slice(1, 2), all(1), kernels.Overwrite)
		}, []float32{9, 2, 2, 4}},
		"something else between": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(1, 4), all(3), kernels.Overwrite)
			d.Fill(x.Slice(1, 4), 1)
			d.Sum(x.Slice(3, 4), x.Slice(0, 3), all(3), kernels.Overwrite)
		}, []float32{9, 1, 1, 11}},
		"an optimizer after it": {func(x kernels.Buffer) {
			d.Sum(x.Slice(0, 1), x.Slice(1, 4), all(3), kernels.Overwrite)
			d.SGD(x.Slice(1, 2), x.Slice(0, 1), nil, from(0.5), kernels.SGDSpec{})
			d.Sum(x.Slice(3, 4), x.Slice(1, 3), all(2), kernels.Overwrite)
		}, []float32{9, -2.5, 3, 0.5}},
	} {
		x, got := from(1, 2, 3, 4), make([]float32, 4)
		c.run(x)
		kernels.Download(d, got, x)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	index, cursor := d.Alloc(kernels.Int32, 2), d.Alloc(kernels.Int32, 1)
	kernels.Upload(d, index, []int32{1, 0})
	x, y := from(1, 2, 3, 4), d.Alloc(kernels.Float32, 4)
	s := kernels.GatherSpec{Rows: 2, Width: 2, Scale: 1}
	d.Gather(y, x, index, cursor, s)
	d.Gather(x, y, index, cursor, s) // back, from the result of the first
	for b, want := range map[kernels.Buffer][]float32{x: {1, 2, 3, 4}, y: {3, 4, 1, 2}} {
		got := make([]float32, 4)
		kernels.Download(d, got, b)
		if !slices.Equal(got, want) {
			t.Errorf("gathered there and back: %v, want %v", got, want)
		}
	}
}
