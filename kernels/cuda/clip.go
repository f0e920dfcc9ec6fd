package cuda

import "baregrad/kernels"

// AddSquares is total[0] += Σ x²: see clip.ptx.
func (d *Device) AddSquares(total, x kernels.Buffer) {
	kernels.Want("add squares", "total", total, kernels.Float32, 1)
	kernels.SameLen("add squares", x)
	n := x.Len()
	if n == 0 {
		return
	}
	threads := chunksOf(1, n)
	partial := uint64(d.scratch.floats(d, threads))
	d.each(kernel{"clip.ptx", "squares_f32"}, threads, partial, address(x), count(n), count(threads))
	d.sumPass(address(total), partial, kernels.ReduceSpec{Outer: 1, N: threads, Inner: 1}, threads, 1, 1, kernels.Accumulate)
}

// ClipByNorm is x *= limit/√total[0] where √total[0] > limit: see clip.ptx.
func (d *Device) ClipByNorm(x, total kernels.Buffer, limit float32) {
	kernels.Want("clip by norm", "total", total, kernels.Float32, 1)
	kernels.SameLen("clip by norm", x)
	d.elementwise(kernel{"clip.ptx", "clip_by_norm_f32"}, x.Len(), []uint64{address(x), address(total), float(limit)})
}

// ClipByValue is x = min(max(x, −limit), limit): see clip.ptx.
func (d *Device) ClipByValue(x kernels.Buffer, limit float32) {
	kernels.SameLen("clip by value", x)
	d.elementwise(kernel{"clip.ptx", "clip_by_value_f32"}, x.Len(), []uint64{address(x), float(limit)})
}
