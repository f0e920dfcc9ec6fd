package main

import (
	"fmt"
	"math"
	"slices"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// A time counts only for a right result. The operations' tests have small sizes, the timed cases
// large ones. So each result is checked twice: what the timed launches left, by some elements and
// within the rounding errors of float32, which finds a kernel that is less precise than it should be;
// and every element of what the same graph computes from integers (see exact.go).

// checked is how many elements of a result are computed again, at most: the first, the last, and some
// between.
const checked = 61

// wrong says what is wrong with the result of a case, which is in the first of its operands; it is
// empty if nothing is. values is memory for them.
func (c Case) wrong(d *cuda.Device, operands []kernels.Buffer, values [][]float32) string {
	for i, v := range values {
		kernels.Download(d, v, operands[i])
	}
	if !slices.ContainsFunc(values[0], func(v float32) bool { return v != 0 }) {
		// A GPU that computes nothing gets that right.
		return "wrong result: all of it is 0"
	}
	switch c.Kind {
	case "softmax", "exp": // which are not exact for any data: every element
		return c.wrongExponentials(values)
	}
	result := values[0]
	n := min(checked, len(result))
	for i := range n {
		at := i * (len(result) - 1) / max(1, n-1)
		want, terms, size := c.element(at, values)
		if got, allowed := float64(result[at]), c.rounding(terms, size); !(math.Abs(got-want) <= allowed) {
			return fmt.Sprintf("wrong result: element %d is %v, want %v within %.2g", at, got, want, allowed)
		}
	}
	return ""
}

// rounding returns how far a sum of terms may be from the exact one, of random terms around 0; size is
// the root of the sum of their squares, about what the sum itself is.
//
// Each of n additions rounds a partial sum, which is smaller than size, by at most half a unit in the
// last place: 2⁻²⁴ of it. The errors have either sign, so together they are some 0.4·√n·size·2⁻²⁴.
// Allowed is 8·√n·size·2⁻²⁴, 20 standard deviations, because Winograd's algorithm has larger intermediate
// results. (The bound that holds for any data, n·size·2⁻²⁴, is wider by √n.) Rounding to tf32, with
// 10 bits after the point, changes each factor by 0.4·2⁻¹¹ of it, in the root mean square, and so the
// sum by 0.6·2⁻¹¹·size: seven standard deviations are allowed.
func (c Case) rounding(terms int, size float64) float64 {
	if terms == 1 {
		return 0
	}
	if c.Kind == "sum" {
		terms = min(terms, longestChain)
	}
	allowed := 8 * 0x1p-24 * math.Sqrt(float64(terms)) * size
	if c.TF32 {
		allowed += 4 * 0x1p-11 * size
	}
	return allowed
}

// longestChain is more than the additions, one after another, of any element of a long sum: threads
// sum their own elements, then blocks their threads, then a second pass the blocks.
const longestChain = 4096

// wrongExponentials is wrong for exp and softmax, whose values are positive.
func (c Case) wrongExponentials(values [][]float32) string {
	cols, allowed := 1, 4.0
	if c.Kind == "softmax" {
		// The sum's terms have errors of a few units, in either direction; a lane of a warp adds up
		// every 32nd column.
		cols = c.Dims[1]
		allowed = 16 + 4*math.Sqrt(float64(cols)/32)
	}
	allowed *= 0x1p-24
	return spread(len(values[0])/cols, func(row int) string {
		x, y, sum := values[1][row*cols:][:cols], values[0][row*cols:][:cols], 1.0
		if c.Kind == "softmax" {
			sum = 0
			for _, v := range x {
				sum += math.Exp(float64(v))
			}
		}
		for i, v := range x {
			if want := math.Exp(float64(v)) / sum; !(math.Abs(float64(y[i])-want) <= allowed*want) {
				return fmt.Sprintf("wrong result: element %d is %v, want %v within %.2g of it", row*cols+i, y[i], want, allowed)
			}
		}
		return ""
	})
}

// element computes an element of a case's result from its operands. It returns the number of terms
// that were added up, too, and the root of the sum of their squares.
func (c Case) element(at int, values [][]float32) (sum float64, terms int, size float64) {
	squares := 0.0
	add := func(term float64) {
		sum, squares, terms = sum+term, squares+term*term, terms+1
	}
	if one, ok := c.single(at, values); ok {
		return float64(one), 1, math.Abs(float64(one))
	}
	switch c.Kind {
	case "matmul", "conv", "conv_dx", "conv_dw":
		c.products(at, func(i, j int) { add(float64(values[1][i]) * float64(values[2][j])) })
	case "avgpool":
		for _, v := range c.window(at, values) {
			add(float64(v) / 4)
		}
	case "sum":
		for _, v := range values[1] {
			add(float64(v))
		}
	case "softmax_dx":
		dy, y, first := values[1], values[2], at/c.Dims[1]*c.Dims[1]
		add(float64(y[at]) * float64(dy[at]))
		for i := first; i < first+c.Dims[1]; i++ {
			add(-float64(y[at]) * float64(dy[i]) * float64(y[i]))
		}
	default:
		kernels.Panicf("gpulab", "nothing is called %q", c.Kind)
	}
	return sum, terms, math.Sqrt(squares)
}

// single computes an element that is rounded once or not at all, if the case is of that kind.
func (c Case) single(at int, values [][]float32) (v float32, ok bool) {
	switch c.Kind {
	case "copy":
		return values[1][at], true
	case "relu":
		return max(0, values[1][at]), true
	case "add":
		return values[1][at] + values[2][at], true
	case "maxpool":
		v := c.window(at, values)
		return max(v[0], v[1], v[2], v[3]), true
	case "relu_dx":
		if values[2][at] > 0 {
			return values[1][at], true
		}
		return 0, true
	case "maxpool_dx":
		if window, i := c.windowOf(at); i == chosen(window) {
			return values[1][window], true
		}
		return 0, true
	case "avgpool_dx":
		window, _ := c.windowOf(at)
		return values[1][window] / 4, true
	}
	return 0, false
}

// window returns the values of which an element of a pooling is computed.
func (c Case) window(at int, values [][]float32) (v [4]float32) {
	for i := range v {
		v[i] = values[1][c.corner(at, i)]
	}
	return v
}

// products calls add for each product of an element of a matrix product, a convolution or a gradient
// of it, with the indices into its second and third operands.
func (c Case) products(at int, add func(i, j int)) {
	if c.Kind == "matmul" {
		n, k := c.Dims[1], c.Dims[2]
		for i := range k {
			add(at/n*k+i, i*n+at%n)
		}
		return
	}
	s := convSpec(c.Dims)
	x := func(n, h, w, channel int) int { return ((n*s.H+h)*s.W+w)*s.C + channel }
	y := func(n, h, w, out int) int { return ((n*s.OH+h)*s.OW+w)*s.Out + out }
	filter := func(h, w, channel, out int) int { return ((h*s.KW+w)*s.C+channel)*s.Out + out }
	switch c.Kind {
	case "conv":
		out, w, h, n := at%s.Out, at/s.Out%s.OW, at/s.Out/s.OW%s.OH, at/s.Out/s.OW/s.OH
		for i := range s.KH * s.KW * s.C {
			channel, kw, kh := i%s.C, i/s.C%s.KW, i/s.C/s.KW
			add(x(n, h+kh, w+kw, channel), filter(kh, kw, channel, out))
		}
	case "conv_dx":
		channel, w, h, n := at%s.C, at/s.C%s.W, at/s.C/s.W%s.H, at/s.C/s.W/s.H
		for i := range s.KH * s.KW * s.Out {
			out, kw, kh := i%s.Out, i/s.Out%s.KW, i/s.Out/s.KW
			if oh, ow := h-kh, w-kw; oh >= 0 && oh < s.OH && ow >= 0 && ow < s.OW {
				add(y(n, oh, ow, out), filter(kh, kw, channel, out))
			}
		}
	case "conv_dw":
		out, channel, kw, kh := at%s.Out, at/s.Out%s.C, at/s.Out/s.C%s.KW, at/s.Out/s.C/s.KW
		for i := range s.N * s.OH * s.OW {
			w, h, n := i%s.OW, i/s.OW%s.OH, i/s.OW/s.OH
			add(y(n, h, w, out), x(n, h+kh, w+kw, channel))
		}
	}
}
