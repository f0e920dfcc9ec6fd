package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Batch normalization: see batch_norm.ptx.

var (
	batchNormMoments = kernel{"batch_norm.ptx", "batch_norm_moments_f32"}
	batchNormSums    = kernel{"batch_norm.ptx", "batch_norm_sums_f32"}
	batchNormFwd     = kernel{"batch_norm.ptx", "batch_norm_fwd_f32"}
	batchNormBwd     = kernel{"batch_norm.ptx", "batch_norm_bwd_f32"}
)

// BatchNorm takes two passes: one for mean and variance, one for the elements.
func (d *Device) BatchNorm(y, mean, variance, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckBatchNorm("batch norm", rows, cols, [2]kernels.Buffer{y, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma, beta})
	if cols == 0 {
		return
	}
	columns := uint64(d.between.floats(d, cols))
	s := d.columnSums(rows, cols, 3)
	d.launch(batchNormMoments, s.grid, lanes(256), d.with(address(x), address(mean), address(variance), address(gamma), columns,
		s.partial, s.counters, count(rows), count(cols), count(s.segment), count(s.width), count(32/s.width), float(epsilon))...)
	d.elementwise(batchNormFwd, rows*cols, []uint64{address(y), address(x), address(mean), columns, address(beta)}, count(cols))
}

// BatchNormGrad takes two passes: one for the sums, one for the elements.
func (d *Device) BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma kernels.Buffer, rows, cols int, epsilon float32, mx, mg, mb kernels.Mode) {
	const op = "batch norm gradient"
	kernels.CheckBatchNorm(op, rows, cols, [2]kernels.Buffer{dy, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{dgamma, dbeta})
	kernels.CheckBatchNorm(op, rows, cols, [2]kernels.Buffer{dy, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma})
	if dx != nil {
		kernels.CheckRows(op, rows, cols, dx)
	}
	if cols == 0 {
		return
	}
	columns := uint64(d.between.floats(d, 3*cols))
	s := d.columnSums(rows, cols, 2)
	d.launch(batchNormSums, s.grid, lanes(256), d.with(address(dgamma), address(dbeta), address(dy), address(x), address(mean), address(variance),
		address(gamma), columns, s.partial, s.counters, count(rows), count(cols), count(s.segment), count(s.width), count(32/s.width),
		float(epsilon), mode(mg), mode(mb))...)
	if dx != nil {
		d.elementwise(batchNormBwd, rows*cols, []uint64{address(dx), address(dy), address(x), address(mean), columns}, count(cols), mode(mx))
	}
}

// columnSums holds the sizes of a launch that sums by column, and its scratch memory.
type columnSums struct {
	grid              driver.Dim
	partial, counters uint64
	segment, width    int // rows per segment, and lanes of a warp per row
}

// columnSums returns them for the given number of sums per column (kept). As in biasGrad, the rows
// are cut into segments, so that there are enough blocks. In each, every lane has at least four
// rows.
func (d *Device) columnSums(rows, cols, kept int) (s columnSums) {
	groups := ceilDiv(cols, 32)
	s.width = 1
	for s.width < min(cols, 32) {
		s.width *= 2
	}
	least := 32 * 32 / s.width
	parts := max(1, min(ceilDiv(rows, least), 2*busy/groups))
	s.segment = ceilDiv(ceilDiv(rows, parts), least) * least
	parts = ceilDiv(rows, s.segment)
	if parts > 1 {
		s.partial = uint64(d.scratch.floats(d, parts*kept*cols))
		s.counters = uint64(d.counters.first(d, groups))
	}
	s.grid = driver.Dim{X: groups, Y: parts, Z: 1}
	return s
}
