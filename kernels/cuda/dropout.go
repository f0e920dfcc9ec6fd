package cuda

import "baregrad/kernels"

// Dropout is y = x·Scale where the element is kept, otherwise 0: see dropout.ptx.
func (d *Device) Dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec) {
	s.Check("dropout", y, x, step)
	d.elementwise(kernel{"dropout.ptx", "dropout_fwd_f32"}, y.Len(),
		[]uint64{address(y), address(x), address(step)},
		uint64(s.Threshold()), float(s.Scale()), uint64(s.Layer), s.Seed)
}

// DropoutGrad is dx = dy·Scale where the element was kept, otherwise 0.
func (d *Device) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	s.Check("dropout gradient", dx, dy, step)
	d.elementwise(kernel{"dropout.ptx", "dropout_bwd_f32"}, dx.Len(),
		[]uint64{address(dx), address(dy), address(step)},
		uint64(s.Threshold()), float(s.Scale()), uint64(s.Layer), s.Seed, mode(m))
}
