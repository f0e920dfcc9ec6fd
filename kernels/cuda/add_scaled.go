package cuda

import "baregrad/kernels"

// AddScaled is y += scale·x: see add_scaled.ptx.
func (d *Device) AddScaled(y, x kernels.Buffer, scale float32) {
	kernels.SameLen("addscaled", y, x)
	d.elementwise(kernel{"add_scaled.ptx", "add_scaled_f32"}, y.Len(),
		[]uint64{address(y), address(x), float(scale)})
}
