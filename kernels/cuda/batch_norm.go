package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Batch normalization: see batch_norm.ptx.

var (
	batchNormVariance = kernel{"batch_norm.ptx", "batch_norm_variance_f32"}
	batchNormSums     = kernel{"batch_norm.ptx", "batch_norm_sums_f32"}
	batchNormFwd      = kernel{"batch_norm.ptx", "batch_norm_fwd_f32"}
	batchNormBwd      = kernel{"batch_norm.ptx", "batch_norm_bwd_f32"}
)

// BatchNorm takes three passes: the mean, the variance, the elements.
func (d *Device) BatchNorm(y, mean, variance, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckBatchNorm("batch norm", rows, cols, [2]kernels.Buffer{y, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma, beta})
	if cols == 0 {
		return
	}
	d.Mean(mean, x, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols})
	columns := uint64(d.between.floats(d, cols))
	grid, partial, counters, segment := d.columnSums(rows, cols)
	d.launch(batchNormVariance, grid, lanes(256), d.with(address(x), address(mean), address(variance), address(gamma), columns,
		partial, counters, count(rows), count(cols), count(segment), float(epsilon))...)
	d.elementwise(batchNormFwd, rows*cols, []uint64{address(y), address(x), address(mean), columns, address(beta)}, count(cols))
}

// BatchNormGrad takes two: the sums, the elements.
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
	grid, partial, counters, segment := d.columnSums(rows, cols)
	d.launch(batchNormSums, grid, lanes(256), d.with(address(dgamma), address(dbeta), address(dy), address(x), address(mean), address(variance),
		address(gamma), columns, partial, counters, count(rows), count(cols), count(segment), float(epsilon), mode(mg), mode(mb))...)
	if dx != nil {
		d.elementwise(batchNormBwd, rows*cols, []uint64{address(dx), address(dy), address(x), address(mean), columns}, count(cols), mode(mx))
	}
}

// columnSums is the grid of two sums for each column: as biasGrad's, rows are cut into segments,
// 32 rows at least, so that there are blocks enough.
func (d *Device) columnSums(rows, cols int) (grid driver.Dim, partial, counters uint64, segment int) {
	groups := ceilDiv(cols, 32)
	parts := max(1, min(ceilDiv(rows, 32), 2*busy/groups))
	segment = ceilDiv(ceilDiv(rows, parts), 32) * 32
	parts = ceilDiv(rows, segment)
	if parts > 1 {
		partial = uint64(d.scratch.floats(d, parts*2*cols))
		counters = uint64(d.counters.first(d, groups))
	}
	return driver.Dim{X: groups, Y: parts, Z: 1}, partial, counters, segment
}
