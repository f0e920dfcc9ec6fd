package cuda

import "baregrad/kernels"

// AvgPool averages the part of each window that lies within the image: see avgpool.ptx.
func (d *Device) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	s.Check("avgpool", y, nil, x)
	d.each(kernel{"avgpool.ptx", "avgpool_fwd_f32"}, y.Len(),
		appendPoolSizes(d.with(address(y), address(x), count(y.Len())), s)...)
}

// AvgPoolGrad distributes dy evenly over each window.
func (d *Device) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.Check("avgpool gradient", dy, nil, dx)
	d.each(kernel{"avgpool.ptx", "avgpool_bwd_f32"}, dx.Len(),
		append(appendPoolSizes(d.with(address(dx), address(dy), count(dx.Len())), s), mode(m))...)
}
