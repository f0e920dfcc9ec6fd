package cuda

import "baregrad/kernels"

// Affine is y = scale·x + shift: see affine.ptx.
func (d *Device) Affine(y, x kernels.Buffer, scale, shift float32) {
	kernels.SameLen("affine", y, x)
	d.elementwise(kernel{"affine.ptx", "affine_fwd_f32"}, y.Len(),
		[]uint64{address(y), address(x), float(scale), float(shift)})
}

// AffineGrad is dx = scale·dy.
func (d *Device) AffineGrad(dx, dy kernels.Buffer, scale float32, m kernels.Mode) {
	kernels.SameLen("affine gradient", dx, dy)
	d.elementwise(kernel{"affine.ptx", "affine_bwd_f32"}, dx.Len(),
		[]uint64{address(dx), address(dy), float(scale)}, mode(m))
}
