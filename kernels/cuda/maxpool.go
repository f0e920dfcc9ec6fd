package cuda

import (
	"slices"

	"baregrad/kernels"
)

// MaxPool takes each window's maximum: see maxpool.ptx.
func (d *Device) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	kernels.Want("max pooling", "argmax", arg, kernels.Int32, y.Len())
	s.Check("max pooling", y, arg, x)
	d.each(kernel{"maxpool.ptx", "maxpool_fwd_f32"}, y.Len(),
		slices.Concat([]uint64{address(y), address(arg), address(x), count(y.Len())}, poolSizes(s))...)
}

// MaxPoolGrad sends dy to where the maxima were.
func (d *Device) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	kernels.Want("max pooling gradient", "argmax", arg, kernels.Int32, dy.Len())
	s.Check("max pooling gradient", dy, arg, dx)
	d.each(kernel{"maxpool.ptx", "maxpool_bwd_f32"}, dx.Len(),
		slices.Concat([]uint64{address(dx), address(dy), address(arg), count(dx.Len())}, poolSizes(s), []uint64{mode(m)})...)
}

// poolSizes lists the sizes of a pooling as kernels take them: see index.tmpl.
func poolSizes(s kernels.PoolSpec) []uint64 {
	return []uint64{
		count(s.H), count(s.W), count(s.C), count(s.KH), count(s.KW), count(s.StrideH), count(s.StrideW),
		count(s.PadTop), count(s.PadLeft), count(s.OH), count(s.OW),
	}
}
