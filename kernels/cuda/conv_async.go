package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Convolutions as matrix products fed by asynchronous copies: see conv_async.ptx.

// A convTiling is a kernel of conv_async.ptx with the block's tile of bm×bn and its threads. A low
// tile takes a few percent more instructions per sum than the high one of the same width.
type convTiling struct {
	kernel                kernel
	bm, bn, threads, more int
}

// convAsyncKernels holds the tiles of one pass: for at most 16 columns, for at most 32, and for
// more columns those that give more blocks and those that load less; and low ones of the same
// widths, which may be distributed more evenly.
type convAsyncKernels struct {
	thin, narrow, small, large convTiling
	low                        []convTiling
}

// A convFilterTiling also has the length of its steps along k.
type convFilterTiling struct {
	convTiling
	step int
}

var (
	convAsyncFwd = convAsyncKernels{
		thin:   convTiling{kernel{"conv_async.ptx", "conv_async_fwd_128x16_f32"}, 128, 16, 64, 0},
		narrow: convTiling{kernel{"conv_async.ptx", "conv_async_fwd_128x32_f32"}, 128, 32, 64, 0},
		small:  convTiling{kernel{"conv_async.ptx", "conv_async_fwd_64x64_f32"}, 64, 64, 64, 0},
		large:  convTiling{kernel{"conv_async.ptx", "conv_async_fwd_128x64_f32"}, 128, 64, 128, 0},
		low: []convTiling{
			{kernel{"conv_async.ptx", "conv_async_fwd_96x16_f32"}, 96, 16, 64, 3},
			{kernel{"conv_async.ptx", "conv_async_fwd_56x64_f32"}, 56, 64, 64, 1},
		},
	}
	convAsyncBwdInput = convAsyncKernels{
		thin:   convTiling{kernel{"conv_async.ptx", "conv_async_bwd_input_128x16_f32"}, 128, 16, 64, 0},
		narrow: convTiling{kernel{"conv_async.ptx", "conv_async_bwd_input_128x32_f32"}, 128, 32, 64, 0},
		small:  convTiling{kernel{"conv_async.ptx", "conv_async_bwd_input_64x64_f32"}, 64, 64, 64, 0},
		large:  convTiling{kernel{"conv_async.ptx", "conv_async_bwd_input_128x64_f32"}, 128, 64, 128, 0},
		low: []convTiling{
			{kernel{"conv_async.ptx", "conv_async_bwd_input_96x16_f32"}, 96, 16, 64, 3},
			{kernel{"conv_async.ptx", "conv_async_bwd_input_112x32_f32"}, 112, 32, 64, 1},
		},
	}
	// By filter: the narrowest one that holds all columns, otherwise the widest, several times.
	convAsyncBwdFilter = []convFilterTiling{
		{convTiling{kernel{"conv_async.ptx", "conv_async_bwd_filter_96x16_f32"}, 96, 16, 96, 0}, 24},
		{convTiling{kernel{"conv_async.ptx", "conv_async_bwd_filter_96x32_f32"}, 96, 32, 96, 0}, 12},
		{convTiling{kernel{"conv_async.ptx", "conv_async_bwd_filter_96x64_f32"}, 96, 64, 96, 0}, 12},
	}
)

// tiling picks the tiles for a product of m×n. All give the same bits. Small tiles are distributed
// more evenly; if there are so many large ones that this does not matter, these load less.
func (d *Device) tiling(k convAsyncKernels, m, n int) convTiling {
	t := k.large
	switch {
	case d.ConvForm == ConvAsyncLarge:
		return t
	case n <= k.thin.bn:
		t = k.thin
	case n <= k.narrow.bn:
		t = k.narrow
	case ceilDiv(m, k.large.bm)*ceilDiv(n, k.large.bn) < 8*busy:
		t = k.small
	}
	for _, low := range k.low {
		if low.bn == t.bn && (100+low.more)*low.busiest(m, n) < 100*t.busiest(m, n) {
			return low
		}
	}
	return t
}

// busiest returns how many sums a lane computes on the scheduler with the most warps, with the
// blocks distributed evenly over the multiprocessors of an H100: that scheduler finishes last.
func (t convTiling) busiest(m, n int) int {
	blocks := ceilDiv(ceilDiv(m, t.bm)*ceilDiv(n, t.bn), multiprocessors)
	return ceilDiv(blocks*t.threads/32, schedulers) * t.bm * t.bn / t.threads
}

// asyncFits reports whether conv_async.ptx can compute a convolution: it copies 16 bytes at a time,
// and has 32 bits for the filter's taps.
func (d *Device) asyncFits(s kernels.ConvSpec, addresses ...uint64) bool {
	if d.info.Compute[0] < 8 || s.C%4 != 0 || s.Out%4 != 0 || s.KH*s.KW > 32 {
		return false
	}
	all := uint64(0)
	for _, a := range addresses {
		all |= a
	}
	return all%16 == 0
}

// asyncSuits reports whether to use it for a product of m×n whose sums run over each tap's
// channels. These are padded to a multiple of 16: at most a quarter of the work may be wasted.
func (d *Device) asyncSuits(m, n, channels int, s kernels.ConvSpec, addresses ...uint64) bool {
	if m*n*channels*s.KH*s.KW == 0 || !d.asyncFits(s, addresses...) {
		return false
	}
	switch d.ConvForm {
	case ConvByShape, ConvWinograd, ConvWinogradNarrow:
		return m >= 64 && n >= 16 && 4*channels >= 3*16*ceilDiv(channels, 16)
	case ConvAsync, ConvAsyncLarge:
		return true
	}
	return false
}

func (d *Device) convAsync(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	t := d.tiling(convAsyncFwd, s.Rows(), s.Out)
	d.async(t, address(y), x, w, address(bias), s.Rows(), s.Out, s.Cols(), s.Cols(), s, false, s.ReLU)
}

// convAsyncGradInput is for strides of 1 only, like convImplicitGradInput.
func (d *Device) convAsyncGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode, below behindReLU) {
	d.asyncGradInput(d.tiling(convAsyncBwdInput, s.N*s.H*s.W, s.C), dx, dy, w, s, m, below)
}

func (d *Device) asyncGradInput(t convTiling, dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode, below behindReLU) {
	rows, k := s.N*s.H*s.W, s.KH*s.KW*s.Out
	grid := driver.Dim{X: ceilDiv(rows, t.bm), Y: ceilDiv(s.C, t.bn), Z: 1}
	arguments := d.asyncArguments(address(dx), dy, w, 0, rows, s.C, k, k, s, bool(m), false)
	d.launch(t.kernel, grid, lanes(t.threads), d.appendBelow(arguments, below, grid)...)
}

// asyncSuitsFilter reports whether to use it for the gradient by the filter.
func (d *Device) asyncSuitsFilter(s kernels.ConvSpec, addresses ...uint64) bool {
	if s.Cols()*s.Out*s.Rows() == 0 || !d.asyncFits(s, addresses...) {
		return false
	}
	switch d.ConvForm {
	case ConvByShape, ConvWinograd, ConvWinogradNarrow:
		return s.Cols() >= 48 && s.Out >= 16
	case ConvAsync, ConvAsyncLarge:
		return true
	}
	return false
}

// convAsyncGradFilter splits the sum over all outputs, and adds up the partial sums.
func (d *Device) convAsyncGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	t := convAsyncBwdFilter[0]
	for _, wider := range convAsyncBwdFilter[1:] {
		if t.bn < s.Out {
			t = wider
		}
	}
	rows, k := s.Cols(), s.Rows()
	tiles := ceilDiv(rows, t.bm) * ceilDiv(s.Out, t.bn)
	share := k
	// Four of these blocks per multiprocessor, three warps for each of its schedulers: with three
	// blocks, one scheduler would have three warps and the others two. Whole steps along k.
	if parts := min(4*multiprocessors/tiles, k/120); parts > 1 {
		share = ceilDiv(ceilDiv(k, parts), t.step) * t.step
	}
	splits := ceilDiv(k, share)
	if splits == 1 {
		d.async(t.convTiling, address(dw), x, dy, 0, rows, s.Out, k, k, s, bool(m), false)
		return
	}
	partial := uint64(d.scratch.floats(d, splits*rows*s.Out))
	d.async(t.convTiling, partial, x, dy, 0, rows, s.Out, k, share, s, false, false)
	d.addSplits(address(dw), partial, 0, rows*s.Out, s.Out, splits, m, false)
}

// async launches the product [m,k]·[k,n], in which each block takes share of k.
func (d *Device) async(t convTiling, result uint64, from, b kernels.Buffer, bias uint64, m, n, k, share int,
	s kernels.ConvSpec, accumulate, relu bool) {
	grid := driver.Dim{X: ceilDiv(m, t.bm), Y: ceilDiv(n, t.bn), Z: ceilDiv(k, share)}
	d.launch(t.kernel, grid, lanes(t.threads), d.asyncArguments(result, from, b, bias, m, n, k, share, s, accumulate, relu)...)
}

// asyncArguments lists the common arguments of the kernels of conv_async.ptx.
func (d *Device) asyncArguments(result uint64, from, b kernels.Buffer, bias uint64, m, n, k, share int,
	s kernels.ConvSpec, accumulate, relu bool) []uint64 {
	arguments := d.with(result, address(from), address(b), bias, count(m), count(n), count(k), count(s.Out))
	return append(appendConvSizes(arguments, s), truth(accumulate), truth(relu), count(share))
}
