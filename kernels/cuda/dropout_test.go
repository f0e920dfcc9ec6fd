package cuda_test

import (
	"slices"
	"testing"

	"baregrad/kernels"
)

// Dropout reads and writes each element once, in whole sectors. Each lane has four neighbours;
// one element at a time, a warp would touch every sector four times.
func TestDropoutCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	const n = 1 << 14
	x, y, step := d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Int32, 1)
	s := kernels.DropoutSpec{Rate: 0.5, Seed: 1}
	for name, c := range map[string]struct {
		run     func()
		touched int // how often each element is
	}{
		"forward":     {func() { d.Dropout(y, x, step, s) }, 2},
		"gradient":    {func() { d.DropoutGrad(y, x, step, s, kernels.Overwrite) }, 2},
		"accumulates": {func() { d.DropoutGrad(y, x, step, s, kernels.Accumulate) }, 3},
	} {
		machine.ResetCounters()
		c.run()
		steps := n / 128 // each warp reads the step's number, one sector
		if got, want := int(machine.Counters().Total.Sectors), c.touched*n/8+steps; got != want {
			t.Errorf("%s: %d sectors, want %d", name, got, want)
		}
	}
}

// The same elements are dropped whatever the alignment of the memory and the number of elements.
func TestDropoutAtAnyAddress(t *testing.T) {
	d := checked(t)
	defer d.Close()
	const n = 40
	step, s := d.Alloc(kernels.Int32, 1), kernels.DropoutSpec{Rate: 0.3, Seed: 3}
	kernels.Upload(d, step, []int32{7})
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i + 1)
	}
	run := func(offsetX, offsetY, n int, gradient bool, m kernels.Mode) []float32 {
		x, y, got := d.Alloc(kernels.Float32, offsetX+n), d.Alloc(kernels.Float32, offsetY+n), make([]float32, n)
		defer x.Free()
		defer y.Free()
		kernels.Upload(d, x.Slice(offsetX, offsetX+n), values[:n])
		kernels.Upload(d, y.Slice(offsetY, offsetY+n), values[:n])
		if gradient {
			d.DropoutGrad(y.Slice(offsetY, offsetY+n), x.Slice(offsetX, offsetX+n), step, s, m)
		} else {
			d.Dropout(y.Slice(offsetY, offsetY+n), x.Slice(offsetX, offsetX+n), step, s)
		}
		kernels.Download(d, got, y.Slice(offsetY, offsetY+n))
		return got
	}
	all := run(0, 0, n, false, kernels.Overwrite)
	if !slices.Contains(all, 0) {
		t.Fatalf("nothing was dropped: %v", all)
	}
	for n := range 10 {
		for offset := range 4 {
			if got := run(offset, 0, n+1, false, kernels.Overwrite); !slices.Equal(got, all[:n+1]) {
				t.Errorf("%d elements from %d: %v, want %v", n+1, offset, got, all[:n+1])
			}
			if got := run(0, offset, n+1, true, kernels.Overwrite); !slices.Equal(got, all[:n+1]) {
				t.Errorf("gradient of %d elements to %d: %v, want %v", n+1, offset, got, all[:n+1])
			}
			got := run(offset, offset, n+1, true, kernels.Accumulate)
			for i := range got {
				if want := all[i] + values[i]; got[i] != want {
					t.Errorf("gradient of %d elements at %d, added: element %d is %v, want %v", n+1, offset, i, got[i], want)
				}
			}
		}
	}
}
