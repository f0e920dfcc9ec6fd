package cuda

import (
	"math"

	"baregrad/kernels"
)

// Sums over the middle axis of x[Outer,N,Inner], and means: see sum.ptx.

func (d *Device) Sum(y, x kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	s.Check("sum", y, kernels.Float32, x)
	if s.Outer == 1 && s.Inner > 1 { // as for a bias
		if l := &d.lossGrad; l.takes(address(y), address(x), s.N, s.Inner) {
			l.rows = 0
			d.biasGrad(biasLossBwd, s.N, s.Inner, m, address(y), l.probs, l.dlogits, l.dloss, l.labels, l.dense)
			return
		}
		d.biasGrad(biasBwd, s.N, s.Inner, m, address(y), address(x))
		return
	}
	d.sum(address(y), address(x), s, 1, m)
}

func (d *Device) Mean(y, x kernels.Buffer, s kernels.ReduceSpec) {
	s.Check("mean", y, kernels.Float32, x)
	d.sum(address(y), address(x), s, float32(s.N), kernels.Overwrite)
}

// SumGrad gives every term the gradient of the sum.
func (d *Device) SumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	s.Check("sum gradient", dy, kernels.Float32, dx)
	d.sumGrad(dx, dy, s, 1, m)
}

// MeanGrad gives every element the gradient of the mean divided by N.
func (d *Device) MeanGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	s.Check("mean gradient", dy, kernels.Float32, dx)
	d.sumGrad(dx, dy, s, float32(s.N), m)
}

func (d *Device) sumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, divisor float32, m kernels.Mode) {
	n := dx.Len()
	d.each(kernel{"sum.ptx", "sum_bwd_f32"}, n,
		address(dx), address(dy), count(n), count(s.N), count(s.Inner), inverse(s.Inner), inverse(s.N), float(divisor), float(exactInverse(divisor)), mode(m))
}

// exactInverse returns 1/v if v is a power of two, so that a product with it is the same as a quotient
// by v, and otherwise 0.
func exactInverse(v float32) float32 {
	if fraction, _ := math.Frexp(float64(v)); fraction != 0.5 {
		return 0
	}
	return 1 / v
}

// sum computes in one pass or, for few long sums, in two: the axis is cut into segments, whose sums
// go to scratch memory.
func (d *Device) sum(y, x uint64, s kernels.ReduceSpec, divisor float32, m kernels.Mode) {
	if s.Outer*s.Inner == 0 {
		return
	}
	segment := segmentOf(s)
	segments := max(1, ceilDiv(s.N, segment))
	if segments == 1 && s.Outer*s.Inner == 1 {
		c := call{kernel: kernel{"sum.ptx", "sum_pair_f32"}, blocks: 1, writes: floats(y, 1), reads: [4]span{floats(x, s.N), floats(y, 1)}}
		d.putOffCall(c, y, x, count(s.N), float(divisor), mode(m))
		return
	}
	if segments == 1 {
		d.sumPass(y, x, s, segment, 1, divisor, m)
		return
	}
	partial := uint64(d.scratch.floats(d, s.Outer*segments*s.Inner))
	d.sumPass(partial, x, s, segment, segments, 1, kernels.Overwrite)
	d.sumPass(y, partial, kernels.ReduceSpec{Outer: s.Outer, N: segments, Inner: s.Inner}, segments, 1, divisor, m)
}

// longRow is the number of columns from which a row is the work of a block, not a warp: then every
// thread has at least four elements.
const longRow = 1024

// segmentOf returns how many elements one block (Inner = 1) or one thread sums in the first pass:
// all, if they are few or there are enough sums to keep a GPU busy; otherwise about the square
// root, so that both passes are short.
func segmentOf(s kernels.ReduceSpec) int {
	least, enough := 128, 65536 // for a thread
	if s.Inner == 1 {
		least, enough = 16384, 1024 // for a block
	}
	if s.N <= least || s.Outer*s.Inner >= enough {
		return max(s.N, 1)
	}
	segment := least
	for segment*segment < s.N {
		segment *= 2
	}
	return segment
}

func (d *Device) sumPass(y, x uint64, s kernels.ReduceSpec, segment, segments int, divisor float32, m kernels.Mode) {
	sums := s.Outer * segments * s.Inner
	if s.Inner == 1 && min(segment, s.N) >= longRow {
		d.launch(kernel{"sum.ptx", "sum_long_rows_f32"}, line(sums), lanes(256), y, x, count(sums), count(s.N),
			count(segment), count(segments), float(divisor), mode(m))
		return
	}
	if s.Inner == 1 { // a short row is never cut: see segmentOf
		d.byRow(kernel{"sum.ptx", "sum_rows_f32"}, sums, y, x, count(sums), count(s.N), float(divisor), mode(m))
		return
	}
	d.each(kernel{"sum.ptx", "sum_cols_f32"}, sums, y, x, count(sums), count(s.N), count(s.Inner),
		count(segment), count(segments), inverse(s.Inner), inverse(segments), float(divisor), mode(m))
}
