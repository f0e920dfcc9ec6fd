package cuda

import (
	"slices"

	"baregrad/kernels"
)

// The direct form of the convolutions: see conv_direct.ptx.

func (d *Device) convDirect(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	d.each(kernel{"conv_direct.ptx", "conv_direct_fwd_f32"}, y.Len(),
		slices.Concat([]uint64{address(y), address(x), address(w), address(bias), count(y.Len())},
			convSizes(s), []uint64{truth(s.ReLU)})...)
}

func (d *Device) convDirectGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	d.each(kernel{"conv_direct.ptx", "conv_direct_bwd_input_f32"}, dx.Len(),
		slices.Concat([]uint64{address(dx), address(dy), address(w), count(dx.Len())},
			convSizes(s), []uint64{mode(m)})...)
}

// convDirectGradFilter deals the outputs out to chunks, and adds up what comes of them.
func (d *Device) convDirectGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	n := dw.Len()
	if n == 0 {
		return
	}
	chunks := chunksOf(n, s.Rows())
	arguments := func(to uint64, m kernels.Mode) []uint64 {
		return slices.Concat([]uint64{to, address(dy), address(x), count(n * chunks)},
			convSizes(s), []uint64{count(s.Rows()), count(chunks), mode(m)})
	}
	k := kernel{"conv_direct.ptx", "conv_direct_bwd_filter_f32"}
	if chunks == 1 {
		d.each(k, n, arguments(address(dw), m)...)
		return
	}
	partial := uint64(d.scratch.floats(d, n*chunks))
	d.each(k, n*chunks, arguments(partial, kernels.Overwrite)...)
	d.sumPass(address(dw), partial, kernels.ReduceSpec{Outer: 1, N: chunks, Inner: n}, chunks, 1, 1, m)
}
