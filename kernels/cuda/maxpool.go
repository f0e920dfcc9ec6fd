package cuda

import "baregrad/kernels"

// MaxPool takes each window's maximum: see maxpool.ptx.
func (d *Device) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	s.CheckMax("maxpool", y, arg, x)
	d.each(kernel{"maxpool.ptx", "maxpool_fwd_f32"}, y.Len(),
		appendPoolSizes(d.with(address(y), address(arg), address(x), count(y.Len())), s)...)
}

// MaxPoolGrad sends dy to where the maxima were.
func (d *Device) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckMax("maxpool gradient", dy, arg, dx)
	d.each(kernel{"maxpool.ptx", "maxpool_bwd_f32"}, dx.Len(),
		append(appendPoolSizes(d.with(address(dx), address(dy), address(arg), count(dx.Len())), s), mode(m))...)
}

// BiasReLUMaxPoolGrad masks dy by y into scratch memory, adding it up for the
// bias, and sends it to where the maxima were.
func (d *Device) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckBiasReLU("bias relu maxpool gradient", dx, dbias, dy, y, arg)
	masked := d.between.buffer(d, dy.Len())
	d.BiasReLUGrad(masked, dbias, dy, y, s.N*s.OH*s.OW, s.C, m)
	d.MaxPoolGrad(dx, masked, arg, s, kernels.Overwrite)
}

// appendPoolSizes appends the sizes of a pooling as kernels take them: see index.tmpl.
func appendPoolSizes(arguments []uint64, s kernels.PoolSpec) []uint64 {
	return append(arguments,
		count(s.H), count(s.W), count(s.C), count(s.KH), count(s.KW), count(s.StrideH), count(s.StrideW),
		count(s.PadTop), count(s.PadLeft), count(s.OH), count(s.OW),
	)
}
