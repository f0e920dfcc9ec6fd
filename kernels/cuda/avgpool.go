package cuda

import "baregrad/kernels"

// AvgPool averages the part of each window that lies within the image: see avgpool.ptx.
func (d *Device) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	s.Check("avgpool", y, nil, x)
	name, n, c := "avgpool_fwd_f32", y.Len(), s.C
	if poolBy4(s, y, x) {
		name, n, c = "avgpool_fwd_by4_f32", n/4, c/4
	}
	arguments := appendPoolSizes(d.with(address(y), address(x), count(n)), s)
	d.each(kernel{"avgpool.ptx", name}, n, appendInverses(arguments, c, s.OW, s.OH)...)
}

// AvgPoolGrad distributes dy evenly over each window.
func (d *Device) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.Check("avgpool gradient", dy, nil, dx)
	name, n, c := "avgpool_bwd_f32", dx.Len(), s.C
	if poolBy4(s, dx, dy) {
		name, n, c = "avgpool_bwd_by4_f32", n/4, c/4
	}
	arguments := appendPoolSizes(d.with(address(dx), address(dy), count(n)), s)
	arguments = appendInverses(arguments, c, s.W, s.H, s.StrideH, s.StrideW)
	d.each(kernel{"avgpool.ptx", name}, n, append(arguments, mode(m))...)
}
