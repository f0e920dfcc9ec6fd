package cuda

import "baregrad/kernels"

// The direct form of convolution: see conv_direct.ptx.

// by4 reports whether the kernels that compute four outputs at once can be used: the buffers whose
// last axis is the outputs must be aligned to 16 bytes.
func by4(s kernels.ConvSpec, addresses ...uint64) bool {
	for _, a := range addresses {
		if a%16 != 0 {
			return false
		}
	}
	return s.Out%4 == 0 && s.C > 0
}

func (d *Device) convDirect(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	if oneChannelSuits(s) && by4(s, address(y), address(w), address(bias)) {
		d.convOneChannel(y, x, w, bias, s)
		return
	}
	name, n, out := "conv_direct_fwd_f32", y.Len(), s.Out
	if by4(s, address(y), address(w), address(bias)) {
		name, n, out = "conv_direct_fwd_by4_f32", n/4, out/4
	}
	arguments := appendConvSizes(d.with(address(y), address(x), address(w), address(bias), count(n)), s)
	arguments = appendInverses(arguments, out, s.OW, s.OH)
	d.each(kernel{"conv_direct.ptx", name}, n, append(arguments, truth(s.ReLU))...)
}

func (d *Device) convDirectGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	arguments := appendConvSizes(d.with(address(dx), address(dy), address(w), count(dx.Len())), s)
	arguments = appendInverses(arguments, s.C, s.W, s.H, s.StrideH, s.StrideW)
	d.each(kernel{"conv_direct.ptx", "conv_direct_bwd_input_f32"}, dx.Len(), append(arguments, mode(m))...)
}

// convDirectGradFilter splits the output positions into chunks, and adds up the partial sums.
func (d *Device) convDirectGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	n := dw.Len()
	if n == 0 {
		return
	}
	if oneChannelSuits(s) && by4(s, address(dw), address(dy)) {
		d.convOneChannelGradFilter(dw, dy, x, s, m)
		return
	}
	chunks := chunksOf(n, s.Rows())
	name, terms, divisors := "conv_direct_bwd_filter_f32", s.Rows(), []int{s.Out, s.C, s.KW, s.KH, s.OW, s.OH}
	if by4(s, address(dw), address(dy)) {
		n, terms = n/4, s.N*s.OH // rows of outputs are split
		name, chunks = "conv_direct_bwd_filter_by4_f32", max(1, min(terms, 65536/n))
		divisors = []int{s.Out / 4, s.C, s.KW, s.KH, s.OH}
	}
	to := address(dw)
	if chunks > 1 {
		to = uint64(d.between.floats(d, dw.Len()*chunks))
	}
	accumulate := chunks == 1 && m == kernels.Accumulate
	arguments := appendConvSizes(d.with(to, address(dy), address(x), count(n*chunks)), s)
	arguments = append(appendInverses(arguments, divisors...), count(terms), count(chunks), truth(accumulate))
	d.each(kernel{"conv_direct.ptx", name}, n*chunks, arguments...)
	if chunks > 1 {
		d.sumChunks(address(dw), to, chunks, dw.Len(), m)
	}
}
