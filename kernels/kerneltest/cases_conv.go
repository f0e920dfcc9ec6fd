package kerneltest

import (
	"fmt"
	"slices"

	"baregrad/kernels"
)

// geometries are small images with filters of all kinds.
func geometries() []kernels.ConvSpec {
	list := []kernels.ConvSpec{
		conv(2, 5, 4, 3, 3, 2, 5, 1, 1, 1, 1, false),
		conv(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, false),
		conv(2, 5, 5, 2, 3, 3, 3, 1, 1, 1, 1, true),  // same
		conv(1, 6, 7, 1, 3, 3, 4, 2, 2, 1, 1, true),  // strided, the odd padding at the end
		conv(1, 7, 5, 2, 2, 3, 1, 2, 1, 1, 1, false), // the last row is never reached
		conv(1, 7, 8, 2, 3, 2, 3, 1, 2, 2, 3, false), // dilated
		conv(1, 6, 6, 1, 3, 3, 2, 1, 1, 2, 2, true),  // dilated, same
		conv(3, 4, 4, 5, 1, 1, 7, 1, 1, 1, 1, false), // a matrix product in disguise
		conv(1, 5, 5, 1, 2, 2, 17, 3, 3, 1, 1, true), // strides past the filter
		conv(2, 4, 9, 1, 3, 3, 8, 1, 1, 1, 1, true),  // one channel: some kernels compute several outputs of a row at once
		conv(1, 9, 8, 1, 3, 5, 4, 2, 1, 2, 1, true),  // the same with five columns, strides and dilation of rows
		conv(1, 3, 8, 1, 3, 3, 4, 1, 1, 1, 1, false), // the same with a single row of outputs
		conv(0, 5, 5, 2, 3, 3, 2, 1, 1, 1, 1, false), // no images
		conv(2, 4, 4, 0, 3, 3, 2, 1, 1, 1, 1, false), // no channels
		conv(2, 4, 4, 2, 3, 3, 0, 1, 1, 1, 1, false), // no filters
	}
	// More padding at the start than at the end, and taps that never meet the image.
	lopsided := conv(1, 3, 3, 2, 3, 3, 2, 1, 1, 1, 1, false)
	lopsided.PadTop, lopsided.PadLeft, lopsided.OH, lopsided.OW = 2, 4, 4, 5
	return append(list, lopsided)
}

// conv makes a ConvSpec with valid or same padding, as Keras works it out.
func conv(n, h, w, c, kh, kw, out, strideH, strideW, dilationH, dilationW int, same bool) kernels.ConvSpec {
	s := kernels.ConvSpec{N: n, H: h, W: w, C: c, KH: kh, KW: kw, Out: out,
		StrideH: strideH, StrideW: strideW, DilationH: dilationH, DilationW: dilationW}
	s.OH, s.PadTop = outputSize(h, (kh-1)*dilationH+1, strideH, same)
	s.OW, s.PadLeft = outputSize(w, (kw-1)*dilationW+1, strideW, same)
	return s
}

// outputSize is the number of windows along one axis and the padding before the first.
func outputSize(size, window, stride int, same bool) (n, pad int) {
	if !same {
		return (size-window)/stride + 1, 0
	}
	n = (size-1)/stride + 1
	return n, max((n-1)*stride+window-size, 0) / 2
}

func describe(s kernels.ConvSpec) string {
	return fmt.Sprintf("%d×%d×%d×%d by %d×%d×%d strides %d,%d dilation %d,%d padding %d,%d to %d×%d",
		s.N, s.H, s.W, s.C, s.KH, s.KW, s.Out, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.PadTop, s.PadLeft, s.OH, s.OW)
}

// inputAt is the position in x of what tap (u,v) of the filter meets at output
// (i,j) of image n, in channel c; -1 in the padding.
func inputAt(s kernels.ConvSpec, n, i, j, u, v, c int) int {
	h := i*s.StrideH + u*s.DilationH - s.PadTop
	w := j*s.StrideW + v*s.DilationW - s.PadLeft
	if h < 0 || w < 0 || h >= s.H || w >= s.W {
		return -1
	}
	return ((n*s.H+h)*s.W+w)*s.C + c
}

// Conv2D: y[n,i,j,o] = bias[o] + Σ over u,v,c of x[n,h,w,c]·w[u,v,c,o], then ReLU.
func convCases() (cases []operation) {
	for _, s := range geometries() {
		for variant := range 4 {
			s.ReLU = variant&2 != 0
			cases = append(cases, convCase(s, variant&1 != 0, false))
		}
	}
	// The two convolutions of Keras's MNIST example, on few images.
	return append(cases,
		convCase(conv(1, 28, 28, 1, 3, 3, 32, 1, 1, 1, 1, false), true, true),
		convCase(conv(2, 13, 13, 32, 3, 3, 64, 1, 1, 1, 1, false), true, true))
}

func convCase(s kernels.ConvSpec, withBias, large bool) operation {
	op := operation{method: "Conv2D", large: large, optional: []int{2},
		detail: fmt.Sprintf("%s bias=%t relu=%t", describe(s), withBias, s.ReLU)}
	g := newGenerator(op.detail)
	op.in = []array{floats(g.signed(s.N * s.H * s.W * s.C)), floats(g.signed(s.Cols() * s.Out)), absent}
	if withBias {
		op.in[2] = floats(g.signed(s.Out))
	}
	op.out = []array{outputs(s.Rows() * s.Out)}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Conv2D(out[0], in[0], in[1], in[2], s) }
	op.oracle = func(x, _ [][]float64) [][]float64 {
		y := make([]float64, s.Rows()*s.Out)
		for at := range y {
			o, j, i, n := at%s.Out, at/s.Out%s.OW, at/s.Out/s.OW%s.OH, at/s.Out/s.OW/s.OH
			for tap := range s.Cols() {
				c, v, u := tap%s.C, tap/s.C%s.KW, tap/s.C/s.KW
				if from := inputAt(s, n, i, j, u, v, c); from >= 0 {
					y[at] += x[0][from] * x[1][tap*s.Out+o]
				}
			}
			if withBias {
				y[at] += x[2][o]
			}
			if s.ReLU && y[at] <= 0 {
				y[at] = 0
			}
		}
		return [][]float64{y}
	}
	op.tol = summing(s.Cols() + 1)
	// Whether a NaN is multiplied by the zeros outside the image is left to the
	// device: a matrix of patches does so, a loop over the image does not. In the
	// gradient by x they stand around dy, and between its elements.
	op.gradientKeepsFinite = []int{1}
	if s.PadTop > 0 || s.PadLeft > 0 || padded(s) {
		op.keepFinite, op.gradientKeepsFinite = []int{1}, []int{1, upstream}
	}
	if s.ReLU {
		return op // autograd takes ReLU's gradient first, then the convolution's
	}
	op.wrt = []int{0, 1}
	op.gradTol = summing(max(s.KH*s.KW*s.Out, s.Rows()))
	op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, in []kernels.Buffer, m []kernels.Mode) {
		if din[0] != nil {
			d.Conv2DGradInput(din[0], dy, in[1], s, m[0])
		}
		if din[1] != nil {
			d.Conv2DGradFilter(din[1], dy, in[0], s, m[1])
		}
	}
	return op
}

// padded tells whether the last windows reach past the image.
func padded(s kernels.ConvSpec) bool {
	return (s.OH-1)*s.StrideH+(s.KH-1)*s.DilationH-s.PadTop >= s.H ||
		(s.OW-1)*s.StrideW+(s.KW-1)*s.DilationW-s.PadLeft >= s.W
}

// Im2Col: row (n,i,j) of col is the patch under output (n,i,j). Its gradient is Col2Im.
func im2ColCases() (cases []operation) {
	list := geometries()
	// Windows of one pixel that begin and end outside the image: a border of zeros.
	for _, around := range [][4]int{{0, 0, 0, 0}, {2, 1, 1, 4}, {0, 3, 2, 0}} {
		s := conv(2, 3, 5, 3, 1, 1, 1, 1, 1, 1, 1, false)
		s.PadTop, s.PadLeft = around[0], around[2]
		s.OH, s.OW = around[0]+s.H+around[1], around[2]+s.W+around[3]
		list = append(list, s)
	}
	list = append(list, conv(2, 13, 13, 32, 3, 3, 1, 1, 1, 1, 1, true))
	for i, s := range list {
		op := operation{method: "Im2Col", gradientName: "Col2Im", detail: describe(s), large: i == len(list)-1}
		g := newGenerator(op.detail)
		op.in = []array{floats(g.signed(s.N * s.H * s.W * s.C))}
		op.out = []array{outputs(s.Rows() * s.Cols())}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Im2Col(out[0], in[0], s) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			col := make([]float64, s.Rows()*s.Cols())
			for at := range col {
				c, v, u := at%s.C, at/s.C%s.KW, at/s.C/s.KW%s.KH
				row := at / s.Cols()
				j, i, n := row%s.OW, row/s.OW%s.OH, row/s.OW/s.OH
				if from := inputAt(s, n, i, j, u, v, c); from >= 0 {
					col[at] = x[0][from]
				}
			}
			return [][]float64{col}
		}
		op.tol = exact // it copies
		op.wrt = []int{0}
		op.gradTol = summing(s.KH * s.KW)
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dcol kernels.Buffer, _, _ []kernels.Buffer, m []kernels.Mode) {
			d.Col2Im(din[0], dcol, s, m[0])
		}
		cases = append(cases, op)
	}
	return cases
}

// windows are poolings of all kinds. (The fields Out and Dilation mean nothing here.)
func windows() []kernels.PoolSpec {
	list := []kernels.ConvSpec{
		conv(2, 4, 6, 3, 2, 2, 1, 2, 2, 1, 1, false),
		conv(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, false),
		conv(1, 5, 5, 2, 2, 2, 1, 2, 2, 1, 1, false), // the last row and column are never reached
		conv(1, 5, 5, 2, 2, 2, 1, 2, 2, 1, 1, true),
		conv(2, 5, 4, 3, 3, 3, 1, 1, 1, 1, 1, true),  // overlapping, same
		conv(1, 7, 6, 5, 3, 2, 1, 2, 1, 1, 1, false), // overlapping
		conv(1, 5, 7, 17, 1, 2, 1, 3, 3, 1, 1, false),
		conv(1, 4, 4, 33, 4, 4, 1, 1, 1, 1, 1, false), // the whole image
		conv(0, 4, 4, 3, 2, 2, 1, 2, 2, 1, 1, false),
		conv(2, 4, 4, 0, 2, 2, 1, 2, 2, 1, 1, false),
		conv(2, 26, 26, 32, 2, 2, 1, 2, 2, 1, 1, false), // Keras's MNIST example
	}
	return mapped(list, poolOf)
}

func poolOf(s kernels.ConvSpec) kernels.PoolSpec {
	return kernels.PoolSpec{N: s.N, H: s.H, W: s.W, C: s.C, KH: s.KH, KW: s.KW, StrideH: s.StrideH, StrideW: s.StrideW,
		PadTop: s.PadTop, PadLeft: s.PadLeft, OH: s.OH, OW: s.OW}
}

// windowOf lists the positions in x of the window of output element at, in order.
func windowOf(s kernels.PoolSpec, at int) (positions []int) {
	c, j, i, n := at%s.C, at/s.C%s.OW, at/s.C/s.OW%s.OH, at/s.C/s.OW/s.OH
	for u := range s.KH {
		for v := range s.KW {
			h, w := i*s.StrideH+u-s.PadTop, j*s.StrideW+v-s.PadLeft
			if h >= 0 && w >= 0 && h < s.H && w < s.W {
				positions = append(positions, ((n*s.H+h)*s.W+w)*s.C+c)
			}
		}
	}
	return positions
}

func poolDetail(s kernels.PoolSpec) string {
	return fmt.Sprintf("%d×%d×%d×%d by %d×%d strides %d,%d padding %d,%d to %d×%d",
		s.N, s.H, s.W, s.C, s.KH, s.KW, s.StrideH, s.StrideW, s.PadTop, s.PadLeft, s.OH, s.OW)
}

// MaxPool: y is the window's maximum, arg its position in x, the first of equals.
func maxPoolCases() (cases []operation) {
	for _, s := range windows() {
		op := operation{method: "MaxPool", detail: poolDetail(s), large: s.N*s.H*s.W*s.C > 1000}
		n := s.N * s.OH * s.OW * s.C
		op.in = []array{floats(newGenerator(op.detail).coarse(s.N * s.H * s.W * s.C))}
		op.out = []array{outputs(n), intOutputs(n)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.MaxPool(out[0], out[1], in[0], s) }
		op.oracle = func(x, at [][]float64) [][]float64 {
			y, arg := make([]float64, n), make([]float64, n)
			for i := range y {
				window := windowOf(s, i)
				best := window[firstMaximum(at[0], window)]
				y[i], arg[i] = x[0][best], float64(best)
			}
			return [][]float64{y, arg}
		}
		op.tol = exact // it chooses
		op.wrt = []int{0}
		op.gradTol = summing(s.KH * s.KW)
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, _ []kernels.Buffer, m []kernels.Mode) {
			d.MaxPoolGrad(din[0], dy, out[1], s, m[0])
		}
		cases = append(cases, op)
	}
	return cases
}

// firstMaximum is the index into positions of the first maximum of x there, or
// of the first NaN.
func firstMaximum(x []float64, positions []int) int {
	values := mapped(positions, func(at int) float64 { return x[at] })
	if nan := slices.IndexFunc(values, func(v float64) bool { return v != v }); nan >= 0 {
		return nan
	}
	return slices.Index(values, slices.Max(values))
}

// AvgPool: y is the mean of the window's part in the image.
func avgPoolCases() (cases []operation) {
	for _, s := range windows() {
		op := operation{method: "AvgPool", detail: poolDetail(s), large: s.N*s.H*s.W*s.C > 1000}
		n := s.N * s.OH * s.OW * s.C
		op.in = []array{floats(newGenerator(op.detail).signed(s.N * s.H * s.W * s.C))}
		op.out = []array{outputs(n)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.AvgPool(out[0], in[0], s) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			y := make([]float64, n)
			for i := range y {
				window := windowOf(s, i)
				for _, at := range window {
					y[i] += x[0][at] / float64(len(window))
				}
			}
			return [][]float64{y}
		}
		op.tol = summing(s.KH * s.KW)
		op.wrt = []int{0}
		op.gradTol = summing(s.KH * s.KW)
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, _ []kernels.Buffer, m []kernels.Mode) {
			d.AvgPoolGrad(din[0], dy, s, m[0])
		}
		cases = append(cases, op)
	}
	return cases
}
