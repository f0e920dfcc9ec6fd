package main

import (
	"fmt"
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// A time counts only if the result is right. The operations' tests have small sizes, the timed cases
// large ones. So some elements of each result are computed again, on the host in float64.

// checked is how many elements of a result are computed again, at most: the first, the last, and some
// between.
const checked = 61

// wrong says what is wrong with the result of a case, which c.call has left in the first of its
// operands; it is empty if nothing is.
func (c Case) wrong(d *cuda.Device, operands []kernels.Buffer) string {
	var values [][]float32
	for _, b := range operands[:len(c.operands())] {
		v := make([]float32, b.Len())
		kernels.Download(d, v, b)
		values = append(values, v)
	}
	result, something := values[0], false
	n := min(checked, len(result))
	for i := range n {
		at := i * (len(result) - 1) / max(1, n-1)
		want, terms := c.element(at, values)
		something = something || want != 0
		// Factors are from -1 to 1, and a float32 sum of n such products is off by some n/10·2⁻²⁴, by
		// Winograd's algorithm a few times as much. Factors rounded to tf32 are off by up to 2⁻¹².
		allowed := float64(terms) * 0x1p-20
		if c.TF32 {
			allowed += math.Sqrt(float64(terms)) * 0x1p-9
		}
		if got := float64(result[at]); !(math.Abs(got-want) <= allowed) {
			return fmt.Sprintf("wrong result: element %d is %v, want %v within %.2g", at, got, want, allowed)
		}
	}
	if !something { // a GPU that computes nothing gets that right
		return "wrong result: all is 0, also what is computed from"
	}
	return ""
}

// element computes an element of a case's result from its operands, and returns the number of terms
// that were added up.
func (c Case) element(at int, values [][]float32) (sum float64, terms int) {
	d := c.Dims
	add := func(i, j int) { // of the second and the third operand
		sum += float64(values[1][i]) * float64(values[2][j])
		terms++
	}
	switch c.Kind {
	case "matmul":
		n, k := d[1], d[2]
		for i := range k {
			add(at/n*k+i, i*n+at%n)
		}
	case "conv", "conv_dx", "conv_dw":
		c.convElement(at, add)
	case "maxpool", "avgpool":
		h, w, channels := d[1], d[2], d[3]
		channel, column := at%channels, at/channels%(w/2)
		row := at / channels / (w / 2) // over all images: their rows are even in number
		if h%2 != 0 {
			panic("a pooling whose rows are odd in number")
		}
		most := math.Inf(-1)
		for i := range 4 {
			v := float64(values[1][((2*row+i/2)*w+2*column+i%2)*channels+channel])
			most, sum = max(most, v), sum+v/4
		}
		if c.Kind == "maxpool" {
			return most, 1
		}
		return sum, 4
	case "softmax":
		row := values[1][at/d[1]*d[1]:][:d[1]]
		for _, v := range row {
			sum += math.Exp(float64(v))
		}
		return math.Exp(float64(row[at%d[1]])) / sum, 1
	case "sum":
		for _, v := range values[1] {
			sum += float64(v)
		}
		return sum, len(values[1])
	case "copy":
		return float64(values[1][at]), 1
	case "relu":
		return max(0, float64(values[1][at])), 1
	case "exp":
		return math.Exp(float64(values[1][at])), 1
	case "add":
		return float64(values[1][at]) + float64(values[2][at]), 1
	default:
		kernels.Panicf("gpulab", "nothing is called %q", c.Kind)
	}
	return sum, terms
}

// convElement calls add for each product of an element of a convolution or a gradient of it, with
// the indices into its second and third operands.
func (c Case) convElement(at int, add func(i, j int)) {
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
