package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// The gradients of a bias, and of the ReLU or loss after it: see bias.ptx.

var (
	biasBwd     = kernel{"bias.ptx", "bias_bwd_f32"}
	biasReLUBwd = kernel{"bias.ptx", "bias_relu_bwd_f32"}
	biasLossBwd = kernel{"bias.ptx", "bias_softmax_cross_entropy_bwd_f32"}
)

// BiasReLUGrad masks dy and sums it by column, in one pass.
func (d *Device) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckBiasReLU("bias relu gradient", dx, dbias, dy, y, rows, cols)
	if dbias == nil {
		d.ReLUGrad(dx, dy, y, kernels.Overwrite)
		return
	}
	d.biasGrad(biasReLUBwd, rows, cols, m, address(dbias), address(dy), address(dx), address(y))
}

// biasGrad launches one of these kernels. The rows are cut into segments of at least 32 rows, so
// that there are enough blocks.
func (d *Device) biasGrad(k kernel, rows, cols int, m kernels.Mode, buffers ...uint64) {
	if cols == 0 {
		return
	}
	groups := ceilDiv(cols, 32)
	parts := max(1, min(ceilDiv(rows, 32), 2*busy/groups))
	segment := ceilDiv(ceilDiv(max(rows, 1), parts), 32) * 32
	parts = max(1, ceilDiv(rows, segment))
	var partial, counters uint64
	if parts > 1 {
		partial = uint64(d.scratch.floats(d, parts*cols))
		counters = uint64(d.counters.first(d, groups))
	}
	arguments := append(d.with(buffers...), partial, counters, count(rows), count(cols), count(segment), mode(m))
	d.launch(k, driver.Dim{X: groups, Y: parts, Z: 1}, lanes(256), arguments...)
}

// sumChunks sums [chunks, n] from scratch memory over the chunks.
func (d *Device) sumChunks(to, chunks uint64, rows, n int, m kernels.Mode) {
	d.biasGrad(biasBwd, rows, n, m, to, chunks)
}
