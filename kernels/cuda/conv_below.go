package cuda

import (
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// A convolution's gradient by input that goes on behind the ReLU below: see below.tmpl.

// behindReLU is what that ReLU gave, and where its bias's gradient goes. Both may be nil.
type behindReLU struct {
	x, dbias kernels.Buffer
	mode     kernels.Mode
}

// appendBelow lists the arguments that say so, of a launch whose blocks lie along x. It comes last
// of all that asks for scratch memory.
func (d *Device) appendBelow(arguments []uint64, b behindReLU, grid driver.Dim) []uint64 {
	if b.dbias == nil {
		return append(arguments, address(b.x), 0, 0, 0, 1, 0)
	}
	group := max(1, int(math.Sqrt(float64(grid.X))))
	groups := ceilDiv(grid.X, group)
	partial := uint64(d.scratch.floats(d, (grid.X+groups)*b.dbias.Len()))
	counters := uint64(d.counters.first(d, grid.Y*(groups+1)))
	return append(arguments, address(b.x), address(b.dbias), partial, counters, count(group), mode(b.mode))
}
