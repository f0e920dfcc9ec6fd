package cuda

import "baregrad/kernels"

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
	d.sumColumns(batchNormMoments, d.columnSums(rows, cols, 3, 8),
		address(x), address(mean), address(variance), address(gamma), columns, float(epsilon))
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
	d.sumColumns(batchNormSums, d.columnSums(rows, cols, 2, 4), address(dgamma), address(dbeta), address(dy), address(x),
		address(mean), address(variance), address(gamma), columns, float(epsilon), mode(mg), mode(mb))
	if dx != nil {
		d.elementwise(batchNormBwd, rows*cols, []uint64{address(dx), address(dy), address(x), address(mean), columns}, count(cols), mode(mx))
	}
}
