package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Winograd's algorithm for convolutions: see conv_winograd.ptx.

// preferWinograd makes it the first choice for the shapes that it suits. It stays off until it has
// been measured to be faster on a GPU: gpulab times both.
const preferWinograd = false

// winogradTiles is the number of tiles of 2×2 outputs per block.
const winogradTiles = 32

// A winogradTiling is a number of output channels per block, and the kernels for it.
type winogradTiling struct {
	outputs                   int
	forward, pooled, gradient kernel
}

var (
	winogradWide = winogradTiling{64, kernel{"conv_winograd.ptx", "conv_winograd_fwd_32x64_f32"},
		kernel{"conv_winograd.ptx", "conv_winograd_maxpool_fwd_32x64_f32"}, kernel{"conv_winograd.ptx", "conv_winograd_bwd_input_32x64_f32"}}
	winogradNarrow = winogradTiling{32, kernel{"conv_winograd.ptx", "conv_winograd_fwd_32x32_f32"},
		kernel{"conv_winograd.ptx", "conv_winograd_maxpool_fwd_32x32_f32"}, kernel{"conv_winograd.ptx", "conv_winograd_bwd_input_32x32_f32"}}
)

// shared returns the bytes of shared memory: U twice, V, and the table of tiles.
func (t winogradTiling) shared() int { return 2*16*33*t.outputs + 16*1216 + 16*winogradTiles }

// winogradTiling picks the tiling for a number of output channels. The wide tiles transform the
// pixels of a tile half as often; the narrow ones are for numbers of channels that are not a
// multiple of 64.
func (d *Device) winogradTiling(outputs int) winogradTiling {
	if d.ConvForm == ConvWinogradNarrow || outputs%winogradWide.outputs != 0 {
		return winogradNarrow
	}
	return winogradWide
}

// winogradFits reports whether the kernels can compute a convolution.
func (d *Device) winogradFits(s kernels.ConvSpec, addresses ...uint64) bool {
	all := uint64(0)
	for _, a := range addresses {
		all |= a
	}
	const static = 1024 // bytes of shared memory that the driver or last.tmpl may use in addition
	switch {
	case d.info.Compute[0] < 8, d.info.SharedPerBlock < d.winogradTiling(s.Out).shared()+static, all%16 != 0:
		return false
	case s.KH != 3, s.KW != 3, s.StrideH != 1, s.StrideW != 1, s.DilationH != 1, s.DilationW != 1:
		return false
	}
	return s.C%8 == 0 && s.Out%winogradNarrow.outputs == 0 && s.Rows()*s.C*s.Out > 0
}

// winogradSuits reports whether to use Winograd's algorithm for y = x∗w + bias.
func (d *Device) winogradSuits(s kernels.ConvSpec, addresses ...uint64) bool {
	switch d.ConvForm {
	case ConvWinograd, ConvWinogradNarrow:
		return d.winogradFits(s, addresses...)
	case ConvByShape:
		tiles := s.N * ceilDiv(s.OH, 2) * ceilDiv(s.OW, 2)
		return preferWinograd && tiles >= busy*winogradTiles && s.C >= 16 && d.winogradFits(s, addresses...)
	}
	return false
}

// turned returns the convolution that computes the gradient with respect to the input, for strides
// and dilations of 1: dx = dy ∗ w', with w'[u,v,o,c] = w[KH-1-u, KW-1-v, c, o]. Its padding may be
// negative.
func turned(s kernels.ConvSpec) kernels.ConvSpec {
	t := s
	t.H, t.W, t.C, t.OH, t.OW, t.Out = s.OH, s.OW, s.Out, s.H, s.W, s.C
	t.PadTop, t.PadLeft, t.ReLU = s.KH-1-s.PadTop, s.KW-1-s.PadLeft, false
	return t
}

// winogradPools reports whether the pooling windows are the algorithm's tiles.
func winogradPools(s kernels.ConvPoolSpec) bool {
	p := s.Pool
	return p.KH == 2 && p.KW == 2 && p.StrideH == 2 && p.StrideW == 2 && p.PadTop == 0 && p.PadLeft == 0 &&
		2*p.OH == p.H && 2*p.OW == p.W
}

// convWinograd transforms the filters in one launch and does the rest in another. If arg is not
// nil, y and arg are the pooled outputs and their positions.
func (d *Device) convWinograd(y, arg, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	t := d.winogradTiling(s.Out)
	u := d.winogradFilter(w, s, false)
	k, arguments := t.forward, d.with(address(y))
	if arg != nil {
		k, arguments = t.pooled, append(arguments, address(arg))
	}
	arguments = append(appendWinogradSizes(append(arguments, address(x), address(w), u), s), address(bias), truth(s.ReLU))
	d.launchShared(k, winogradGrid(t, s), lanes(4*t.outputs), t.shared(), arguments...)
}

// convWinogradGradInput is the same for the gradient with respect to the input and, if asked for,
// of the ReLU below; s is turned.
func (d *Device) convWinogradGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode, below behindReLU) {
	t := d.winogradTiling(s.Out)
	grid := winogradGrid(t, s)
	u := d.winogradFilter(w, s, true)
	arguments := appendWinogradSizes(d.with(address(dx), address(dy), address(w), u), s)
	arguments = d.appendBelow(append(arguments, mode(m)), below, grid)
	d.launchShared(t.gradient, grid, lanes(4*t.outputs), t.shared(), arguments...)
}

// winogradFilter transforms the filters of a convolution.
func (d *Device) winogradFilter(w kernels.Buffer, s kernels.ConvSpec, turned bool) uint64 {
	u := uint64(d.between.floats(d, 16*s.C*s.Out))
	d.each(kernel{"conv_winograd.ptx", "conv_winograd_filter_f32"}, s.C*s.Out, u, address(w), count(s.C*s.Out), count(s.Out), truth(turned))
	return u
}

func winogradGrid(t winogradTiling, s kernels.ConvSpec) driver.Dim {
	return driver.Dim{X: ceilDiv(s.N*ceilDiv(s.OH, 2)*ceilDiv(s.OW, 2), winogradTiles), Y: s.Out / t.outputs, Z: 1}
}

func appendWinogradSizes(arguments []uint64, s kernels.ConvSpec) []uint64 {
	rows, columns := ceilDiv(s.OH, 2), ceilDiv(s.OW, 2)
	return append(arguments, count(s.N*rows*columns), count(rows), count(columns),
		count(s.H), count(s.W), count(s.C), count(s.Out), count(s.PadTop), count(s.PadLeft), count(s.OH), count(s.OW))
}
