package cuda

import "baregrad/kernels"

// The direct form of the convolutions: see conv_direct.ptx.

func (d *Device) convDirect(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	d.each(kernel{"conv_direct.ptx", "conv_direct_fwd_f32"}, y.Len(),
		append(appendConvSizes(d.with(address(y), address(x), address(w), address(bias), count(y.Len())), s), truth(s.ReLU))...)
}

func (d *Device) convDirectGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	d.each(kernel{"conv_direct.ptx", "conv_direct_bwd_input_f32"}, dx.Len(),
		append(appendConvSizes(d.with(address(dx), address(dy), address(w), count(dx.Len())), s), mode(m))...)
}

// convDirectGradFilter deals the outputs out to chunks, and adds up what comes of them.
func (d *Device) convDirectGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	n := dw.Len()
	if n == 0 {
		return
	}
	chunks := chunksOf(n, s.Rows())
	to := address(dw)
	if chunks > 1 {
		to = uint64(d.scratch.floats(d, n*chunks))
	}
	accumulate := chunks == 1 && m == kernels.Accumulate
	arguments := appendConvSizes(d.with(to, address(dy), address(x), count(n*chunks)), s)
	arguments = append(arguments, count(s.Rows()), count(chunks), truth(accumulate))
	d.each(kernel{"conv_direct.ptx", "conv_direct_bwd_filter_f32"}, n*chunks, arguments...)
	if chunks > 1 {
		d.sumPass(address(dw), to, kernels.ReduceSpec{Outer: 1, N: chunks, Inner: n}, chunks, 1, 1, m)
	}
}
