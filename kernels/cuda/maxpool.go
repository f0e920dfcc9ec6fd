package cuda

import "baregrad/kernels"

// MaxPool computes each window's maximum: see maxpool.ptx.
func (d *Device) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	s.CheckMax("maxpool", y, arg, x)
	name, n, c := "maxpool_fwd_f32", y.Len(), s.C
	if poolBy4(s, y, arg, x) {
		name, n, c = "maxpool_fwd_by4_f32", n/4, c/4
	}
	arguments := appendPoolSizes(d.with(address(y), address(arg), address(x), count(n)), s)
	d.each(kernel{"maxpool.ptx", name}, n, appendInverses(arguments, c, s.OW, s.OH)...)
}

// MaxPoolGrad routes dy to the positions of the maxima.
func (d *Device) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckMax("maxpool gradient", dy, arg, dx)
	name, n, c := "maxpool_bwd_f32", dx.Len(), s.C
	if poolBy4(s, dx, dy, arg) {
		name, n, c = "maxpool_bwd_by4_f32", n/4, c/4
	}
	arguments := appendPoolSizes(d.with(address(dx), address(dy), address(arg), count(n)), s)
	arguments = appendInverses(arguments, c, s.W, s.H, s.StrideH, s.StrideW)
	d.each(kernel{"maxpool.ptx", name}, n, append(arguments, mode(m))...)
}

// poolBy4 reports whether the kernels for four channels at once can be used.
func poolBy4(s kernels.PoolSpec, buffers ...kernels.Buffer) bool {
	for _, b := range buffers {
		if address(b)%16 != 0 {
			return false
		}
	}
	return s.C%4 == 0
}

// BiasReLUMaxPoolGrad masks dy by y into scratch memory, sums it for the bias, and routes it to the
// positions of the maxima.
func (d *Device) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckBiasReLU("bias relu maxpool gradient", dx, dbias, dy, y, arg)
	masked := d.between.buffer(d, dy.Len())
	d.BiasReLUGrad(masked, dbias, dy, y, s.N*s.OH*s.OW, s.C, m)
	d.MaxPoolGrad(dx, masked, arg, s, kernels.Overwrite)
}

// appendPoolSizes appends the sizes of a pooling in the order of the kernels' parameters: see
// index.tmpl.
func appendPoolSizes(arguments []uint64, s kernels.PoolSpec) []uint64 {
	return append(arguments,
		count(s.H), count(s.W), count(s.C), count(s.KH), count(s.KW), count(s.StrideH), count(s.StrideW),
		count(s.PadTop), count(s.PadLeft), count(s.OH), count(s.OW),
	)
}
