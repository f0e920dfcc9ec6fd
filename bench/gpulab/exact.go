package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// Of small integers, products and sums are exact in float32 and in tf32, in any order, as long as no
// partial sum reaches 2²⁴. So what a timed graph computes from integers must be right to the last bit,
// in every element: no lost block is small enough to pass for a rounding error. (Times are taken with
// random fractions: integers, most of whose bits are 0, would let the GPU save power.)

// wrongOfIntegers fills the operands of a case with integers, computes the result by run, and says what
// is wrong with it; it is empty if nothing is. Kinds that have no exact results are not checked. values
// is memory for them.
//
// What a check costs the host, which the steps' least times in run.sh allow for: with two cores of an
// AMD EPYC, 0.4 s for a product of 8192 by 8192 matrices, at most 0.2 s for a convolution, and 1 s for
// the 2²⁶ elements of any other case; all of that is shared among the cores. Drawing the integers takes
// 0.7 s at most, and moving the operands comes on top. A case that takes 20 s in all is given up (see
// watchCommand).
func (c Case) wrongOfIntegers(d *cuda.Device, operands []kernels.Buffer, values [][]float32, run func()) string {
	if c.Kind == "softmax" || c.Kind == "exp" {
		return ""
	}
	c.integers(values)
	for i, v := range values[1:] {
		kernels.Upload(d, operands[i+1], v)
	}
	c.unwritten(d, operands)
	run()
	kernels.Download(d, values[0], operands[0])
	switch c.Kind {
	case "matmul", "conv", "conv_dx", "conv_dw":
		return c.wrongProducts(values)
	case "maxpool":
		places := make([]int32, len(values[0]))
		kernels.Download(d, places, operands[2])
		if why := c.wrongPlaces(values, places); why != "" {
			return why
		}
	case "softmax_dx":
		return c.wrongRows(values)
	}
	return spread(len(values[0]), func(at int) string { return c.wrongElement(at, values) })
}

// unwritten fills a case's result with NaNs, and the places of maxima with -1.
func (c Case) unwritten(d *cuda.Device, operands []kernels.Buffer) {
	d.Fill(operands[0], float32(math.NaN()))
	if last := operands[len(operands)-1]; c.Kind == "maxpool" {
		nowhere := make([]int32, last.Len())
		for i := range nowhere {
			nowhere[i] = -1
		}
		kernels.Upload(d, last, nowhere)
	}
}

// period is after how many integers an operand's repeat: drawing each would take longer than the
// measurement. It is odd, so that neighbouring blocks differ.
const period = 1<<20 - 3

// space returns memory for a case's result and operands on the host.
func (c Case) space() (values [][]float32) {
	for _, n := range c.operands() {
		values = append(values, make([]float32, n))
	}
	return values
}

// integers fills a case's operands with random integers.
func (c Case) integers(values [][]float32) {
	from := rand.NewPCG(1, 2)
	draw := func() float32 { return float32(int(from.Uint64()>>42) - 1<<21) } // 21 bits and a sign
	switch c.Kind {
	case "matmul", "conv", "conv_dx", "conv_dw":
		// At most 64 a product: 86,528 of them, the most of any case, stay below 2²³. Winograd's
		// algorithm adds up quarters, of larger numbers but few.
		draw = func() float32 { return float32(int(from.Uint64()%17) - 8) }
	case "softmax_dx":
		// Products of at most 9, of which a row's sum stays below 2¹⁷, and that times 3.
		draw = func() float32 { return float32(int(from.Uint64()%7) - 3) }
	case "sum":
		// 1 and -1, 9 and 7 times in 16: a lost element always changes the sum, and so do lost
		// blocks, since theirs are not around 0. The sum of all is about an eighth of their number,
		// at most 2²³, and sums of some of them are no larger.
		draw = func() float32 { return [2]float32{1, -1}[(from.Uint64()%16+7)/16] }
	}
	for _, v := range values[1:] {
		repeating(v, draw)
	}
}

// repeating fills v with numbers that repeat after a period.
func repeating(v []float32, draw func() float32) {
	for i := range min(len(v), period) {
		v[i] = draw()
	}
	for at := period; at < len(v); at *= 2 {
		copy(v[at:], v[:at])
	}
}

// wrongElement says what is wrong with an element that must be exact.
func (c Case) wrongElement(at int, values [][]float32) string {
	want, known := c.single(at, values) // without the terms of a sum, because there are many elements
	if c.Kind == "avgpool" {
		v := c.window(at, values)
		want, known = (v[0]+v[1]+v[2]+v[3])/4, true
	}
	if known && want == values[0][at] {
		return ""
	}
	if want, _, _ := c.element(at, values); float64(values[0][at]) != want {
		return fmt.Sprintf("wrong result of integers: element %d is %v, want %v", at, values[0][at], want)
	}
	return ""
}

// wrongRows checks the gradients of softmax, y·(dy − Σ dy·y) by row.
func (c Case) wrongRows(values [][]float32) string {
	cols := c.Dims[1]
	return spread(len(values[0])/cols, func(row int) string {
		dx, dy, y := values[0][row*cols:][:cols], values[1][row*cols:][:cols], values[2][row*cols:][:cols]
		var sum float32
		for i := range y {
			sum += dy[i] * y[i]
		}
		for i, got := range dx {
			if want := y[i] * (dy[i] - sum); got != want {
				return fmt.Sprintf("wrong result of integers: element %d is %v, want %v", row*cols+i, got, want)
			}
		}
		return ""
	})
}

// wrongPlaces checks the indices of a pooling: each must be in its window and name the maximum.
func (c Case) wrongPlaces(values [][]float32, places []int32) string {
	w, channels := c.Dims[2], c.Dims[3]
	return spread(len(places), func(at int) string {
		channel, column, row := at%channels, at/channels%(w/2), at/channels/(w/2)
		place := int(places[at])
		if place < 0 || place >= len(values[1]) || place%channels != channel || place/channels%w/2 != column ||
			place/channels/w/2 != row || values[1][place] != values[0][at] {
			return fmt.Sprintf("wrong result of integers: the maximum %d, which is %v, is not at %d", at, values[0][at], place)
		}
		return ""
	})
}

// wrongProducts checks every element of a matrix product or a convolution with the work of a few:
// Freivalds' check. The sum of a result's row (all columns of a matrix, all channels of a pixel), each
// element times a random weight of its column, must be what follows if the columns of one operand are
// added up first, with these weights. All is computed modulo 2⁶⁴, so a wrong row passes with a
// probability of 2⁻⁶⁰ or so.
func (c Case) wrongProducts(values [][]float32) string {
	one, folded, inner := c, 2, 1 // the case of one column, the operand whose columns are added up, and its elements between two columns
	one.Dims = append([]int(nil), c.Dims...)
	column := &one.Dims[len(one.Dims)-1] // of a convolution
	switch c.Kind {
	case "matmul":
		column = &one.Dims[1]
	case "conv_dx":
		column, inner = &one.Dims[3], c.Dims[6]
	case "conv_dw":
		folded = 1
	}
	columns := *column
	*column = 1
	weights, from := make([]uint64, columns), rand.NewPCG(3, 4)
	for i := range weights {
		weights[i] = from.Uint64() | 1
	}
	integer := func(v float32) uint64 { return uint64(int64(v)) }
	sums := make([]uint64, len(values[folded])/columns)
	spread(len(sums), func(at int) string {
		for i, weight := range weights {
			sums[at] += weight * integer(values[folded][(at/inner*columns+i)*inner+at%inner])
		}
		return ""
	})
	return spread(len(values[0])/columns, func(row int) string {
		var got, want uint64
		whole := true
		for i, weight := range weights {
			v := values[0][row*columns+i]
			got += weight * integer(v)
			whole = whole && float32(int64(v)) == v
		}
		one.products(row, func(i, j int) {
			if folded == 1 {
				want += sums[i] * integer(values[2][j])
			} else {
				want += integer(values[1][i]) * sums[j]
			}
		})
		if got == want && whole {
			return ""
		}
		for i := range columns {
			if why := c.wrongElement(row*columns+i, values); why != "" {
				return why
			}
		}
		return fmt.Sprintf("wrong result of integers: row %d", row)
	})
}

// spread calls f for 0 to n-1, in several goroutines, and returns what it says of the first of them,
// if it says anything of one.
func spread(n int, f func(i int) string) string {
	workers := min(n, runtime.GOMAXPROCS(0))
	said := make([]string, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				if said[w] = f(i); said[w] != "" {
					return
				}
			}
		}()
	}
	wait.Wait()
	for _, why := range said {
		if why != "" {
			return why
		}
	}
	return ""
}
