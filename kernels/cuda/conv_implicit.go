package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Convolutions as implicit matrix products: see conv_implicit.ptx.

// convTile returns the width of a block's tile and its number of threads.
func convTile(columns int) (width, threads int) {
	if columns <= 32 {
		return 32, 128
	}
	return 64, 256
}

const convTileHeight = 128

// The kernels with tiles 32 and 64 wide.
var (
	implicitFwd = [2]kernel{
		{"conv_implicit.ptx", "conv_implicit_fwd_128x32_f32"}, {"conv_implicit.ptx", "conv_implicit_fwd_128x64_f32"}}
	implicitBwdInput = [2]kernel{
		{"conv_implicit.ptx", "conv_implicit_bwd_input_128x32_f32"}, {"conv_implicit.ptx", "conv_implicit_bwd_input_128x64_f32"}}
	implicitBwdFilter = [2]kernel{
		{"conv_implicit.ptx", "conv_implicit_bwd_filter_128x32_f32"}, {"conv_implicit.ptx", "conv_implicit_bwd_filter_128x64_f32"}}
)

func (d *Device) convImplicit(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	d.implicit(implicitFwd, address(y), x, w, address(bias), s.Rows(), s.Out, s.Cols(), s.Cols(), s, false, s.ReLU)
}

// convImplicitGradInput is for strides of 1 only: with larger strides, most of the products would
// be with zeros.
func (d *Device) convImplicitGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	k := s.KH * s.KW * s.Out
	d.implicit(implicitBwdInput, address(dx), dy, w, 0, s.N*s.H*s.W, s.C, k, k, s, bool(m), false)
}

// convImplicitGradFilter splits the sum over all outputs, and adds up the partial sums.
func (d *Device) convImplicitGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	rows, k := s.Cols(), s.Rows()
	width, _ := convTile(s.Out)
	tiles := ceilDiv(rows, convTileHeight) * ceilDiv(s.Out, width)
	share := k
	if parts := min(busy/max(tiles, 1), k/128); parts > 1 {
		share = ceilDiv(ceilDiv(k, parts), 16) * 16
	}
	splits := ceilDiv(k, max(share, 1))
	if splits <= 1 {
		d.implicit(implicitBwdFilter, address(dw), x, dy, 0, rows, s.Out, k, k, s, bool(m), false)
		return
	}
	partial := uint64(d.scratch.floats(d, splits*rows*s.Out))
	d.implicit(implicitBwdFilter, partial, x, dy, 0, rows, s.Out, k, share, s, false, false)
	d.addSplits(address(dw), partial, 0, rows*s.Out, s.Out, splits, m, false)
}

// implicit launches the product [m,k]·[k,n], in which each block takes share of k.
func (d *Device) implicit(forms [2]kernel, result uint64, from, b kernels.Buffer, bias uint64, m, n, k, share int,
	s kernels.ConvSpec, accumulate, relu bool) {
	if m*n == 0 {
		return
	}
	width, threads := convTile(n)
	form := forms[0]
	if width == 64 {
		form = forms[1]
	}
	share = max(share, 1)
	grid := driver.Dim{X: ceilDiv(m, convTileHeight), Y: ceilDiv(n, width), Z: max(1, ceilDiv(k, share))}
	arguments := d.with(result, address(from), address(b), bias, count(m), count(n), count(k), 1, count(s.Out))
	arguments = append(appendConvSizes(arguments, s), truth(accumulate), truth(relu), count(share))
	d.launch(form, grid, lanes(threads), arguments...)
}
