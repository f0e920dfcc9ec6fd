package cuda

import "baregrad/kernels"

// Convolution of images with one channel: see conv_one.ptx.

// oneChannelSuits reports whether these kernels can be used, if the buffers suit them too (see by4).
func oneChannelSuits(s kernels.ConvSpec) bool {
	return s.C == 1 && s.StrideW == 1 && s.DilationW == 1 && (s.KW == 3 || s.KW == 5)
}

func (d *Device) convOneChannel(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	name := "conv_one_fwd_3_f32"
	if s.KW == 5 {
		name = "conv_one_fwd_5_f32"
	}
	groups := ceilDiv(s.OW, 4)
	n := s.N * s.OH * groups * s.Out / 4
	arguments := appendConvSizes(d.with(address(y), address(x), address(w), address(bias), count(n)), s)
	arguments = appendInverses(arguments, s.Out/4, groups, s.OH)
	d.each(kernel{"conv_one.ptx", name}, n, append(arguments, truth(s.ReLU))...)
}

// convOneChannelGradFilter splits the rows of dy into chunks, and adds up the partial sums.
func (d *Device) convOneChannelGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	name := "conv_one_bwd_filter_3_f32"
	if s.KW == 5 {
		name = "conv_one_bwd_filter_5_f32"
	}
	n, rows := s.KH*s.Out/4, s.N*s.OH
	each := max(1, ceilDiv(rows, max(1, 65536/n))) // rows of a chunk, so that 65,536 threads are enough
	chunks := max(1, ceilDiv(rows, each))          // no more than have rows
	to := address(dw)
	if chunks > 1 {
		to = uint64(d.between.floats(d, dw.Len()*chunks))
	}
	accumulate := chunks == 1 && m == kernels.Accumulate
	arguments := appendConvSizes(d.with(to, address(dy), address(x), count(n*chunks)), s)
	arguments = append(appendInverses(arguments, s.Out/4, s.KH, s.OH), count(rows), count(chunks), truth(accumulate))
	d.each(kernel{"conv_one.ptx", name}, n*chunks, arguments...)
	if chunks > 1 {
		d.sumChunks(address(dw), to, chunks, dw.Len(), m)
	}
}
