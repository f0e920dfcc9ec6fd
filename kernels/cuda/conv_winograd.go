package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Winograd's algorithm for convolutions: see conv_winograd.ptx.

// preferWinograd makes it the first choice for the shapes that it suits. It stays off
// until a GPU has been seen to be faster with it: the lab times both.
const preferWinograd = false

const (
	winogradTiles   = 32                  // of 2×2 outputs, in a block
	winogradOutputs = 64                  // channels, in a block
	winogradShared  = 2*16*2112 + 16*1216 // bytes of shared memory: U twice, and V
)

// winogradFits tells whether the kernels can take a convolution.
func (d *Device) winogradFits(s kernels.ConvSpec, addresses ...uint64) bool {
	all := uint64(0)
	for _, a := range addresses {
		all |= a
	}
	switch {
	case d.info.Compute[0] < 8, d.info.SharedPerBlock < winogradShared, all%16 != 0:
		return false
	case s.KH != 3, s.KW != 3, s.StrideH != 1, s.StrideW != 1, s.DilationH != 1, s.DilationW != 1:
		return false
	}
	return s.C%8 == 0 && s.Out%winogradOutputs == 0 && s.Rows()*s.C*s.Out > 0
}

// winogradSuits decides for y = x∗w + bias.
func (d *Device) winogradSuits(s kernels.ConvSpec, addresses ...uint64) bool {
	switch d.ConvForm {
	case ConvWinograd:
		return d.winogradFits(s, addresses...)
	case ConvByShape:
		tiles := s.N * ceilDiv(s.OH, 2) * ceilDiv(s.OW, 2)
		return preferWinograd && tiles >= busy*winogradTiles && s.C >= 16 && d.winogradFits(s, addresses...)
	}
	return false
}

// winogradPools tells whether the pooling's windows are the algorithm's tiles.
func winogradPools(s kernels.ConvPoolSpec) bool {
	p := s.Pool
	return p.KH == 2 && p.KW == 2 && p.StrideH == 2 && p.StrideW == 2 && p.PadTop == 0 && p.PadLeft == 0 &&
		2*p.OH == p.H && 2*p.OW == p.W
}

// convWinograd transforms the filters, in one launch, and does all else in another. Where
// arg is not nil, y and arg are those of the pooled outputs.
func (d *Device) convWinograd(y, arg, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	u := uint64(d.scratch.floats(d, 16*s.C*s.Out))
	d.each(kernel{"conv_winograd.ptx", "conv_winograd_filter_f32"}, s.C*s.Out, u, address(w), count(s.C*s.Out), count(s.Out))
	rows, columns := ceilDiv(s.OH, 2), ceilDiv(s.OW, 2)
	tiles := s.N * rows * columns
	name, arguments := "conv_winograd_fwd_f32", d.with(address(y))
	if arg != nil {
		name, arguments = "conv_winograd_maxpool_fwd_f32", append(arguments, address(arg))
	}
	arguments = append(arguments, address(x), address(w), u, address(bias), count(tiles), count(rows), count(columns),
		count(s.H), count(s.W), count(s.C), count(s.Out), count(s.PadTop), count(s.PadLeft), count(s.OH), count(s.OW), truth(s.ReLU))
	grid := driver.Dim{X: ceilDiv(tiles, winogradTiles), Y: s.Out / winogradOutputs, Z: 1}
	d.launchShared(kernel{"conv_winograd.ptx", name}, grid, lanes(256), winogradShared, arguments...)
}
