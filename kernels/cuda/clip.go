package cuda

import "baregrad/kernels"

// AddSquares is total += Σ x²: see clip.ptx.
func (d *Device) AddSquares(total, x kernels.Buffer) {
	kernels.Want("add squares", "total", total, kernels.Float32, 1)
	kernels.SameLen("add squares", x)
	d.launch(kernel{"clip.ptx", "add_squares_f32"}, line(1), lanes(256), address(total), address(x), count(x.Len()))
}

// ClipByNorm is x *= limit/√total where √total > limit.
func (d *Device) ClipByNorm(x, total kernels.Buffer, limit float32) {
	kernels.Want("clip by norm", "total", total, kernels.Float32, 1)
	kernels.SameLen("clip by norm", x)
	d.each(kernel{"clip.ptx", "clip_by_norm_f32"}, x.Len(), address(x), address(total), float(limit), count(x.Len()))
}

// ClipByValue is x = min(max(x, −limit), limit).
func (d *Device) ClipByValue(x kernels.Buffer, limit float32) {
	kernels.SameLen("clip by value", x)
	d.each(kernel{"clip.ptx", "clip_by_value_f32"}, x.Len(), address(x), float(limit), count(x.Len()))
}
