package cuda

import (
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// The gradient of a convolution by its input, continued through the ReLU below: see below.tmpl.

// behindReLU holds that ReLU's output, and where its bias gradient goes. Both may be nil.
type behindReLU struct {
	x, dbias kernels.Buffer
	mode     kernels.Mode
}

// appendBelow appends the arguments for that, for a launch whose blocks extend along x. It must be
// the last request for scratch memory.
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
