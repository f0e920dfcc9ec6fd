package cuda

import "baregrad/kernels"

// Layer normalization: see layer_norm.ptx.

// LayerNorm launches one kernel by row.
func (d *Device) LayerNorm(y, mean, inverse, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckLayerNorm("layer norm", rows, cols, [2]kernels.Buffer{y, x}, mean, inverse, gamma, beta)
	d.byHeldRow(&layerNormFwd, rows, cols, address(y), address(mean), address(inverse),
		address(x), address(gamma), address(beta), count(rows), count(cols), float(epsilon))
}

// LayerNormGrad takes a pass by row for dx, and one by column for the other two.
func (d *Device) LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma kernels.Buffer, rows, cols int, mx, mg, mb kernels.Mode) {
	kernels.CheckLayerNormGrad("layer norm gradient", rows, cols, dx, dgamma, dbeta, dy, x, mean, inverse, gamma)
	if dgamma != nil || dbeta != nil {
		d.sumColumns(kernel{"layer_norm.ptx", "layer_norm_sums_f32"}, d.columnSums(rows, cols, 2, 4), address(dgamma), address(dbeta),
			address(dy), address(x), address(mean), address(inverse), mode(mg), mode(mb))
	}
	if dx != nil {
		d.byHeldRow(&layerNormBwd, rows, cols, address(dx), address(dy), address(x), address(mean),
			address(inverse), address(gamma), count(rows), count(cols), mode(mx))
	}
}

var (
	layerNormFwd = rowKernels("layer_norm.ptx", "layer_norm_*_fwd_f32")
	layerNormBwd = rowKernels("layer_norm.ptx", "layer_norm_*_bwd_f32")
)
