package cuda

import "baregrad/kernels"

// Im2Col lays out each patch of x as a row: see im2col.ptx.
func (d *Device) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	s.CheckCol("im2col", col, x)
	arguments := appendConvSizes(d.with(address(col), address(x), count(col.Len())), s)
	d.each(kernel{"im2col.ptx", "im2col_f32"}, col.Len(), appendInverses(arguments, s.C, s.KW, s.KH, s.OW, s.OH)...)
}

// Col2Im adds each row of dcol back to the patch from which Im2Col took it.
func (d *Device) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.CheckCol("col2im", dcol, dx)
	arguments := appendConvSizes(d.with(address(dx), address(dcol), count(dx.Len())), s)
	arguments = appendInverses(arguments, s.C, s.W, s.H, s.StrideH, s.StrideW)
	d.each(kernel{"im2col.ptx", "col2im_f32"}, dx.Len(), append(arguments, mode(m))...)
}

// appendConvSizes appends the sizes of a convolution in the order of the kernels' parameters: see
// index.tmpl.
func appendConvSizes(arguments []uint64, s kernels.ConvSpec) []uint64 {
	return append(arguments,
		count(s.H), count(s.W), count(s.C), count(s.KH), count(s.KW), count(s.Out),
		count(s.StrideH), count(s.StrideW), count(s.DilationH), count(s.DilationW),
		count(s.PadTop), count(s.PadLeft), count(s.OH), count(s.OW),
	)
}
