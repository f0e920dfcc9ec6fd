package cuda_test

import (
	"testing"

	"baregrad/kernels"
)

// Pooling of four channels a thread takes fewer machine instructions per element written than fit
// into the time in which an H100 moves its bytes, 8.85 of a lane for each: 132 multiprocessors with
// four instructions of 32 lanes a cycle at 1.755 GHz, and 3.35 TB/s.
func TestPoolCounts(t *testing.T) {
	const perByte = 132 * 4 * 32 * 1.755e9 / 3.35e12
	d, machine := metered(t)
	defer d.Close()
	s := kernels.PoolSpec{N: 2, H: 24, W: 24, C: 32, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12}
	sizeX, sizeY := s.N*s.H*s.W*s.C, s.N*s.OH*s.OW*s.C
	x, y, arg := d.Alloc(kernels.Float32, sizeX), d.Alloc(kernels.Float32, sizeY), d.Alloc(kernels.Int32, sizeY)
	for _, c := range []struct {
		name         string
		run          func()
		elements     int
		bytes        float64 // of memory, per element
		instructions float64 // per element, at most
	}{
		{"average", func() { d.AvgPool(y, x, s) }, sizeY, 20, 38.1},
		{"its gradient", func() { d.AvgPoolGrad(x, y, s, kernels.Overwrite) }, sizeX, 5, 36.1},
		{"maximum", func() { d.MaxPool(y, arg, x, s) }, sizeY, 24, 47.6},
		{"its gradient", func() { d.MaxPoolGrad(x, y, arg, s, kernels.Overwrite) }, sizeX, 6, 32.9},
	} {
		machine.ResetCounters()
		c.run()
		per := 32 * float64(machine.Counters().Total.MachineInstructions) / float64(c.elements)
		t.Logf("%s: %.1f machine instructions per element, %.2f of those that fit into the time of %g bytes", c.name, per, per/(perByte*c.bytes), c.bytes)
		if !(per <= c.instructions) {
			t.Errorf("%s: %.1f machine instructions per element, want %g at most", c.name, per, c.instructions)
		}
	}
}
