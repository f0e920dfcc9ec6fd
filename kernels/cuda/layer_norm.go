package cuda

import "baregrad/kernels"

// Layer normalization: see layer_norm.ptx.

// LayerNorm launches one kernel by row.
func (d *Device) LayerNorm(y, mean, inverse, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckLayerNorm("layer norm", rows, cols, [2]kernels.Buffer{y, x}, mean, inverse, gamma, beta)
	d.normalizeRows(&layerNormFwd, rows, cols, address(y), address(mean), address(inverse),
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
		d.normalizeRows(&layerNormBwd, rows, cols, address(dx), address(dy), address(x), address(mean),
			address(inverse), address(gamma), count(rows), count(cols), mode(mx))
	}
}

// rowForms are the kernels for rows of up to 64, 256, 512 and 16384 columns, and for longer ones.
type rowForms struct{ to64, to256, to512, to16384, long kernel }

var (
	layerNormFwd = rowForms{
		kernel{"layer_norm.ptx", "layer_norm_64_fwd_f32"}, kernel{"layer_norm.ptx", "layer_norm_256_fwd_f32"},
		kernel{"layer_norm.ptx", "layer_norm_512_fwd_f32"}, kernel{"layer_norm.ptx", "layer_norm_16384_fwd_f32"},
		kernel{"layer_norm.ptx", "layer_norm_long_fwd_f32"},
	}
	layerNormBwd = rowForms{
		kernel{"layer_norm.ptx", "layer_norm_64_bwd_f32"}, kernel{"layer_norm.ptx", "layer_norm_256_bwd_f32"},
		kernel{"layer_norm.ptx", "layer_norm_512_bwd_f32"}, kernel{"layer_norm.ptx", "layer_norm_16384_bwd_f32"},
		kernel{"layer_norm.ptx", "layer_norm_long_bwd_f32"},
	}
)

// normalizeRows launches the form for rows of cols columns: a warp per row, or a block with a warp
// for every 512 columns.
func (d *Device) normalizeRows(f *rowForms, rows, cols int, arguments ...uint64) {
	arguments = d.with(arguments...)
	switch {
	case cols <= 64:
		d.byRow(f.to64, rows, arguments...)
	case cols <= 256:
		d.byRow(f.to256, rows, arguments...)
	case cols <= 512:
		d.byRow(f.to512, rows, arguments...)
	case cols <= 16384:
		d.launch(f.to16384, line(rows), lanes(32*ceilDiv(cols, 512)), arguments...)
	default:
		d.launch(f.long, line(rows), lanes(1024), arguments...)
	}
}
