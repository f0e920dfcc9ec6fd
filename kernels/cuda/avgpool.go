package cuda

import "baregrad/kernels"

// AvgPool averages the part of each window that lies within the image: see avgpool.ptx.
func (d *Device) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	s.Check("avgpool", y, nil, x)
	name, n := "avgpool_fwd_f32", y.Len()
	if poolBy4(s, y, x) {
		name, n = "avgpool_fwd_by4_f32", n/4
	}
	d.each(kernel{"avgpool.ptx", name}, n, appendPoolSizes(d.with(address(y), address(x), count(n)), s)...)
}

// AvgPoolGrad distributes dy evenly over each window.
func (d *Device) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.Check("avgpool gradient", dy, nil, dx)
	name, n := "avgpool_bwd_f32", dx.Len()
	if poolBy4(s, dx, dy) {
		name, n = "avgpool_bwd_by4_f32", n/4
	}
	d.each(kernel{"avgpool.ptx", name}, n,
		append(appendPoolSizes(d.with(address(dx), address(dy), count(n)), s), mode(m))...)
}
